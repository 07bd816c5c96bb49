/** docs/servers.md: reasons, callbacks and limits are those of the sources. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { describe, expect, it } from "vitest";

import { CLOSE_REASONS, DEFAULT_SERVER_LIMITS, OUTPUT_POLICIES } from "iomux";

import { root, tableBelow } from "./markdown.ts";

const FILE = "docs/servers.md";

function names(heading: string): string[] {
  return tableBelow(FILE, heading).map(([name]) => /^`([\w-]+)/.exec(name!)![1]!);
}

describe(FILE, () => {
  it("lists every close reason, in the order of CLOSE_REASONS", () => {
    expect(names("How a connection ends")).toEqual([...CLOSE_REASONS]);
  });

  it("lists every limit with its default, in the order of DEFAULT_SERVER_LIMITS", () => {
    const rows = tableBelow(FILE, "The limits").map(([name, value]) => [
      name!.replaceAll("`", ""),
      Number(value),
    ]);
    expect(rows).toEqual(Object.entries(DEFAULT_SERVER_LIMITS));
  });

  it("lists every policy, in the order of OUTPUT_POLICIES", () => {
    expect(names("Output")).toEqual([...OUTPUT_POLICIES]);
  });

  it("names for each limit a test that exists, and sets it", () => {
    const rows = tableBelow(FILE, "The tests");
    expect(rows.map(([name]) => name!.replaceAll("`", ""))).toEqual(
      Object.keys(DEFAULT_SERVER_LIMITS),
    );
    for (const [name, link] of rows) {
      const [, path, title] = /\]\((.*?)\): (.*)$/.exec(link!)!;
      const source = readFileSync(join(root, dirname(FILE), path!), "utf8");
      expect(source.includes(title!), `${name!}: no test "${title!}"`).toBe(true);
      expect(source.includes(name!.replaceAll("`", "")), `${name!} is not used there`).toBe(true);
    }
  });
});
