/** Looks for a seed with which a scenario fails, and for the fewest faults that it takes. */
import { shrinkFaultPlan, type FaultPlan } from "./fault-plan.ts";
import { createSimulation, type Simulation } from "./simulation.ts";
import { checkNames, type SimulationOptions } from "./simulation-options.ts";
import { SimulationError, whyOf } from "./simulation-error.ts";

/** What happens in a simulation, and what must hold in it: it throws when that does not. */
export interface Scenario {
  /** One or more words with `-`, as in a command line. */
  readonly name: string;
  /** What its simulations are made with, besides seed and faults. */
  readonly options?: Omit<SimulationOptions, "seed" | "faults">;
  /** Everything that it opens it closes. */
  run(simulation: Simulation): Promise<void>;
}

/** Which simulations are tried. */
export interface SearchOptions {
  /** The first seed. Default 1. */
  readonly first?: number;
  /** How many seeds, one after the other. Default 300. */
  readonly count?: number;
  /** As for `createSimulation`. Default `"swarm"`. */
  readonly faults?: SimulationOptions["faults"];
  /**
   * Called after each simulation in which nothing failed. Its trace has no lines, unless the
   * scenario says how many (`options: { traceLines }`).
   */
  readonly onSimulation?: (simulation: Simulation) => void;
}

/** A simulation in which the scenario fails. */
export interface Failure {
  /** What it is replayed with. */
  readonly seed: number;
  /** That with the fewest faults in which it fails still: its faults, trace and netstat. */
  readonly simulation: Simulation;
  /** How it fails there. */
  readonly error: SimulationError;
}

const NAMES: ReadonlySet<string> = new Set<keyof SearchOptions>([
  ...(["first", "count", "faults", "onSimulation"] as const),
]);

/**
 * The first seed that fails, with the fewest faults with which it fails in the same way; null:
 * there is none among these. Throws a `RangeError` if there are no seeds to try, and a `TypeError`
 * for an option that there is not.
 */
export async function searchSeeds(
  scenario: Scenario,
  options: SearchOptions = {},
): Promise<Failure | null> {
  const { first = 1, count = 300, faults = "swarm", onSimulation } = options;
  checkNames(options, NAMES);
  if (!(Number.isSafeInteger(first) && first >= 0)) {
    throw new RangeError(`first is ${String(first)}: give a whole number from 0`);
  }
  if (!(Number.isSafeInteger(count) && count >= 1)) {
    throw new RangeError(`count is ${String(count)}: give a whole number from 1`);
  }
  for (let seed = first; seed < first + count; seed++) {
    const simulation = createSimulation({ traceLines: 0, ...scenario.options, seed, faults });
    const error = await errorIn(simulation, scenario);
    if (error !== null) return smallest(scenario, { seed, simulation, error });
    onSimulation?.(simulation);
  }
  return null;
}

async function smallest(scenario: Scenario, first: Failure): Promise<Failure> {
  const { seed } = first;
  let failure = first;
  const fails = async (faults: FaultPlan): Promise<boolean> => {
    const simulation = createSimulation({ ...scenario.options, seed, faults });
    const error = await errorIn(simulation, scenario);
    // Another defect is none to shrink this one to.
    if (error === null || kindOf(error) !== kindOf(first.error)) return false;
    failure = { seed, simulation, error };
    return true;
  };
  // The search has made no trace.
  if (await fails(first.simulation.faults)) await shrinkFaultPlan(first.simulation.faults, fails);
  return failure;
}

/** What went wrong, without the numbers and the quoted bytes that each simulation has of its own. */
function kindOf({ cause }: SimulationError): string {
  const [line = ""] = whyOf(cause).split("\n");
  return line.replaceAll(/"[^"]*"|\d+/g, "_");
}

async function errorIn(
  simulation: Simulation,
  scenario: Scenario,
): Promise<SimulationError | null> {
  try {
    await simulation.run(() => scenario.run(simulation));
    return null;
  } catch (error) {
    if (error instanceof SimulationError) return error;
    throw error;
  }
}
