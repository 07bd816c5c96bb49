/** The records of docs/records.md are those of Python's struct, both ways. */
import { spawnSync } from "node:child_process";
import { afterAll, describe, expect, it } from "vitest";

import { blocksOf } from "../docs/markdown.ts";
import { cleanUp, finish, run, temporaryFolder } from "./programs.ts";
import { complaints, pathOf, receiving, send } from "./records-process.ts";

const PYTHON = "/usr/bin/python3";
const absent =
  process.env.IOMUX_REQUIRE_PEERS !== "1" && spawnSync(PYTHON, ["--version"]).error !== undefined;

afterAll(cleanUp);

/** A program of the page, at another path. */
function program(mark: string, path: string): string {
  const { text } = blocksOf("docs/records.md").find((block) => block.mark === `python: ${mark}`)!;
  return text.replace('"records.sock"', JSON.stringify(path));
}

describe.skipIf(absent)("real peer: python3, by the programs of docs/records.md", () => {
  it("sends what unix-receive prints", async () => {
    const receiver = await receiving("--format", "json");
    const sender = await finish(PYTHON, ["-c", program("send", receiver.path)]);
    expect([sender.code, sender.err, sender.out.toString()]).toEqual([0, "", "2 taken\n"]);
    receiver.child.kill("SIGTERM");
    expect(await receiver.ended).toEqual({ code: 0, signal: null });
    expect(receiver.out.lines).toEqual([
      '{"name":"cellar","temperature":8.1,"time":"2026-01-01T12:00:00.000Z"}',
      '{"name":"地下室","temperature":-0.5,"time":"2026-01-01T12:00:00.250Z"}',
    ]);
    expect(complaints(receiver)).toEqual([]);
  });

  it("receives what unix-send sends", async () => {
    const path = pathOf(temporaryFolder());
    const receiver = run(PYTHON, ["-u", "-c", program("receive", path)]);
    await receiver.out.until("ready");
    const readings = ["roof,-12.5,2026-01-01T12:00:00.250Z", "地下室,8.1,1969-12-31T23:59:59Z"];
    const sender = await send(path, readings);
    expect([sender.code, sender.err]).toEqual([0, "2 readings were taken.\n"]);
    expect(await receiver.ended).toEqual({ code: 0, signal: null });
    expect(receiver.out.lines.slice(1)).toEqual(["roof -12.5 1767268800250", "地下室 8.1 -1000"]);
    expect(receiver.err.lines).toEqual([]);
  });
});
