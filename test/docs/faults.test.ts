/** The lists in docs/testing.md are those of the code. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

import { DISCARDS, FAULTS } from "iomux/testing";

/** The first column of the table below a mark. */
function listed(mark: string): (string | undefined)[] {
  const page = readFileSync("docs/testing.md", "utf8").split(`<!-- ${mark} -->`)[1] ?? "";
  const rows = page.trim().split("\n\n")[0]!.split("\n").slice(2);
  return rows.map((row) => /^\| `([^`]+)`/.exec(row)?.[1]);
}

it("docs/testing.md lists every fault of the plan, and no other", () => {
  expect(listed("faults")).toEqual(FAULTS);
});

it("docs/testing.md lists every cause for which bytes are discarded, and no other", () => {
  expect(listed("discards")).toEqual(DISCARDS);
});
