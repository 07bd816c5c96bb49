/**
 * How long to wait before the next attempt to connect: exponential, with a ceiling, and with a
 * random part, so that everybody who lost the same server does not come back in the same moment
 * (RFC 6298 has the doubling; "equal jitter" is AWS's name for the random part).
 */

export interface Backoff {
  /** Milliseconds before the first attempt. */
  readonly firstMs: number;
  /** Each wait is so many times the one before. */
  readonly factor: number;
  /** No wait is longer. */
  readonly maxMs: number;
  /** The share of a wait, 0 to 1, that is random. */
  readonly jitter: number;
  /** Attempts in a row that may fail. */
  readonly attempts: number;
}

export const BACKOFF: Backoff = {
  firstMs: 1000,
  factor: 2,
  maxMs: 30_000,
  jitter: 0.5,
  attempts: 10,
};

/**
 * Milliseconds before attempt number `attempt`, which counts from 1; null when there are no more.
 * `random` is from 0 to 1.
 */
export function waitMs(backoff: Backoff, attempt: number, random: number): number | null {
  if (attempt > backoff.attempts) return null;
  const full = Math.min(backoff.maxMs, backoff.firstMs * backoff.factor ** (attempt - 1));
  return Math.round(full * (1 - backoff.jitter * (1 - random)));
}
