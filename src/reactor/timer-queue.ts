/** The reactor's timers and deferred callbacks, and the one timer of the clock behind them. */
import { AsyncResource } from "node:async_hooks";

import type { Clock } from "../clock.ts";
import type { Counters } from "../host.ts";
import { TimerHeap, type HeapTimer, type Timer } from "../timers.ts";
import { asError, IomuxError } from "../errors.ts";
import type { Reporter } from "./reporter.ts";

interface TimerHost {
  readonly counters: Counters;
  readonly reporter: Reporter;
  hold(delta: 1 | -1): void;
  schedule(): void;
}

interface QueuedTimer extends HeapTimer {
  fire(): void;
}

export class TimerQueue {
  readonly #clock: Clock;
  readonly #host: TimerHost;
  readonly #heap = new TimerHeap<QueuedTimer>();
  #deferred: (() => void)[] = [];
  /** When the clock will wake us; Infinity while it will not. */
  #armedFor = Infinity;
  #disarm: (() => void) | null = null;
  #stopped = false;
  #closed = false;

  constructor(clock: Clock, host: TimerHost) {
    this.#clock = clock;
    this.#host = host;
  }

  get size(): number {
    return this.#heap.size;
  }

  set(delayMs: number, callback: () => void): Timer {
    return new ReactorTimer(this, this.#host, delayMs, callback);
  }

  /** A timer of the reactor's own: it does not keep the process alive. */
  after(delayMs: number, callback: () => void): () => void {
    const timer: QueuedTimer = { deadline: 0, order: 0, place: -1, fire: callback };
    this.add(timer, delayMs);
    return () => this.#heap.remove(timer);
  }

  add(timer: QueuedTimer, delayMs: number): void {
    if (this.#closed) return;
    this.#heap.add(timer, this.#clock.now() + delayMs);
    this.#arm();
  }

  remove(timer: QueuedTimer): boolean {
    return this.#heap.remove(timer);
  }

  defer(callback: () => void): void {
    this.#host.hold(1);
    const context = new AsyncResource("IOMUX_DEFERRED");
    this.#deferred.push(() => {
      context.runInAsyncScope(callback);
    });
    this.#host.schedule();
  }

  /** Fires what was due at `now` and was there when the turn began. */
  fireDue(now: number): void {
    if (this.#heap.earliest > now) return;
    const born = this.#heap.mark();
    for (let t = this.#heap.takeDue(now, born); t !== null; t = this.#heap.takeDue(now, born)) {
      this.#host.counters.timersFired++;
      this.#run(() => {
        t.fire();
      });
    }
    this.#arm();
  }

  runDeferred(): void {
    if (this.#deferred.length === 0) return;
    const deferred = this.#deferred;
    this.#deferred = [];
    for (const callback of deferred) {
      this.#host.hold(-1);
      if (!this.#stopped) this.#run(callback);
    }
  }

  #run(callback: () => void): void {
    try {
      callback();
    } catch (thrown) {
      this.#host.counters.handlerErrors++;
      this.#host.reporter.report(asError(thrown), null);
    }
  }

  /** Wakes for the earliest deadline. A wake-up that turns out too early only arms again. */
  #arm(): void {
    const earliest = this.#heap.earliest;
    if (earliest >= this.#armedFor) return;
    this.#disarm?.();
    this.#armedFor = earliest;
    this.#disarm = this.#clock.timer(Math.max(0, earliest - this.#clock.now()), () => {
      this.#armedFor = Infinity;
      this.#disarm = null;
      if (this.#heap.earliest <= this.#clock.now()) this.#host.schedule();
      else this.#arm();
    });
  }

  checkOpen(): void {
    if (!this.#stopped) return;
    throw new IomuxError("IOMUX_REACTOR_CLOSED", "the reactor is closed: its timers are too");
  }

  /** Calls off what users asked for; the reactor's own deadlines still count. */
  stop(): void {
    this.#stopped = true;
    const own: QueuedTimer[] = [];
    this.#heap.clear((timer) => {
      if (timer instanceof ReactorTimer) timer.cleared();
      else own.push(timer);
    });
    for (const timer of own) this.#heap.add(timer, timer.deadline);
    for (const _ of this.#deferred) this.#host.hold(-1);
    this.#deferred = [];
  }

  clear(): void {
    this.#closed = true;
    this.#disarm?.();
    this.#disarm = null;
    this.#armedFor = Infinity;
    this.#heap.clear(() => undefined);
  }

  assertInvariants(): void {
    this.#heap.assertInvariants();
  }
}

class ReactorTimer implements Timer, QueuedTimer {
  deadline = 0;
  order = 0;
  place = -1;
  readonly #queue: TimerQueue;
  readonly #host: TimerHost;
  readonly #delayMs: number;
  readonly #callback: () => void;
  /** The async context of `setTimer`. AsyncResource.bind would cost sixty times as much. */
  readonly #context = new AsyncResource("IOMUX_TIMER");
  #refed = true;

  constructor(queue: TimerQueue, host: TimerHost, delayMs: number, callback: () => void) {
    this.#queue = queue;
    this.#host = host;
    this.#delayMs = delayMs;
    this.#callback = callback;
    this.#host.hold(1);
    this.#queue.add(this, delayMs);
  }

  get active(): boolean {
    return this.place !== -1;
  }

  fire(): void {
    if (this.#refed) this.#host.hold(-1);
    this.#context.runInAsyncScope(this.#callback);
  }

  cleared(): void {
    if (this.#refed) this.#host.hold(-1);
  }

  cancel(): boolean {
    const active = this.#queue.remove(this);
    if (active && this.#refed) this.#host.hold(-1);
    return active;
  }

  refresh(): this {
    this.#queue.checkOpen();
    if (!this.#queue.remove(this) && this.#refed) this.#host.hold(1);
    this.#queue.add(this, this.#delayMs);
    return this;
  }

  ref(): this {
    if (!this.#refed && this.active) this.#host.hold(1);
    this.#refed = true;
    return this;
  }

  unref(): this {
    if (this.#refed && this.active) this.#host.hold(-1);
    this.#refed = false;
    return this;
  }
}
