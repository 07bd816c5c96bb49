/**
 * Whether a member may speak now: not faster than the limit, and not while it is muted.
 *
 * The first line over the limit is a warning; the next one within the time of the warning mutes.
 * While a member is muted it is answered at most as often as the limit allows, and to go on does
 * not make the mute longer.
 */

import type { Standing } from "./standings.ts";

/** `TokenBucket` of "iomux" is one. */
export interface RateLimiter {
  take(count: number, nowMs: number): boolean;
}

/**
 * - `pass`: the line counts.
 * - `warn`, `mute`: the line is dropped, and its sender is told.
 * - `muted`: it may ask, but not speak.
 * - `ignore`: the line is dropped.
 */
export type Verdict = "pass" | "warn" | "mute" | "muted" | "ignore";

/** How long a warning is remembered. */
export const WARNING_MS = 60_000;

export class Conduct {
  readonly #limiter: RateLimiter | null;
  readonly #muteMs: number;
  #warnedUntilMs = -Infinity;
  #mutedUntilMs = -Infinity;

  /** Without a limiter, a member may speak as fast as it likes. */
  constructor(limiter: RateLimiter | null, muteMs: number) {
    this.#limiter = limiter;
    this.#muteMs = muteMs;
  }

  line(nowMs: number): Verdict {
    const within = this.#limiter?.take(1, nowMs) ?? true;
    if (this.mutedMs(nowMs) > 0) return within ? "muted" : "ignore";
    if (within) return "pass";
    if (nowMs >= this.#warnedUntilMs) {
      this.#warnedUntilMs = nowMs + WARNING_MS;
      return "warn";
    }
    this.mute(this.#muteMs, nowMs);
    return "mute";
  }

  get standing(): Standing {
    return { warnedUntilMs: this.#warnedUntilMs, mutedUntilMs: this.#mutedUntilMs };
  }

  /** From an earlier visit. */
  inherit({ warnedUntilMs, mutedUntilMs }: Standing): void {
    this.#warnedUntilMs = warnedUntilMs;
    this.#mutedUntilMs = mutedUntilMs;
  }

  /** For 0 ms: not any more. */
  mute(forMs: number, nowMs: number): void {
    this.#mutedUntilMs = nowMs + forMs;
    this.#warnedUntilMs = -Infinity;
  }

  /** How long it still is muted. */
  mutedMs(nowMs: number): number {
    return Math.max(0, this.#mutedUntilMs - nowMs);
  }
}
