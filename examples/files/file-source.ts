/** Where the bytes of a download come from, piece by piece: most often a file. */
import { LARGE_BYTES, SLOW_MS, SMALL_BYTES, type BufferPool } from "./buffer-pool.ts";
import type { Converter } from "./converter.ts";
import type { Reader } from "./file-store.ts";

export interface PieceSource {
  /**
   * The next bytes, at most about `maxBytes`; null: that was all. They are the caller's until it
   * asks again, which says that they have left. Throws StoreError.
   */
  next(maxBytes: number): Promise<Buffer | null>;
  /** There was more than may be sent. */
  readonly cutOff?: boolean;
  /** Lets go of everything. `inUse`: what was given last may still be read by somebody. */
  close(inUse: boolean): Promise<void>;
}

/** Bytes that leave fast before a large buffer is asked for. Who stops reading then has one at most. */
export const TRIAL_BYTES = LARGE_BYTES;

export interface FileSourceOptions {
  readonly offset: number;
  /** Of the bytes on their way out; it keeps none back. Null: they leave as they are. */
  readonly converter?: Pick<Converter, "convert"> | null;
  readonly pool: BufferPool;
  readonly now: () => number;
}

/** A file. Whoever reads slowly has a small buffer, so that the large ones stay in circulation. */
export class FileSource implements PieceSource {
  readonly #reader: Reader;
  readonly #pool: BufferPool;
  readonly #now: () => number;
  readonly #converter: Pick<Converter, "convert"> | null;
  #left: number;
  #small: Buffer | null = null;
  #large: Buffer | null = null;
  /** Bytes that have left in a row, each piece in less than `SLOW_MS`. */
  #fast = 0;
  #given = 0;
  #givenAt = 0;
  #closed = false;

  constructor(reader: Reader, { offset, converter = null, pool, now }: FileSourceOptions) {
    this.#reader = reader;
    this.#left = reader.size - offset;
    this.#pool = pool;
    this.#now = now;
    this.#converter = converter;
  }

  async next(maxBytes: number): Promise<Buffer | null> {
    this.#noteSpeed();
    const into = await this.#buffer(Math.min(maxBytes, this.#left));
    if (into === null || this.#closed) return null;
    const bytes = await this.#reader.read(into);
    this.#left -= bytes;
    this.#given = bytes;
    this.#givenAt = this.#now();
    if (bytes === 0) return null;
    // The file is not needed while its last bytes leave: that is when it is closed.
    if (this.#left === 0) void this.#reader.close().catch(() => undefined);
    const piece = into.subarray(0, bytes);
    return this.#converter === null ? piece : this.#converter.convert(piece);
  }

  #noteSpeed(): void {
    this.#fast = this.#now() - this.#givenAt < SLOW_MS ? this.#fast + this.#given : 0;
    if (this.#large === null) return;
    this.#pool.give(this.#large);
    this.#large = null;
  }

  /** Null: there is nothing left to read. */
  async #buffer(bytes: number): Promise<Buffer | null> {
    if (bytes === 0) return null;
    if (bytes > SMALL_BYTES && this.#converter === null && this.#fast >= TRIAL_BYTES) {
      this.#large = await this.#pool.take();
      if (this.#closed) this.#giveBack(false);
      if (this.#large !== null) return this.#large.subarray(0, Math.min(bytes, LARGE_BYTES));
    }
    this.#small ??= Buffer.allocUnsafeSlow(Math.min(SMALL_BYTES, this.#left));
    return this.#small.subarray(0, bytes);
  }

  #giveBack(inUse: boolean): void {
    if (this.#large === null) return;
    if (inUse) this.#pool.lose(this.#large);
    else this.#pool.give(this.#large);
    this.#large = null;
  }

  async close(inUse: boolean): Promise<void> {
    this.#closed = true;
    // A read that runs has its buffer until the reader is closed.
    await this.#reader.close();
    this.#giveBack(inUse);
  }
}
