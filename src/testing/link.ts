/** How what one end of a stream sends reaches the other one. */
import { MAGNITUDES, type FaultPlan } from "./fault-plan.ts";
import type { Random } from "./random.ts";
import { TELL_MS, type Route } from "./route.ts";
import type { SimulatedClock } from "./simulated-clock.ts";
import type { Trace } from "./trace.ts";

/** What a segment is: bytes, the end of them, or a part of the handshake. */
export type Segment = "data" | "fin" | "reset" | "syn" | "syn-ack";

/** One direction of a stream. What is carried arrives in its order. */
export interface Link {
  /** How many of `bytes` travel in the next segment: at least 1. */
  segment(bytes: number): number;
  /** Calls `arrive` with the bytes when they are there; never, if the link was cut meanwhile. */
  carry(what: Segment, bytes: Buffer, arrive: (bytes: Buffer) => void): void;
  /** Whether the network breaks the connection in place of carrying the next segment. */
  breaks(): boolean;
  /** The end has reset or was killed. True: what is on its way is lost, and does not arrive. */
  cut(): boolean;
}

/** No distance, and no faults: what is sent is there. */
export const DIRECT: Link = {
  segment: (bytes) => bytes,
  carry: (_what, bytes, arrive) => {
    arrive(bytes);
  },
  breaks: () => false,
  cut: () => false,
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
  /** Whether the segment that is carried next is a piece, and whether it follows one. */
  #piece = false;
  #followsPiece = false;
  /** Counts the cuts: what was carried before one does not arrive. */
  #generation = 0;

  constructor(settings: LinkSettings) {
    this.#settings = settings;
  }

  segment(bytes: number): number {
    const { random, faults } = this.#settings;
    const most = Math.min(bytes, SEGMENT_BYTES);
    if (!random.chance(faults.split)) return most;
    const part = random.integer(1, most);
    this.#piece = part < most;
    if (part < most) this.#note(() => `fault split: ${part} of ${most} bytes`);
    return part;
  }

  breaks(): boolean {
    const { random, faults } = this.#settings;
    const broken = random.chance(faults.reset);
    if (broken) this.#note(() => "fault reset: the network breaks the connection");
    return broken;
  }

  cut(): boolean {
    const { random, faults } = this.#settings;
    const lost = random.chance(faults.loseOnReset);
    if (!lost) return false;
    this.#generation++;
    this.#note(() => "fault loseOnReset: what is on its way does not arrive");
    return true;
  }

  carry(what: Segment, bytes: Buffer, arrive: (bytes: Buffer) => void): void {
    const generation = this.#generation;
    // Pieces do not arrive together: they would be read as if they were whole.
    const apartMs = this.#followsPiece ? TELL_MS : 0;
    this.#followsPiece = this.#piece;
    this.#piece = false;
    const { route, clock } = this.#settings;
    if (route.partitioned) this.#note(() => `${described(what, bytes)} waits for the healing`);
    route.pass(() => {
      clock.postAt(
        () => {
          const lost = generation !== this.#generation;
          this.#note(() => `${described(what, bytes)}${lost ? " lost" : ""}`);
          if (!lost) arrive(bytes);
        },
        this.#arrival(what, bytes, apartMs),
      );
    });
  }

  /** When a segment that is sent now is there. */
  #arrival(what: Segment, bytes: Buffer, apartMs: number): number {
    const { route, from, clock } = this.#settings;
    const there = route.arrival(from, bytes.length, clock.now());
    this.#lastAt = Math.max(there, this.#lastAt + apartMs) + this.#extra(what, bytes);
    return this.#lastAt;
  }

  #extra(what: Segment, bytes: Buffer): number {
    const { random, faults } = this.#settings;
    const delayed = random.chance(faults.delay);
    const stalled = random.chance(faults.stall);
    if (!delayed && !stalled) return 0;
    const ms = random.integer(1, stalled ? MAGNITUDES.stallMs : MAGNITUDES.delayMs);
    const fault = stalled ? "stall" : "delay";
    this.#note(() => `fault ${fault}: ${described(what, bytes)} takes ${ms} ms longer`);
    return ms;
  }

  #note(what: () => string): void {
    const { trace, label } = this.#settings;
    trace.note(() => `${label} ${what()}`);
  }
}

function described(what: Segment, { length }: Buffer): string {
  return what === "data" ? `data ${length}` : what;
}
