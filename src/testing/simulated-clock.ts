/**
 * A clock that moves only when told, and the loop around it: timers, then I/O, then the immediate
 * phase, as in Node.
 *
 * Handlers may be asynchronous. After each pass the promises that are ready are run, which takes
 * one real `setImmediate`; nothing else here is real.
 */
import type { Clock } from "iomux";

interface Alarm {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
}

/** Passes after which `settle` gives up on a world that never comes to rest. */
const MAX_PASSES = 100_000;

export class SimulatedClock implements Clock {
  /** Whether something would keep a real process alive now. */
  alive = false;
  #now = 0;
  #order = 0;
  /** In order of time, then of age. */
  #alarms: Alarm[] = [];
  #events: (() => void)[] = [];
  #immediates: (() => void)[] = [];

  now(): number {
    return this.#now;
  }

  immediate(callback: () => void): void {
    this.#immediates.push(callback);
  }

  timer(delayMs: number, callback: () => void): () => void {
    const alarm: Alarm = { at: this.#now + delayMs, order: this.#order++, callback };
    const later = this.#alarms.findIndex(({ at }) => at > alarm.at);
    if (later === -1) this.#alarms.push(alarm);
    else this.#alarms.splice(later, 0, alarm);
    return () => {
      const place = this.#alarms.indexOf(alarm);
      if (place !== -1) this.#alarms.splice(place, 1);
    };
  }

  keepAlive(alive: boolean): void {
    this.alive = alive;
  }

  /** Something happens on the network: `callback` runs in the I/O phase of the next pass. */
  post(callback: () => void): void {
    this.#events.push(callback);
  }

  /** Time passes inside a handler, which blocks everything else. */
  spend(ms: number): void {
    this.#now += ms;
  }

  /** Whether a pass would do anything without time moving. */
  get busy(): boolean {
    const due = this.#alarms[0] !== undefined && this.#alarms[0].at <= this.#now;
    return due || this.#events.length > 0 || this.#immediates.length > 0;
  }

  /** One pass of the loop, without running promises. */
  pass(): void {
    const due = this.#alarms.filter(({ at }) => at <= this.#now);
    this.#alarms = this.#alarms.slice(due.length);
    for (const { callback } of due) callback();
    const events = this.#events;
    this.#events = [];
    for (const callback of events) callback();
    const immediates = this.#immediates;
    this.#immediates = [];
    for (const callback of immediates) callback();
  }

  /** One pass, then every promise that is ready. */
  async step(): Promise<void> {
    this.pass();
    await promisesRun();
  }

  /** Passes until nothing is left to do at this moment. Throws if that never comes. */
  async settle(maxPasses = MAX_PASSES): Promise<void> {
    await promisesRun();
    for (let pass = 0; this.busy; pass++) {
      if (pass === maxPasses) {
        throw new Error(`the world did not come to rest in ${maxPasses} passes: something spins`);
      }
      await this.step();
    }
  }

  /** Moves time forward, stopping at every timer on the way. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await this.settle();
    for (let next = this.#alarms[0]; next !== undefined && next.at <= end; next = this.#alarms[0]) {
      this.#now = Math.max(this.#now, next.at);
      await this.settle();
    }
    this.#now = end;
  }

  /** Lets the world go on, time included, until `promise` is settled. Throws if it stands still. */
  async run<T>(promise: Promise<T>): Promise<T> {
    const state = { settled: false };
    const done = (): void => {
      state.settled = true;
    };
    promise.then(done, done);
    await promisesRun();
    while (!state.settled) {
      if (!this.busy) {
        const next = this.#alarms[0];
        if (next === undefined) throw new Error("nothing is left to happen: the wait never ends");
        this.#now = next.at;
      }
      await this.step();
    }
    return promise;
  }
}

/** One immediate of the real loop drains any chain of promises. */
function promisesRun(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
