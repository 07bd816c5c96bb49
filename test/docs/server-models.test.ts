/** docs/server-models.md: what each of select, poll and epoll costs is a table that a script prints. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { readDocument, root } from "./markdown.ts";

const SCRIPT = join(root, "tools/readiness-costs.py");

const absent =
  process.env.IOMUX_REQUIRE_PEERS !== "1" &&
  spawnSync("python3", ["--version"]).error !== undefined;

/** The rows of the table that begins with the numbers of descriptors. */
function scanOf(text: string): string[][] {
  const table = /^\| descriptors +\| `select`.*\n.*\n((\|.*\n)+)/m.exec(text)?.[1] ?? "";
  return table
    .trimEnd()
    .split("\n")
    .map((line) => shapeOf(line.split("|").slice(1, -1)));
}

/** Figures differ each time; what has one, and what is refused, does not. */
function shapeOf(row: readonly string[]): string[] {
  const [label, ...cells] = row.map((cell) => cell.trim()) as [string, ...string[]];
  return [label, ...cells.map((cell) => cell.replace(/^[\d.]+$/, "measured"))];
}

describe.skipIf(absent)("real peer: python3", () => {
  it("prints the rows of the page", () => {
    const { status, stdout, stderr } = spawnSync("python3", [SCRIPT], { encoding: "utf8" });
    expect([status, stderr]).toEqual([0, ""]);
    const [printed, shown] = [stdout, readDocument("docs/server-models.md")].map(scanOf);
    expect(printed).toHaveLength(4);
    expect(printed).toEqual(shown);
  });
});
