/** Looks for a seed in whose world a scenario fails, and for the fewest faults that it takes. */
import { shrinkFaultPlan, type FaultPlan } from "./fault-plan.ts";
import { createSimulation, type Simulation, type SimulationOptions } from "./simulation.ts";
import { SimulationError } from "./simulation-error.ts";

/** What happens in a world, and what must hold in it: it throws when that does not. */
export interface Scenario {
  /** One or more words with `-`, as in a command line. */
  readonly name: string;
  /** How its worlds differ from others. */
  readonly world?: Omit<SimulationOptions, "seed" | "faults">;
  /** Everything that it opens it closes. */
  run(world: Simulation): Promise<void>;
}

/** Which worlds are tried. */
export interface SearchOptions {
  /** The first seed. Default 1. */
  readonly first?: number;
  /** How many seeds, one after the other. Default 300. */
  readonly count?: number;
  /** As for `createSimulation`. Default `"swarm"`. */
  readonly faults?: SimulationOptions["faults"];
  /** Called after each world in which nothing failed. */
  readonly onWorld?: (world: Simulation) => void;
}

/** A world in which the scenario fails. */
export interface Failure {
  /** What it is replayed with. */
  readonly seed: number;
  /** The fewest of its faults with which it fails still. */
  readonly faults: FaultPlan;
  /** How it fails with these. */
  readonly error: SimulationError;
}

/** The first seed that fails, with the fewest faults; null: there is none among these. */
export async function searchSeeds(
  scenario: Scenario,
  options: SearchOptions = {},
): Promise<Failure | null> {
  const { first = 1, count = 300, faults = "swarm", onWorld } = options;
  for (let seed = first; seed < first + count; seed++) {
    const world = createSimulation({ ...scenario.world, seed, faults });
    const error = await failureIn(world, scenario);
    if (error !== null) return smallest(scenario, seed, world.faults, error);
    onWorld?.(world);
  }
  return null;
}

async function smallest(
  scenario: Scenario,
  seed: number,
  plan: FaultPlan,
  first: SimulationError,
): Promise<Failure> {
  let error = first;
  const faults = await shrinkFaultPlan(plan, async (smaller) => {
    const world = createSimulation({ ...scenario.world, seed, faults: smaller });
    const failure = await failureIn(world, scenario);
    error = failure ?? error;
    return failure !== null;
  });
  return { seed, faults, error };
}

async function failureIn(world: Simulation, scenario: Scenario): Promise<SimulationError | null> {
  try {
    await world.run((simulation) => scenario.run(simulation));
    return null;
  } catch (error) {
    if (error instanceof SimulationError) return error;
    throw error;
  }
}
