/** The short form of `npm run soak`: as many operations, however long they take. */
import { afterAll, expect, test } from "vitest";

import { sourceCommand } from "../support/program-command.ts";
import { cleanUp, finish } from "./programs.ts";

afterAll(cleanUp);

test("after random operations and kills all files are whole, descriptors and heap flat", async () => {
  const flags = ["--operations", "1000", "--seed", "1"];
  // From its source: once it runs, it builds its server and its clients from theirs by itself.
  const soak = [...sourceCommand("bench/soak.ts"), ...flags];
  const { code, out } = await finish(process.execPath, soak);
  const told = out.toString();
  expect(told).toMatch(/^seed 1: 10 clients\n/);
  expect([code, told.trimEnd().split("\n").at(-1)]).toEqual([0, "all files whole, nothing left"]);
  // Clients of both kinds.
  expect(told).toMatch(
    /\n\d+ operations in 50 tasks, [1-9]\d* killed with TLS and [1-9]\d* without/,
  );
}, 180_000);
