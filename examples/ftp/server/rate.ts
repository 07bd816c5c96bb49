/** Bytes a second: of one session, and of all of them together. */
import { TokenBucket } from "iomux";

/** Pieces in a second: with fewer, bytes would move by fits and starts. */
const PIECES_PER_SECOND = 8;
/** Smaller pieces cost too much. */
const MIN_PIECE_BYTES = 1024;

export interface RateLimit {
  readonly bucket: TokenBucket;
  /** Bytes that should be moved at a time. */
  readonly pieceBytes: number;
}

/** Null for 0: as fast as it goes. */
export function rateLimit(bytesPerSecond: number): RateLimit | null {
  if (bytesPerSecond === 0) return null;
  const pieceBytes = Math.max(MIN_PIECE_BYTES, Math.ceil(bytesPerSecond / PIECES_PER_SECOND));
  return { bucket: new TokenBucket({ perSecond: bytesPerSecond, burst: pieceBytes }), pieceBytes };
}

/** All limits that hold for a session. */
export class Rate {
  readonly pieceBytes: number;
  readonly #buckets: readonly TokenBucket[];

  constructor(limits: readonly (RateLimit | null)[]) {
    const given = limits.filter((limit) => limit !== null);
    this.#buckets = given.map(({ bucket }) => bucket);
    this.pieceBytes = Math.min(...given.map(({ pieceBytes }) => pieceBytes));
  }

  /** So many were moved. Answers for how many milliseconds nothing more should be. */
  spend(bytes: number, nowMs: number): number {
    let waitMs = 0;
    for (const bucket of this.#buckets) {
      bucket.spend(bytes, nowMs);
      waitMs = Math.max(waitMs, bucket.waitMs(0, nowMs));
    }
    return waitMs;
  }
}
