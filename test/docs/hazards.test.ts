/** docs/hazards.md: every hazard is there once, with the tests that carry its number. */
import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";

import { describe, expect, it } from "vitest";

import { root, tableBelow } from "./markdown.ts";

const FILE = "docs/hazards.md";
const COUNT = 44;

/** The tests that carry a number, by number: in the name of a test, or at the head of the file. */
function carriers(): Map<string, string[]> {
  const found = new Map<string, string[]>();
  const files = readdirSync(join(root, "test"), { recursive: true, encoding: "utf8" })
    .map((name) => `test/${name}`)
    .filter((file) => file.endsWith(".test.ts") && !file.startsWith("test/docs/"));
  for (const file of files.sort()) {
    const text = readFileSync(join(root, file), "utf8");
    const numbers = new Set([...text.matchAll(/\bH[1-9]\d?\b/g)].map(([number]) => number));
    for (const number of numbers) found.set(number, [...(found.get(number) ?? []), file]);
  }
  return found;
}

function filesIn(cell: string): string[] {
  const targets = [...cell.matchAll(/\]\((.*?)\)/g)].map((match) => match[1]!);
  return targets.map((target) => posix.join("docs", target));
}

describe(FILE, () => {
  const tested = tableBelow(FILE, "The hazards");
  const untested = tableBelow(FILE, "Without a test");

  it("has every hazard once: with tests, or with the reason why there is none", () => {
    const all = Array.from({ length: COUNT }, (_, i) => `H${i + 1}`);
    const listed = [...tested, ...untested].map(([number]) => number!);
    expect(listed.toSorted()).toEqual(all.toSorted());
  });

  it("names for each the tests that carry its number, and no others", () => {
    const carried = carriers();
    for (const [number, , , cell] of tested) {
      expect(filesIn(cell!), number).toEqual(carried.get(number!) ?? "a test");
      carried.delete(number!);
    }
    expect([...carried.keys()], "carried by tests, without a row").toEqual([]);
  });

  it("says what goes wrong, what is promised, and why there is no test", () => {
    for (const row of [...tested, ...untested]) {
      for (const cell of row) expect(cell, row[0]).toMatch(/\w/);
    }
  });
});
