/** Every scenario, with some seeds of the swarm. `npm run sim` tries more, and other ones. */
import { describe, expect, it } from "vitest";

import { searchSeeds } from "iomux/testing";

import { SCENARIOS } from "./scenarios/index.ts";

const SEEDS = 300;

describe("scenarios under every fault", () => {
  it.each(SCENARIOS)("$name: 300 seeds, and nothing fails with any", async (scenario) => {
    const failure = await searchSeeds(scenario, { count: SEEDS });
    expect(failure?.error.message).toBeUndefined();
  });
});
