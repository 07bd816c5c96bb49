/** The search for a seed that fails. */
import { describe, expect, it } from "vitest";

import { formatFaultPlan, searchSeeds, type Scenario } from "iomux/testing";

import { SCENARIOS } from "./failing-scenarios.ts";
import { serveEcho } from "./scenarios/serve-echo.ts";

const impatient = SCENARIOS[0]!;

describe("searchSeeds", () => {
  it("tries each seed once, in order, and finds nothing where nothing fails", async () => {
    const seeds: string[] = [];
    const onWorld = ({ seed }: { seed: string }): void => void seeds.push(seed);
    expect(await searchSeeds(serveEcho, { first: 5, count: 3, onWorld })).toBeNull();
    expect(seeds).toEqual(["5", "6", "7"]);
  });

  it("stops at the first failure, with the fewest faults, and the same each time", async () => {
    const tried: string[] = [];
    const onWorld = ({ seed }: { seed: string }): void => void tried.push(seed);
    const one = (await searchSeeds(impatient, { onWorld }))!;
    const two = (await searchSeeds(impatient))!;
    expect(tried).toHaveLength(one.seed - 1);
    expect(formatFaultPlan(one.world.faults)).toMatch(/^\w+ [\d.]+$/);
    expect(two.error.message).toBe(one.error.message);
    expect(two.world.trace.digest).toBe(one.world.trace.digest);
  });

  it("another defect is none to shrink this one to", async () => {
    const scenario: Scenario = {
      name: "two-defects",
      run: async ({ faults }) => {
        await Promise.resolve();
        if (faults.split > 0 && faults.delay > 0) throw new Error("the first");
        if (faults.split + faults.delay > 0) throw new Error("the second");
      },
    };
    const faults = { split: 0.5, delay: 0.5, reset: 0.5 };
    const { error, world } = (await searchSeeds(scenario, { faults }))!;
    expect(error.message).toContain("the first");
    expect(formatFaultPlan(world.faults)).toBe("split 0.5, delay 0.5");
  });

  it("makes the worlds as the scenario wants them", async () => {
    const slow: Scenario = { ...impatient, world: { route: { latencyMs: 400, bytesPerMs: 1 } } };
    const { seed, world } = (await searchSeeds(slow, { faults: {} }))!;
    expect([seed, formatFaultPlan(world.faults)]).toEqual([1, "none"]);
  });

  it("what is no failure of the scenario is thrown", async () => {
    const faults = { splitt: 1 } as object;
    await expect(searchSeeds(serveEcho, { faults })).rejects.toThrow("there is no fault splitt");
  });

  it.each([
    [{ count: 0 }, "count is 0: give a whole number from 1"],
    [{ count: NaN }, "count is NaN"],
    [{ seeds: 3 }, "there is no option seeds: give one of first,"],
    [{ first: -1 }, "first is -1: give a whole number from 0"],
    [{ first: 0.5 }, "first is 0.5"],
  ])("%o throws", async (options: object, message) => {
    await expect(searchSeeds(serveEcho, options)).rejects.toThrow(message);
  });
});
