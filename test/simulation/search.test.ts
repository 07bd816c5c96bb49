/** The search for a seed that fails. */
import { describe, expect, it } from "vitest";

import { formatFaultPlan, searchSeeds, type Scenario, type Simulation } from "iomux/testing";

import { SCENARIOS } from "./failing-scenarios.ts";
import { serveEcho } from "./scenarios/serve-echo.ts";

const impatient = SCENARIOS[0]!;

describe("searchSeeds", () => {
  it("tries each seed once, in order, and finds nothing where nothing fails", async () => {
    const seeds: string[] = [];
    const onSimulation = ({ seed }: { seed: string }): void => void seeds.push(seed);
    expect(await searchSeeds(serveEcho, { first: 5, count: 3, onSimulation })).toBeNull();
    expect(seeds).toEqual(["5", "6", "7"]);
  });

  it("makes no trace, but for the failure, and where the scenario wants one", async () => {
    const counts: number[] = [];
    const onSimulation = ({ trace }: Simulation): void => void counts.push(trace.count);
    await searchSeeds(serveEcho, { count: 2, onSimulation });
    expect(counts).toEqual([0, 0]);
    await searchSeeds({ ...serveEcho, options: { traceLines: 1 } }, { count: 1, onSimulation });
    expect(counts.at(-1)).toBeGreaterThan(0);
    const failing: Scenario = {
      name: "failing",
      run: async (simulation) => {
        await serveEcho.run(simulation);
        throw new Error("always");
      },
    };
    const failure = (await searchSeeds(failing, { faults: {} }))!;
    expect(failure.simulation.trace.count).toBeGreaterThan(0);
    expect(failure.error.message).toContain(" fin\n");
  });

  it("stops at the first failure, with the fewest faults, and the same each time", async () => {
    const tried: string[] = [];
    const onSimulation = ({ seed }: { seed: string }): void => void tried.push(seed);
    const one = (await searchSeeds(impatient, { onSimulation }))!;
    const two = (await searchSeeds(impatient))!;
    expect(tried).toHaveLength(one.seed - 1);
    expect(formatFaultPlan(one.simulation.faults)).toMatch(/^\w+ [\d.]+$/);
    expect(two.error.message).toBe(one.error.message);
    expect(two.simulation.trace.digest).toBe(one.simulation.trace.digest);
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
    const { error, simulation: world } = (await searchSeeds(scenario, { faults }))!;
    expect(error.message).toContain("the first");
    expect(formatFaultPlan(world.faults)).toBe("split 0.5, delay 0.5");
  });

  it("makes the simulations as the scenario wants them", async () => {
    const slow: Scenario = { ...impatient, options: { route: { latencyMs: 400, bytesPerMs: 1 } } };
    const { seed, simulation: world } = (await searchSeeds(slow, { faults: {} }))!;
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
