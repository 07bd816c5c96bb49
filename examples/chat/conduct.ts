/**
 * Whether a member may speak now: not faster than the limit, and not while it is muted.
 *
 * The first line over the limit is a warning; the next one within the time of the warning mutes.
 * While a member is muted, what it asks is answered at most as often as the limit allows; that its
 * lines are dropped it is told now and then, not for each of them, or to be muted would be a way to
 * flood. To go on does not make the mute longer.
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

/** Between two times that a muted member is told that its lines are dropped. */
export const REMINDER_MS = 10_000;

export class Conduct {
  readonly #limiter: RateLimiter | null;
  readonly #muteMs: number;
  #warnedUntilMs = -Infinity;
  #mutedUntilMs = -Infinity;
  #remindedUntilMs = -Infinity;

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
    // What it is told of the mute tells that its lines are dropped, too.
    this.#remindedUntilMs = nowMs + REMINDER_MS;
    return "mute";
  }

  /** Whether it is time to tell a muted member that its lines are dropped. Counts as done. */
  remind(nowMs: number): boolean {
    if (nowMs < this.#remindedUntilMs) return false;
    this.#remindedUntilMs = nowMs + REMINDER_MS;
    return true;
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
    this.#warnedUntilMs = this.#remindedUntilMs = -Infinity;
  }

  /** How long it still is muted. */
  mutedMs(nowMs: number): number {
    return Math.max(0, this.#mutedUntilMs - nowMs);
  }
}
