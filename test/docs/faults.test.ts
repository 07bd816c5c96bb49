/** The list of faults in docs/testing.md is that of the code. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

import { FAULTS } from "iomux/testing";

it("docs/testing.md lists every fault of the plan, and no other", () => {
  const page = readFileSync("docs/testing.md", "utf8").split("<!-- faults -->")[1] ?? "";
  const rows = page.trim().split("\n\n")[0]!.split("\n").slice(2);
  expect(rows.map((row) => /^\| `(\w+)`/.exec(row)?.[1])).toEqual(FAULTS);
});
