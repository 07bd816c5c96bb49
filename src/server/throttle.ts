/**
 * Rates: how many bytes and frames a second, of one connection and of all of a server.
 *
 * Who wants something reserves it, and is told how long to wait before it may have it. So those who
 * wait come in the order in which they asked: who always wants more starves nobody, and nobody is
 * woken to find that others were faster.
 */
import type { ServerLimits } from "./options.ts";
import { TokenBucket } from "./token-bucket.ts";

/** Of a second's worth: what is read at once, so that bytes come evenly rather than in lumps. */
const PART = 1 / 10;

function bucket(perSecond: number): TokenBucket | null {
  return perSecond === 0 ? null : new TokenBucket({ perSecond });
}

/** Two buckets, either of which may be missing. */
export class Throttle {
  /** The most bytes that may be reserved at a time. */
  readonly bytesAtOnce: number;
  readonly #bytes: TokenBucket | null;
  readonly #frames: TokenBucket | null;

  private constructor(bytesPerSecond: number, framesPerSecond: number) {
    this.#bytes = bucket(bytesPerSecond);
    this.#frames = bucket(framesPerSecond);
    this.bytesAtOnce =
      bytesPerSecond === 0 ? Infinity : Math.max(1, Math.floor(bytesPerSecond * PART));
  }

  /** Of one connection; null where nothing limits it. */
  static ofConnection(limits: Readonly<ServerLimits>): Throttle | null {
    return Throttle.#of(limits.bytesPerSecond, limits.framesPerSecond);
  }

  /** Of all connections of a server together. */
  static ofServer(limits: Readonly<ServerLimits>): Throttle | null {
    return Throttle.#of(limits.serverBytesPerSecond, limits.serverFramesPerSecond);
  }

  static #of(bytesPerSecond: number, framesPerSecond: number): Throttle | null {
    if (bytesPerSecond === 0 && framesPerSecond === 0) return null;
    return new Throttle(bytesPerSecond, framesPerSecond);
  }

  /** Reserves `count` bytes; they may be read in so many milliseconds. */
  reserveBytes(count: number, nowMs: number): number {
    return reserve(this.#bytes, count, nowMs);
  }

  /** Reserves a frame; it may be handled in so many milliseconds. */
  reserveFrame(nowMs: number): number {
    return reserve(this.#frames, 1, nowMs);
  }

  /** Who is gone gives back what it had reserved: others must not wait for it. */
  giveBack(bytes: number, frames: number, nowMs: number): void {
    if (bytes > 0) this.#bytes?.giveBack(bytes, nowMs);
    if (frames > 0) this.#frames?.giveBack(frames, nowMs);
  }
}

function reserve(bucket: TokenBucket | null, count: number, nowMs: number): number {
  if (bucket === null) return 0;
  const waitMs = bucket.waitMs(count, nowMs);
  bucket.spend(count, nowMs);
  return waitMs;
}
