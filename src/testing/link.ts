/** How what one end of a stream sends reaches the other one. */
import { MAGNITUDES, type FaultPlan } from "./fault-plan.ts";
import type { Random } from "./random.ts";
import type { Route } from "./route.ts";
import type { SimulatedClock } from "./simulated-clock.ts";
import type { Trace } from "./trace.ts";

/** What a segment is: bytes, the end of them, or a part of the handshake. */
export type Segment = "data" | "fin" | "reset" | "syn" | "syn-ack";

/** One direction of a stream. What is carried arrives in its order. */
export interface Link {
  /** How many of `bytes` travel in the next segment: at least 1. */
  segment(bytes: number): number;
  /** Calls `arrive` when the segment is there; never, if the link was cut meanwhile. */
  carry(what: Segment, bytes: number, arrive: () => void): void;
  /** Whether the network breaks the connection in place of carrying the next segment. */
  breaks(): boolean;
  /** The end has reset or was killed: whether what is on its way is lost. */
  cut(): void;
}

/** No distance, and no faults: what is sent is there. */
export const DIRECT: Link = {
  segment: (bytes) => bytes,
  carry: (_what, _bytes, arrive) => {
    arrive();
  },
  breaks: () => false,
  cut: () => undefined,
};

/** The largest segment, as on loopback. */
const SEGMENT_BYTES = 64 * 1024;

export interface LinkSettings {
  readonly clock: SimulatedClock;
  readonly route: Route;
  /** Address of the host that sends. */
  readonly from: string;
  readonly faults: FaultPlan;
  readonly random: Random;
  readonly trace: Trace;
  /** From where to where, in the trace. */
  readonly label: string;
}

export class SimulatedLink implements Link {
  readonly #settings: LinkSettings;
  /** When the last segment arrives: none overtakes another. */
  #lastAt = 0;
  /** Counts the cuts: what was carried before one does not arrive. */
  #generation = 0;

  constructor(settings: LinkSettings) {
    this.#settings = settings;
  }

  segment(bytes: number): number {
    const { random, faults } = this.#settings;
    const most = Math.min(bytes, SEGMENT_BYTES);
    return random.chance(faults.split) ? random.integer(1, most) : most;
  }

  breaks(): boolean {
    const { random, faults } = this.#settings;
    return random.chance(faults.reset);
  }

  cut(): void {
    const { random, faults } = this.#settings;
    if (random.chance(faults.loseOnReset)) this.#generation++;
  }

  carry(what: Segment, bytes: number, arrive: () => void): void {
    const generation = this.#generation;
    this.#settings.route.pass(() => {
      this.#settings.clock.postAt(() => {
        const lost = generation !== this.#generation;
        this.#note(what, bytes, lost);
        if (!lost) arrive();
      }, this.#arrival(bytes));
    });
  }

  #note(what: Segment, bytes: number, lost: boolean): void {
    const { trace, label } = this.#settings;
    const size = what === "data" ? ` ${bytes}` : "";
    trace.note(`${label} ${what}${size}${lost ? " lost" : ""}`);
  }

  /** When a segment that is sent now is there. */
  #arrival(bytes: number): number {
    const { route, from, clock } = this.#settings;
    const there = route.leave(from, bytes, clock.now()) + route.latencyMs;
    this.#lastAt = Math.max(there, this.#lastAt) + this.#extra();
    return this.#lastAt;
  }

  #extra(): number {
    const { random, faults } = this.#settings;
    const delayed = random.chance(faults.delay);
    const stalled = random.chance(faults.stall);
    if (!delayed && !stalled) return 0;
    return random.integer(1, stalled ? MAGNITUDES.stallMs : MAGNITUDES.delayMs);
  }
}
