/**
 * What keeps what is real out of a simulation while it runs: its clock and its random numbers
 * stand in the place of the process's, what is real is noticed, and Node's loop does not turn.
 *
 * Only what is reached through a global is replaced: `Date`, `performance.now()`, `Math.random()`,
 * `process.hrtime()`. Random bytes of node:crypto stay random.
 */
import { RealWatch } from "./real-watch.ts";
import type { Random } from "./random.ts";
import type { SimulatedClock } from "./simulated-clock.ts";

/** The date on which every simulation begins: 2000-01-01, UTC. */
const EPOCH_MS = 946_684_800_000;
const NS_IN_MS = 1_000_000;

const REJECTION = "unhandledRejection";
const turnLoop = setImmediate;
let occupied = false;

/** Puts something in the place of a property; answers how to put it back. */
function replace(owner: object, name: string, value: unknown): () => void {
  const before = Object.getOwnPropertyDescriptor(owner, name);
  Object.defineProperty(owner, name, { value, configurable: true, writable: true });
  return () => {
    if (before === undefined) Reflect.deleteProperty(owner, name);
    else Object.defineProperty(owner, name, before);
  };
}

export class Seclusion {
  readonly #watch = new RealWatch();
  readonly #clock: SimulatedClock;
  readonly #random: Random;
  #restore: (() => void)[] = [];
  #ownTicks = 0;
  /** Ticks of others when nothing was left to run. */
  #quietAt = 0;

  constructor(clock: SimulatedClock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /**
   * Once what the real loop has begun has come to rest. Rejects if another simulation runs: the process
   * has its globals once.
   */
  async enter(): Promise<void> {
    if (occupied)
      throw new Error("another simulation runs in this process: wait until its run() is over");
    occupied = true;
    await new Promise((resolve) => turnLoop(resolve));
    this.#replaceGlobals();
    this.#watch.start();
  }

  #replaceGlobals(): void {
    const clock = this.#clock;
    const date = (): number => Math.floor(EPOCH_MS + clock.now());
    const hrtime = (since: readonly [number, number] = [0, 0]): [number, number] => {
      const ns = Math.floor(clock.now() * NS_IN_MS) - since[0] * 1e9 - since[1];
      return [Math.floor(ns / 1e9), ns - Math.floor(ns / 1e9) * 1e9];
    };
    hrtime.bigint = (): bigint => BigInt(Math.floor(clock.now() * NS_IN_MS));
    this.#restore = [
      replace(Date, "now", date),
      replace(globalThis, "Date", dateOf(date)),
      replace(Math, "random", () => this.#random.fraction()),
      replace(performance, "now", () => clock.now()),
      replace(process, "hrtime", hrtime),
    ];
  }

  /**
   * The real loop turns once, so that many simulations in a row do not starve it. Answers why promises
   * were rejected that nobody handled: Node tells of them when nothing is left to run.
   */
  async leave(): Promise<unknown[]> {
    this.#watch.stop();
    for (const restore of this.#restore.splice(0).reverse()) restore();
    const unhandled: unknown[] = [];
    const listeners = process.rawListeners(REJECTION) as NodeJS.UnhandledRejectionListener[];
    process.removeAllListeners(REJECTION);
    process.on(REJECTION, (reason) => unhandled.push(reason));
    await new Promise((resolve) => turnLoop(resolve));
    process.removeAllListeners(REJECTION);
    for (const listener of listeners) process.on(REJECTION, listener);
    occupied = false;
    return unhandled;
  }

  /**
   * Fulfilled when every promise that is ready has run, and every `process.nextTick`, until none is
   * left: what Node does between two callbacks, without a turn of its loop.
   *
   * A tick of ours runs when all promises that are ready have run. Ticks of others in the same phase
   * may have made more ready; so it is over when none was made since the tick of ours before this.
   */
  drained(): Promise<void> {
    return new Promise((resolve) => {
      let before = this.#quietAt;
      const next = (): void => {
        const now = this.#foreignTicks;
        this.#ownTicks++;
        process.nextTick(() => {
          if (this.#foreignTicks === before) {
            this.#quietAt = before;
            resolve();
            return;
          }
          before = now;
          queueMicrotask(next);
        });
      };
      next();
    });
  }

  get #foreignTicks(): number {
    return this.#watch.ticks - this.#ownTicks;
  }

  /** What is waited for though it is real; null: nothing is. */
  found(): string | null {
    return this.#watch.found();
  }
}

function dateOf(now: () => number): DateConstructor {
  return new Proxy(Date, {
    construct: (target, given, newTarget) =>
      Reflect.construct(target, given.length === 0 ? [now()] : given, newTarget) as Date,
    apply: (target) => new target(now()).toString(),
  });
}
