/** docs/limits.md: names, defaults, ranges and constants are those of the sources, and tests exist. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { describe, expect, it } from "vitest";

import { createReactor, DEFAULT_LIMITS, type Limits } from "iomux";

import { proseOf, root, tableBelow } from "./markdown.ts";

const FILE = "docs/limits.md";

const names = Object.keys(DEFAULT_LIMITS) as (keyof Limits)[];

function codeIn(cell: string): string {
  return /^`(.*)`$/.exec(cell)?.[1] ?? cell;
}

/** What a sentence of the page lists: "May be 0: `a`, `b`." */
function listed(sentence: string): string[] {
  const text = proseOf(FILE).replaceAll(/\s+/g, " ");
  const list = text.split(sentence)[1]?.split(/\. /)[0] ?? "";
  return [...list.matchAll(/`(\w+)`/g)].map((match) => match[1]!);
}

/** The limits for which a reactor may be made with `value`. */
function accepting(value: number): string[] {
  return names.filter((name) => {
    try {
      createReactor({ [name]: value });
      return true;
    } catch {
      return false;
    }
  });
}

function sourceOf(cell: string): string {
  const path = /\]\((.*?)\)/.exec(cell)?.[1];
  if (path === undefined) throw new Error(`${FILE}: no link in "${cell}"`);
  return readFileSync(join(root, dirname(FILE), path), "utf8");
}

describe(FILE, () => {
  it("lists every limit with its default, in the order of DEFAULT_LIMITS", () => {
    const rows = tableBelow(FILE, "The limits").map(([name, value]) => [
      codeIn(name!),
      Number(value),
    ]);
    expect(rows).toEqual(Object.entries(DEFAULT_LIMITS));
  });

  it("has the unit that the name says", () => {
    for (const [name, , unit] of tableBelow(FILE, "The limits")) {
      expect(unit === "milliseconds", name).toBe(codeIn(name!).endsWith("Ms"));
    }
  });

  it("says which limits may be 0", () => {
    expect(listed("May be 0:").sort()).toEqual(accepting(0).sort());
  });

  it("says which limits may be Infinity", () => {
    const sentence = "May be `Infinity`, which turns the limit off:";
    expect(listed(sentence).sort()).toEqual(accepting(Infinity).sort());
  });

  it("names for each limit a test that exists, and sets it or meets its default", () => {
    const rows = tableBelow(FILE, "The tests");
    expect(rows.map(([name]) => codeIn(name!))).toEqual(names);
    for (const [cell, link] of rows) {
      const name = codeIn(cell!) as keyof Limits;
      const test = sourceOf(link!);
      const title = link!.split("): ")[1]!;
      expect(test.includes(title), `${name}: no test "${title}"`).toBe(true);
      const met = title.includes(DEFAULT_LIMITS[name].toLocaleString("en"));
      expect(met || test.includes(name), `${name}: not used in ${link!}`).toBe(true);
    }
  });

  it("gives the fixed values as they are in the sources", () => {
    for (const [what, value, constant, file] of tableBelow(FILE, "What is fixed")) {
      const source = sourceOf(file!);
      const found = new RegExp(`const ${codeIn(constant!)} = ([\\d_* ]+);`).exec(source)?.[1];
      const product = found?.split("*").reduce((n, factor) => n * Number(factor), 1);
      expect(product, what).toBe(Number(value));
    }
  });
});
