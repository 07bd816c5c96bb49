/** docs/debugging.md: names, reasons and codes are those of the sources. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { DIAGNOSTICS_NAMES, ERROR_CODES } from "iomux";

import { root, tableBelow } from "./markdown.ts";

const FILE = "docs/debugging.md";

function codesIn(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1]!);
}

describe(FILE, () => {
  it("lists every name of DIAGNOSTICS_NAMES in its order, with the type of its message", () => {
    const rows = tableBelow(FILE, "Metrics: diagnostics channels");
    expect(rows.map(([name]) => codesIn(name!)[0])).toEqual([...DIAGNOSTICS_NAMES]);
    const source = readFileSync(join(root, "src/diagnostics.ts"), "utf8");
    for (const [name, , message] of rows) {
      const declared = new RegExp(`"${codesIn(name!)[0]!}": (\\w+)`).exec(source)?.[1];
      expect(codesIn(message!), name).toEqual([declared]);
    }
  });

  it("lists every field of every message", () => {
    const source = readFileSync(join(root, "src/diagnostics.ts"), "utf8");
    const declared = [...source.matchAll(/^export interface (\w+Message)\b[^{]*\{(.*?)^\}/gms)];
    const fields = declared.map(([, name, body]) => [
      name!,
      [...body!.matchAll(/^ {2}readonly (\w+):/gm)].map((match) => match[1]!),
    ]);
    const rows = tableBelow(FILE, "What a message holds");
    const listed = rows.map(([name, cell]) => [
      codesIn(name!)[0]!,
      codesIn(cell!).filter((code) => code !== "onError"),
    ]);
    expect(declared).toHaveLength(6);
    expect(Object.fromEntries(listed)).toEqual(Object.fromEntries(fields));
  });

  it("says of every reason of explain() what to do", () => {
    const source = readFileSync(join(root, "src/reactor/explain.ts"), "utf8");
    const union = /export type Reason =([^;]*);/.exec(source)![1]!;
    const reasons = [...union.matchAll(/"([^"]+)"/g)].map((match) => match[1]!);
    const rows = tableBelow(FILE, "One descriptor: `explain()`");
    expect(rows.flatMap(([reason]) => codesIn(reason!)).sort()).toEqual(reasons.sort());
  });

  it("names codes that exist", () => {
    const rows = tableBelow(FILE, "Mistakes that pass silently: debug mode");
    expect(rows).toHaveLength(4);
    for (const [, code] of rows) expect(ERROR_CODES).toContain(codesIn(code!)[0]);
  });
});
