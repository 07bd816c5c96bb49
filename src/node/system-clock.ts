/** The clock of the system: Node's loop and its monotonic time. */
import type { Clock } from "../clock.ts";

/** The longest delay that setTimeout takes; what is due later is armed again. */
const LONGEST_MS = 0x7fffffff;

export class SystemClock implements Clock {
  #alive = false;
  /** Holds the process while it is referenced; it never does anything. */
  #anchor: NodeJS.Timeout | null = null;

  now(): number {
    return performance.now();
  }

  immediate(callback: () => void): void {
    const immediate = setImmediate(callback);
    if (!this.#alive) immediate.unref();
  }

  timer(delayMs: number, callback: () => void): () => void {
    const timeout = setTimeout(callback, Math.min(Math.ceil(delayMs), LONGEST_MS));
    timeout.unref();
    return () => {
      clearTimeout(timeout);
    };
  }

  keepAlive(alive: boolean): void {
    this.#alive = alive;
    this.#anchor ??= setInterval(() => undefined, LONGEST_MS);
    if (alive) this.#anchor.ref();
    else this.#anchor.unref();
  }
}
