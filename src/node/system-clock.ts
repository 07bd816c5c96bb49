/** The clock of the system: Node's loop and its monotonic time. */
import type { Clock } from "../clock.ts";

/** The longest delay that setTimeout takes; what is due later is armed again. */
const LONGEST_MS = 0x7fffffff;

// The global is an accessor, which is asked each time.
const { performance } = globalThis;

export class SystemClock implements Clock {
  #alive = false;
  /** Holds the process while it is referenced; it never does anything. */
  #anchor: NodeJS.Timeout | null = null;
  /** The latest immediate that was set while nothing was alive. */
  #unreferenced: NodeJS.Immediate | null = null;

  now(): number {
    return performance.now();
  }

  immediate(callback: () => void): void {
    if (this.#alive) {
      setImmediate(callback);
      return;
    }
    let ran = false;
    this.#unreferenced = setImmediate(() => {
      ran = true;
      callback();
    }).unref();
    // Where something else keeps the process alive, the loop would wait for I/O before it runs an
    // unreferenced immediate. A timer ends that wait; one that fires before it has begun does not.
    const nudge = (): void => {
      if (!ran) setTimeout(nudge, 0).unref();
    };
    nudge();
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
    if (alive) {
      this.#anchor.ref();
      this.#unreferenced?.ref();
    } else this.#anchor.unref();
  }
}

/** The next immediate phase of Node's own loop, whatever clock a reactor has. */
export function nextImmediate(callback: () => void): void {
  setImmediate(callback);
}
