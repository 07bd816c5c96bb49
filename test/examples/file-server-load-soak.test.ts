/** The short form of `npm run soak`: as many operations, however long they take. */
import { afterAll, expect, test } from "vitest";

import { cleanUp, finish } from "./programs.ts";

afterAll(cleanUp);

test("after random operations all files are whole, and descriptors and heap are flat", async () => {
  const flags = ["--operations", "300", "--tls", "0", "--seed", "1"];
  const soak = ["--import", "tsx", "--conditions=iomux-source", "bench/soak.ts", ...flags];
  const { code, out } = await finish(process.execPath, soak);
  expect(out.toString()).toMatch(/^seed 1: 10 clients\n/);
  expect([code, out.toString().trimEnd().split("\n").at(-1)]).toEqual([
    ...[0, "all files whole, nothing left"],
  ]);
});
