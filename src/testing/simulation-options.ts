/** Options of a simulation: their defaults, and their check. */
import type { Buffers } from "./conditions.ts";
import { NO_FAULTS, type FaultPlan } from "./fault-plan.ts";
import type { RouteSettings } from "./route.ts";
import type { HostOptions } from "./simulated-host.ts";

/** What a simulation is made with. */
export interface SimulationOptions {
  /** What everything follows from. Default 1. */
  readonly seed?: string | number;
  /** What goes wrong: `"swarm"` draws it from the seed. Faults that are left out are 0. Default none. */
  readonly faults?: "swarm" | Partial<FaultPlan>;
  /** What lies between any two hosts. Default 1 ms, 1 MB in a millisecond. */
  readonly route?: RouteSettings;
  /** Bytes of the buffers of every end of a stream. Default: those left out are drawn for each end. */
  readonly buffers?: Partial<Buffers>;
  /** Lines of the trace that are kept. Default 1000. 0: none are made, which is faster. */
  readonly traceLines?: number;
  /** Milliseconds of its time after which a run has failed. Default an hour. */
  readonly maxMs?: number;
}

const HOUR_MS = 3_600_000;
const ROUTE: RouteSettings = { latencyMs: 1, bytesPerMs: 1_000_000 };

const NAMES: ReadonlySet<string> = new Set<keyof SimulationOptions>([
  ...(["seed", "faults", "route", "buffers", "traceLines", "maxMs"] as const),
]);
/** A receive buffer of no bytes would let nothing through. */
const BUFFERS: readonly (readonly [keyof Buffers, least: number])[] = [
  ["receive", 1],
  ["send", 0],
];
const BUFFER_NAMES: ReadonlySet<string> = new Set(BUFFERS.map(([name]) => name));
const HOST_NAMES: ReadonlySet<string> = new Set<keyof HostOptions>(["descriptorLimit"]);

/** With the defaults. Throws for what is no option, and for a value that none can have. */
export function resolveSimulationOptions(options: SimulationOptions): Required<SimulationOptions> {
  checkNames(options, NAMES);
  const { seed = 1, faults = NO_FAULTS, route = ROUTE } = options;
  const { buffers = {}, traceLines = 1000, maxMs = HOUR_MS } = options;
  checkNumber(route.latencyMs, "route.latencyMs", 0);
  checkNumber(route.bytesPerMs, "route.bytesPerMs", Number.MIN_VALUE);
  checkBuffers(buffers);
  checkNumber(traceLines, "traceLines", 0);
  checkNumber(maxMs, "maxMs", 0);
  return { seed, faults, route, buffers, traceLines, maxMs };
}

function checkBuffers(buffers: Partial<Buffers>): void {
  checkNames(buffers, BUFFER_NAMES, "buffers.");
  for (const [name, least] of BUFFERS) {
    const bytes = buffers[name];
    if (bytes === undefined || (Number.isSafeInteger(bytes) && bytes >= least)) continue;
    throw new RangeError(`buffers.${name} is ${bytes}: give a whole number, ${least} at least`);
  }
}

export function checkHostOptions(options: HostOptions): void {
  checkNames(options, HOST_NAMES);
}

/** A misspelt fault would be a simulation without it, in which everything passes. */
export function checkNames(options: object, names: ReadonlySet<string>, where = ""): void {
  const unknown = Object.keys(options).find((name) => !names.has(name));
  if (unknown === undefined) return;
  const known = [...names].join(", ");
  throw new TypeError(`there is no option ${where}${unknown}: give one of ${known}`);
}

export function checkNumber(value: unknown, name: string, least: number): void {
  if (typeof value === "number" && value >= least) return;
  const atLeast = least === Number.MIN_VALUE ? "more than 0" : `${least} at least`;
  throw new RangeError(`${name} is ${String(value)}: give a number, ${atLeast}`);
}
