/** How what one end of a stream sends reaches the other one. */
import { MAGNITUDES, type FaultPlan } from "./fault-plan.ts";
import type { Random } from "./random.ts";
import type { SimulatedClock } from "./simulated-clock.ts";

/** One direction of a stream. What is carried arrives in its order. */
export interface Link {
  /** How many of `bytes` travel in the next segment: at least 1. */
  segment(bytes: number): number;
  /** Calls `arrive` when the segment is there; never, if the link was cut meanwhile. */
  carry(bytes: number, arrive: () => void): void;
  /** Whether the network breaks the connection in place of carrying the next segment. */
  breaks(): boolean;
  /** The end has reset or was killed: whether what is on its way is lost. */
  cut(): void;
}

/** No distance, and no faults: what is sent is there. */
export const DIRECT: Link = {
  segment: (bytes) => bytes,
  carry: (_, arrive) => {
    arrive();
  },
  breaks: () => false,
  cut: () => undefined,
};

/** What lies between two hosts. */
export interface Path {
  readonly latencyMs: number;
  /** Bytes in a millisecond. */
  readonly bytesPerMs: number;
  /** Whether nothing passes now; what is sent meanwhile arrives after the healing. */
  readonly partitioned: boolean;
  /** Calls back once it is healed. */
  onHealed(callback: () => void): void;
}

/** The largest segment, as on loopback. */
const SEGMENT_BYTES = 64 * 1024;

export class SimulatedLink implements Link {
  readonly #clock: SimulatedClock;
  readonly #path: Path;
  readonly #faults: FaultPlan;
  readonly #random: Random;
  /** When the last segment arrives: none overtakes another. */
  #lastAt = 0;
  /** Those that wait for the healing of a partition. */
  #held: (() => void)[] | null = null;
  /** Counts the cuts: what was carried before one does not arrive. */
  #generation = 0;

  constructor(clock: SimulatedClock, path: Path, faults: FaultPlan, random: Random) {
    this.#clock = clock;
    this.#path = path;
    this.#faults = faults;
    this.#random = random;
  }

  segment(bytes: number): number {
    const most = Math.min(bytes, SEGMENT_BYTES);
    return this.#random.chance(this.#faults.split) ? this.#random.integer(1, most) : most;
  }

  breaks(): boolean {
    return this.#random.chance(this.#faults.reset);
  }

  cut(): void {
    if (this.#random.chance(this.#faults.loseOnReset)) this.#generation++;
  }

  carry(bytes: number, arrive: () => void): void {
    const generation = this.#generation;
    const send = (): void => {
      this.#clock.post(
        () => {
          if (generation === this.#generation) arrive();
        },
        this.#takes(bytes),
      );
    };
    if (this.#held !== null) this.#held.push(send);
    else if (this.#path.partitioned) this.#hold(send);
    else send();
  }

  #hold(first: () => void): void {
    this.#held = [first];
    this.#path.onHealed(() => {
      const held = this.#held!;
      this.#held = null;
      for (const send of held) send();
    });
  }

  /** Milliseconds until a segment that is sent now is there. */
  #takes(bytes: number): number {
    const { latencyMs, bytesPerMs } = this.#path;
    const now = this.#clock.now();
    const at = Math.max(now + latencyMs, this.#lastAt) + bytes / bytesPerMs + this.#extra();
    this.#lastAt = at;
    return at - now;
  }

  #extra(): number {
    const random = this.#random;
    const delayed = random.chance(this.#faults.delay);
    const stalled = random.chance(this.#faults.stall);
    if (!delayed && !stalled) return 0;
    return random.integer(1, stalled ? MAGNITUDES.stallMs : MAGNITUDES.delayMs);
  }
}
