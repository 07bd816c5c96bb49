/** What happened in a simulated world, line by line. The same seed gives the same lines. */
import type { SimulatedClock } from "./simulated-clock.ts";

/** The lines, and a digest of all of them. */
export class Trace {
  /** A number that every line goes into: equal traces have equal digests. */
  digest = 0x811c9dc5;
  /** Lines so far. */
  count = 0;
  readonly #clock: SimulatedClock;
  readonly #keep: number;
  #lines: string[] = [];

  /** Keeps at least the last `keep` lines, and at most twice as many. */
  constructor(clock: SimulatedClock, keep: number) {
    this.#clock = clock;
    this.#keep = keep;
  }

  /** Adds a line, with the time before it. */
  note(what: string): void {
    const line = `${this.#clock.now().toFixed(3)} ${what}`;
    this.count++;
    for (let i = 0; i < line.length; i++) {
      this.digest = Math.imul(this.digest ^ line.charCodeAt(i), 0x01000193) >>> 0;
    }
    this.#lines.push(line);
    if (this.#lines.length >= 2 * this.#keep) this.#lines = this.#lines.slice(-this.#keep);
  }

  /** The last lines. */
  last(count: number): readonly string[] {
    return this.#lines.slice(-count);
  }
}
