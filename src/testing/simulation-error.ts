/** A simulation has failed: what is needed to see it again, and to understand it. */
import { inspect } from "node:util";

import { FAULTS, formatFaultPlan, type FaultPlan } from "./fault-plan.ts";

/** What is told besides the cause. */
export interface Circumstances {
  /** The last lines of the trace. */
  readonly events: readonly string[];
  /** What was open. */
  readonly netstat: readonly string[];
}

/** Its message has the seed, the faults, the last events, and what was open. */
export class SimulationError extends Error {
  /** What it is replayed with. */
  readonly seed: string;
  /** The faults there were, as text. */
  readonly plan: string;

  constructor(seed: string, faults: FaultPlan, cause: unknown, { events, netstat }: Circumstances) {
    const message = [
      `seed ${seed}: ${whyOf(cause)}`,
      `make it again: createSimulation({ seed: ${JSON.stringify(seed)}, faults: ${literal(faults)} })`,
      "the last events:",
      ...events.map((line) => `  ${line}`),
      "what is open:",
      ...(netstat.length === 0 ? ["  nothing"] : netstat.map((line) => `  ${line}`)),
    ].join("\n");
    super(message, { cause });
    this.name = "SimulationError";
    this.seed = seed;
    this.plan = formatFaultPlan(faults);
  }
}

/** What went wrong, whatever was thrown. */
export function whyOf(cause: unknown): string {
  if (cause instanceof Error) return cause.message;
  return typeof cause === "string" ? cause : inspect(cause);
}

/** As it stands in a program. */
function literal(plan: FaultPlan): string {
  const present = FAULTS.filter((fault) => plan[fault] > 0);
  if (present.length === 0) return "{}";
  return `{ ${present.map((fault) => `${fault}: ${plan[fault]}`).join(", ")} }`;
}
