/** A simulation has failed: what is needed to see it again, and to understand it. */

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

  constructor(seed: string, plan: string, cause: unknown, { events, netstat }: Circumstances) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const message = [
      `seed ${seed}: ${why}`,
      `replay it with SEED=${seed}; faults: ${plan}`,
      "the last events:",
      ...events.map((line) => `  ${line}`),
      "what is open:",
      ...(netstat.length === 0 ? ["  nothing"] : netstat.map((line) => `  ${line}`)),
    ].join("\n");
    super(message, { cause });
    this.name = "SimulationError";
    this.seed = seed;
    this.plan = plan;
  }
}
