/** What a reactor has done since somebody last asked, and what it holds now. */
import type { Reactor, ReactorStats, Turn } from "iomux";

import type { Load } from "./feed.ts";
import type { LoopDelay } from "./loop-delay.ts";
import { rounded } from "./milliseconds.ts";

export class LoadMeter {
  readonly #reactor: Reactor;
  readonly #loopDelay: LoopDelay;
  #before: ReactorStats | null = null;
  #since = 0;
  #turnMs = 0;
  #longestTurnMs = 0;

  constructor(reactor: Reactor, loopDelay: LoopDelay) {
    this.#reactor = reactor;
    this.#loopDelay = loopDelay;
  }

  /** From now on it measures. */
  start(): void {
    this.#loopDelay.start();
    this.#begin(this.#reactor.stats());
  }

  #begin(stats: ReactorStats): void {
    this.#before = stats;
    this.#since = this.#reactor.now();
    this.#turnMs = this.#longestTurnMs = 0;
  }

  turnEnded({ ms }: Turn): void {
    this.#turnMs += ms;
    this.#longestTurnMs = Math.max(this.#longestTurnMs, ms);
  }

  /** Since the last time, or since `start()`, which must have been called. */
  take(): Load {
    const stats = this.#reactor.stats();
    const before = this.#before!;
    const nowMs = this.#reactor.now();
    const { meanMs, mostMs } = this.#loopDelay.take();
    const load = {
      nowMs: rounded(nowMs),
      forMs: rounded(nowMs - this.#since),
      turns: stats.turns - before.turns,
      dispatches: stats.dispatches - before.dispatches,
      bytesIn: stats.bytesIn - before.bytesIn,
      bytesOut: stats.bytesOut - before.bytesOut,
      turnMs: rounded(this.#turnMs),
      longestTurnMs: rounded(this.#longestTurnMs),
      loopDelayMs: rounded(meanMs),
      longestLoopDelayMs: rounded(mostMs),
      open: stats.open,
      registered: stats.registered,
      timers: stats.timers,
      bufferedBytes: stats.bufferedBytes,
      slowHandlers: stats.slowHandlers,
      spinning: stats.spinning,
      refused: stats.refused,
      shed: stats.shed,
    };
    this.#begin(stats);
    return load;
  }

  /** It costs nothing any more. */
  stop(): void {
    this.#loopDelay.stop();
    this.#before = null;
  }
}
