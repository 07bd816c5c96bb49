/**
 * A clock that moves only when told, and the loop around it: timers, then I/O, then the immediate
 * phase, as in Node.
 *
 * Handlers may be asynchronous. After each step the promises that are ready are run, which takes
 * one real `setImmediate`; nothing else here is real.
 */
import type { Clock } from "iomux";

import { EventQueue, type QueuedEvent } from "./event-queue.ts";

/** Steps after which `settle` gives up on what never comes to rest. */
const MAX_STEPS = 100_000;

export class SimulatedClock implements Clock {
  /** Whether something would keep a real process alive now. */
  alive = false;
  #now = 0;
  readonly #alarms = new EventQueue();
  /** What happens on the network. */
  readonly #arrivals = new EventQueue();
  #immediates: (() => void)[] = [];

  now(): number {
    return this.#now;
  }

  immediate(callback: () => void): void {
    this.#immediates.push(callback);
  }

  timer(delayMs: number, callback: () => void): () => void {
    const alarm = this.#alarms.add(this.#now + delayMs, callback);
    return () => {
      alarm.callback = null;
    };
  }

  keepAlive(alive: boolean): void {
    this.alive = alive;
  }

  /**
   * Something happens on the network after `delayMs`: `callback` runs in the I/O phase of the next
   * step, or of the first one then.
   */
  post(callback: () => void, delayMs = 0): void {
    this.postAt(callback, this.#now + delayMs);
  }

  /** As `post`, at a time: what is posted for the same time happens in the order of posting. */
  postAt(callback: () => void, atMs: number): void {
    this.#arrivals.add(atMs, callback);
  }

  /** Time passes inside a handler, which blocks everything else. */
  spend(ms: number): void {
    this.#now += ms;
  }

  /** Whether a step would do anything without time moving. */
  get busy(): boolean {
    return this.#next <= this.#now || this.#immediates.length > 0;
  }

  /** When something happens next, if nothing does now; Infinity: never. */
  get #next(): number {
    return Math.min(this.#alarms.earliest, this.#arrivals.earliest);
  }

  /** How much is on its way on the network. */
  get pending(): number {
    return this.#arrivals.size;
  }

  /** One step without running promises. */
  stepSync(): void {
    for (const callback of this.#phases()) callback();
  }

  *#phases(): Generator<() => void> {
    yield* callable(this.#alarms.takeDue(this.#now));
    yield* callable(this.#arrivals.takeDue(this.#now));
    const immediates = this.#immediates;
    this.#immediates = [];
    yield* immediates;
  }

  /** One step: once round the loop, then every promise that is ready. */
  async step(): Promise<void> {
    this.stepSync();
    await promisesRun();
  }

  /** One step as Node makes it: what is ready is run by `drained` after each callback. */
  async stepEach(drained = promisesRun): Promise<void> {
    for (const callback of this.#phases()) {
      callback();
      await drained();
    }
  }

  /** Time moves to when something happens next. False: nothing ever will. */
  skip(): boolean {
    const next = this.#next;
    if (next === Infinity) return false;
    this.#now = Math.max(this.#now, next);
    return true;
  }

  /** Steps until nothing is left to do at this moment. Throws if that never comes. */
  async settle(maxSteps = MAX_STEPS): Promise<void> {
    await promisesRun();
    for (let steps = 0; this.busy; steps++) {
      if (steps === maxSteps) {
        throw new Error(`it did not come to rest in ${maxSteps} steps: something spins`);
      }
      await this.step();
    }
  }

  /** Moves time forward, stopping at every event on the way. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await this.settle();
    while (this.#next <= end) {
      this.skip();
      await this.settle();
    }
    this.#now = Math.max(this.#now, end);
  }

  /** Goes on, time included, until `promise` is settled. Throws if it stands still. */
  async run<T>(promise: Promise<T>): Promise<T> {
    const state = { settled: false };
    const done = (): void => {
      state.settled = true;
    };
    promise.then(done, done);
    await promisesRun();
    while (!state.settled) {
      if (!this.busy && !this.skip()) {
        throw new Error("nothing is left to happen: the wait never ends");
      }
      await this.step();
    }
    return promise;
  }
}

/** Also one that is called off by another of them is not called. */
function* callable(events: readonly QueuedEvent[]): Generator<() => void> {
  for (const { callback } of events) if (callback !== null) yield callback;
}

/** One immediate of the real loop drains any chain of promises. */
function promisesRun(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
