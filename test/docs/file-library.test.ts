/** The limits of the library of files in examples/README.md are those of its sources. */
import { join } from "node:path";
import { expect, test } from "vitest";

import { root, tableBelow } from "./markdown.ts";

const rows = tableBelow("examples/README.md", "Limits of the library of files");

test.each(rows.map(([, value, constant, source]) => [constant!, value!, source!]))(
  "%s is %s",
  async (constant, value, source) => {
    const file = /\]\((.*?)\)/.exec(source)![1]!;
    const exported = (await import(join(root, "examples", file))) as Record<string, unknown>;
    expect(exported[constant.replaceAll("`", "")]).toBe(Number(value.replaceAll(",", "")));
  },
);

test("none is left out", () => {
  expect(rows).toHaveLength(14);
});
