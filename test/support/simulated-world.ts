/**
 * The world in memory under faults that cost time and cut bytes into pieces, but lose nothing: what
 * is promised holds in it too. Everything follows from its seed: `SEED=n` chooses one,
 * `SEEDS=4,5,6` several.
 */
import type { Reactor, ReactorOptions } from "iomux";
import { createSimulation, type FaultPlan, type SimulatedHost } from "iomux/testing";

import { MemoryWorld } from "./memory-world.ts";

/**
 * Faults that cost only time, or cut bytes into pieces. Buffers of a few bytes are left to the
 * scenarios: through them the output that is waited for here would take hours.
 */
const HARMLESS: Partial<FaultPlan> = {
  split: 0.3,
  delay: 0.2,
  stall: 0.005,
  slowHandler: 0.01,
};

/** A few segments may stand still, for up to 5 s each, one after the other. */
const SLACK_MS = 30_000;

/** Steps of the loop in one moment, after which time moves though something is ready still. */
const STEPS_AT_ONCE = 20;

/** Steps of the loop after which a condition is taken to hold never. */
const MAX_STEPS = 100_000;

/** One immediate of the real loop drains any chain of promises. */
function promisesRun(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export class SimulatedWorld extends MemoryWorld {
  override readonly network = "simulated";
  override readonly slackMs = SLACK_MS;
  readonly #host: SimulatedHost;
  #stepsAtOnce = 0;

  constructor(seed: string, faults = HARMLESS) {
    const simulation = createSimulation({ seed, faults });
    const host = simulation.host("here");
    super("tcp", simulation.clock, host.network);
    this.#host = host;
  }

  protected override newReactor(options: ReactorOptions): Reactor {
    return this.#host.createReactor(options);
  }

  override async run<T>(promise: Promise<T>): Promise<T> {
    const state = { settled: false };
    const done = (): void => {
      state.settled = true;
    };
    promise.then(done, done);
    await this.#go(() => state.settled, "a promise to be settled", true);
    return promise;
  }

  override until(condition: () => boolean, what: string): Promise<void> {
    return this.#go(condition, what, false);
  }

  /** Time moves only as far as something is on its way, or with `timers` as far as it takes. */
  async #go(condition: () => boolean, what: string, timers: boolean): Promise<void> {
    for (let step = 0; !condition(); step++) {
      const going = await this.#step(timers);
      if ((going && step < MAX_STEPS) || condition()) continue;
      const open = this.memory.netstat().join("\n");
      const why = going ? `${MAX_STEPS} steps` : "nothing is left to happen";
      throw new Error(`waited in vain for ${what}: ${why}\n${open}`);
    }
  }

  /** One pass of the loop. False: nothing is left to happen. */
  async #step(timers = false): Promise<boolean> {
    const { clock } = this;
    // Promises that are ready come before time.
    if (!clock.busy) await clock.step();
    const before = clock.now();
    const mayMove = timers || clock.pending > 0;
    // Who is ready again and again takes time too, in which other things happen.
    if (clock.busy && mayMove && this.#stepsAtOnce >= STEPS_AT_ONCE) {
      clock.skip();
      // A timer that is due each time holds it back.
      if (clock.now() === before) clock.spend(10);
    }
    const going = clock.busy || (mayMove && clock.skip());
    this.#stepsAtOnce = clock.now() === before ? this.#stepsAtOnce + 1 : 0;
    await clock.stepEach(promisesRun);
    this.#host.assertInvariants();
    return going;
  }

  override async settle(): Promise<void> {
    await this.#go(() => !this.clock.busy && this.clock.pending === 0, "the world to rest", false);
  }

  override async passes(count: number): Promise<void> {
    for (let pass = 0; pass < count; pass++) await this.#step();
  }

  override async advance(ms: number): Promise<void> {
    const { clock } = this;
    const end = clock.now() + ms;
    clock.timer(ms, () => undefined);
    while (clock.now() < end || clock.busy) {
      if (!clock.busy) clock.skip();
      await clock.stepEach(promisesRun);
    }
    this.#host.assertInvariants();
  }

  override get alive(): boolean {
    return this.#host.alive;
  }
}
