/** Counts of milliseconds, in steps of 10 µs; what is over the range counts as its end. */
const STEPS_PER_MS = 100;
const RANGE_MS = 5000;

export class Histogram {
  readonly #counts = new Uint32Array(RANGE_MS * STEPS_PER_MS + 1);
  #total = 0;

  add(ms: number): void {
    this.#counts[Math.min(Math.floor(ms * STEPS_PER_MS), RANGE_MS * STEPS_PER_MS)]!++;
    this.#total++;
  }

  /** The milliseconds that `share` of all do not exceed. */
  quantile(share: number): number {
    let left = share * this.#total;
    const step = this.#counts.findIndex((count) => (left -= count) <= 0);
    return (step + 1) / STEPS_PER_MS;
  }
}
