/** What is not tried in simulated worlds is a short list of tests that there are. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { describe, expect, it } from "vitest";

import { NOT_SIMULATED } from "./not-simulated.ts";

const tests = fileURLToPath(new URL("..", import.meta.url));
const sources = readdirSync(tests, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".test.ts"))
  .map((name) => readFileSync(`${tests}/${name}`, "utf8"));

/** A name as it stands in a source: what a table fills in is left out. */
function beginning(name: string): string {
  return name.replaceAll('"', '\\"').slice(0, 9);
}

describe("what is not tried in simulated worlds", () => {
  it.each(NOT_SIMULATED)("%s: %s", (group, name = "") => {
    const there = sources.some(
      (source) => source.includes(`"${group}"`) && source.includes(beginning(name)),
    );
    expect(there).toBe(true);
  });
});
