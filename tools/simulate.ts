// `npm run sim`: scenarios in simulations. SEED=n runs one of each again; --seeds N looks for
// one that fails. Exit codes: 0 none failed, 1 one did, 2 the flags are wrong.

import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import {
  createSimulation,
  FAULTS,
  formatFaultPlan,
  searchSeeds,
  type FaultPlan,
  type Scenario,
  type Simulation,
} from "iomux/testing";

const SCENARIOS = "test/simulation/scenarios/index.ts";

const HELP = `usage: [SEED=n] npm run sim -- [flags]

Runs scenarios in simulations with faults; the seed decides what goes wrong and when.

  --seeds N         how many simulations of each scenario (default 300; 1 with SEED)
  --scenario NAME   this one only
  --from FILE       the module that exports SCENARIOS (default ${SCENARIOS})
  --faults PLAN     in place of those that the seed draws: "split 0.5, reset 0.01", or "none"
                    (${FAULTS.join(", ")})
  --trace           prints what happened in each
  --help            prints this

SEED=n is the first seed. Without it the first seed is drawn, so that each search is a new one.`;

/** Milliseconds between two lines that tell how far the search is. */
const PROGRESS_MS = 1000;
const TRACE_LINES = 1_000_000;
const MAX_SEED = 2 ** 31;

class UsageError extends Error {}

interface Settings {
  readonly scenarios: readonly Scenario[];
  readonly first: number;
  readonly count: number;
  readonly faults: "swarm" | Partial<FaultPlan>;
  readonly trace: boolean;
  /** The flag that names the module, as it is written; "": it is the repository's own. */
  readonly from: string;
}

function isUsage(error: unknown): error is Error {
  if (error instanceof UsageError) return true;
  const { code } = error as NodeJS.ErrnoException;
  return /^ERR_(PARSE_ARGS|MODULE_NOT_FOUND|UNSUPPORTED_DIR_IMPORT)/.test(code ?? "");
}

async function readSettings(
  args: readonly string[],
  seed: string | undefined,
): Promise<Settings | null> {
  const options = {
    seeds: { type: "string" },
    scenario: { type: "string" },
    from: { type: "string", default: SCENARIOS },
    faults: { type: "string" },
    trace: { type: "boolean" },
    help: { type: "boolean" },
  } as const;
  const { values } = parseArgs({ args: [...args], options });
  if (values.help === true) return null;
  const trace = values.trace === true;
  const scenarios = chosen(await scenariosIn(values.from), values.scenario);
  const drawn = Math.floor(Math.random() * MAX_SEED);
  return {
    scenarios: trace ? scenarios.map(keepingTrace) : scenarios,
    first: seed === undefined ? drawn : wholeNumber("SEED", seed),
    count: values.seeds === undefined ? (seed === undefined ? 300 : 1) : seedsOf(values.seeds),
    faults: values.faults === undefined ? "swarm" : readPlan(values.faults),
    trace,
    from: values.from === SCENARIOS ? "" : `--from ${values.from} `,
  };
}

async function scenariosIn(file: string): Promise<readonly Scenario[]> {
  if (file === SCENARIOS) return (await import("../test/simulation/scenarios/index.ts")).SCENARIOS;
  const { SCENARIOS: found } = (await import(pathToFileURL(resolve(file)).href)) as {
    SCENARIOS?: unknown;
  };
  if (Array.isArray(found) && found.length > 0) return found as Scenario[];
  throw new UsageError(`${file} exports no SCENARIOS: export an array of scenarios by this name`);
}

function chosen(scenarios: readonly Scenario[], name: string | undefined): readonly Scenario[] {
  const found = scenarios.filter((scenario) => name === undefined || scenario.name === name);
  if (found.length > 0) return found;
  const known = scenarios.map((scenario) => scenario.name).join(", ");
  throw new UsageError(`there is no scenario ${name}: give one of ${known}`);
}

function keepingTrace(scenario: Scenario): Scenario {
  return { ...scenario, options: { ...scenario.options, traceLines: TRACE_LINES } };
}

function seedsOf(text: string): number {
  const count = wholeNumber("--seeds", text);
  if (count === 0) throw new UsageError("--seeds is 0: give at least 1");
  return count;
}

function wholeNumber(what: string, text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new UsageError(`${what} is ${JSON.stringify(text)}: give a whole number from 0`);
}

/** What `formatFaultPlan` has written. */
function readPlan(text: string): Partial<FaultPlan> {
  if (text.trim() === "none") return {};
  const plan = Object.fromEntries(
    text.split(",").map((part) => {
      const [, fault, probability] = /^\s*(\w+)\s+([\d.]+)\s*$/.exec(part) ?? [];
      if (fault !== undefined) return [fault, Number(probability)];
      throw new UsageError(`--faults has ${JSON.stringify(part)}: give a fault and a number`);
    }),
  ) as Partial<FaultPlan>;
  try {
    createSimulation({ faults: plan });
  } catch (error) {
    throw new UsageError(`--faults: ${(error as Error).message}`);
  }
  return plan;
}

/** A line that tells how far the search is, in its place on a terminal. */
class Progress {
  readonly #name: string;
  readonly #count: number;
  readonly #started = performance.now();
  #tried = 0;
  #told = this.#started;

  constructor(name: string, count: number) {
    this.#name = name;
    this.#count = count;
  }

  next(): void {
    this.#tried++;
    const now = performance.now();
    if (now - this.#told < PROGRESS_MS) return;
    this.#told = now;
    const perSecond = Math.round((this.#tried / (now - this.#started)) * 1000);
    const line = `${this.#name}: ${this.#tried} of ${this.#count} simulations, ${perSecond} a second`;
    process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${line}` : `${line}\n`);
  }

  end(): void {
    if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
  }
}

/** False: it has failed. */
async function tryOut(scenario: Scenario, settings: Settings): Promise<boolean> {
  const { first, count, faults, trace } = settings;
  const progress = new Progress(scenario.name, count);
  const which = { first, count, faults };
  const onSimulation = (simulation: Simulation): void => {
    progress.next();
    if (trace) printTrace(simulation);
  };
  const failure = await searchSeeds(scenario, { ...which, onSimulation });
  progress.end();
  if (failure === null) {
    const last = first + count - 1;
    const seeds = count === 1 ? `seed ${first}` : `seeds ${first} to ${last}`;
    console.log(`${scenario.name}: ${seeds}: nothing failed`);
    return true;
  }
  if (trace) printTrace(failure.simulation);
  const plan = formatFaultPlan(failure.simulation.faults);
  console.log(`${scenario.name}: ${failure.error.message}`);
  console.log("to see it again, with the fewest faults with which it fails:");
  console.log(
    `  SEED=${failure.seed} npm run sim -- ${settings.from}--scenario ${scenario.name} --faults "${plan}" --trace`,
  );
  return false;
}

function printTrace(simulation: Simulation): void {
  console.log(`seed ${simulation.seed}, faults: ${formatFaultPlan(simulation.faults)}`);
  for (const line of simulation.trace.last(TRACE_LINES)) console.log(`  ${line}`);
}

async function main(): Promise<number> {
  const settings = await readSettings(process.argv.slice(2), process.env.SEED);
  if (settings === null) {
    console.log(HELP);
    return 0;
  }
  let failed = 0;
  for (const scenario of settings.scenarios) {
    if (!(await tryOut(scenario, settings))) failed++;
  }
  return failed === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!isUsage(error)) throw error;
  console.error(`sim: ${error.message}`);
  process.exitCode = 2;
}
