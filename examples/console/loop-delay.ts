/** How late the timers of this process are: `perf_hooks` of Node measures it outside of JavaScript. */
import { monitorEventLoopDelay, type IntervalHistogram } from "node:perf_hooks";

/** Milliseconds between two samples. Each wakes the process. */
const RESOLUTION_MS = 20;

/** Milliseconds by which timers were late. */
export interface Delay {
  readonly meanMs: number;
  readonly mostMs: number;
}

export interface LoopDelay {
  start(): void;
  /** Since the last time. */
  take(): Delay;
  stop(): void;
}

/** That of this process. It costs something from `start()` to `stop()`, and nothing else. */
export class ProcessLoopDelay implements LoopDelay {
  #histogram: IntervalHistogram | null = null;

  start(): void {
    this.#histogram ??= monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    this.#histogram.enable();
  }

  take(): Delay {
    const histogram = this.#histogram;
    // Nothing came in so short a time: its mean is then not a number.
    if (histogram === null || histogram.count === 0) return { meanMs: 0, mostMs: 0 };
    const { mean, max } = histogram;
    histogram.reset();
    // What it counts are the nanoseconds from one sample to the next.
    return { meanMs: lateness(mean), mostMs: lateness(max) };
  }

  stop(): void {
    this.#histogram?.disable();
    this.#histogram = null;
  }
}

function lateness(ns: number): number {
  return Math.max(0, ns / 1e6 - RESOLUTION_MS);
}
