/**
 * The bytes a framer works on: contiguous, whatever the chunks in which they came.
 *
 * A chunk that comes while nothing waits is taken over as it is, so that frames of it are views of
 * it. Only what must be joined is copied, into a buffer that at least doubles: a frame that comes
 * byte by byte costs linear time. Bytes that were taken are never written over: they are the
 * caller's for good.
 */
import { IomuxRangeError } from "../errors.ts";

/** The least that is allocated for joined bytes. */
const LEAST_BYTES = 64;
/** Up to this many bytes may be kept alive by a shorter rest: a block of small reads. */
const SLACK_BYTES = 8 * 1024;

const NOTHING = Buffer.alloc(0);

/** The bytes that came and are in no frame yet: what a framer works on. */
export class FrameInput {
  /** Unconsumed bytes. */
  length = 0;
  /** Bytes consumed so far: where in the stream the unconsumed ones begin. */
  position = 0;
  /** Ends where the unconsumed bytes end; they begin at `#start`. */
  #held: Buffer = NOTHING;
  #start = 0;
  /** The buffer of ours that `#held` is the beginning of; null if that is a chunk that came. */
  #own: Buffer | null = null;
  #view: Buffer | null = null;

  /** A view of the unconsumed bytes. Valid until the next `push`, `take` or `skip`. */
  get bytes(): Buffer {
    this.#view ??= this.#start === 0 ? this.#held : this.#held.subarray(this.#start);
    return this.#view;
  }

  /** The unconsumed byte at `offset`, or undefined past their end. */
  at(offset: number): number | undefined {
    return offset < 0 ? undefined : this.#held[this.#start + offset];
  }

  /** The offset of the first `sought`, a byte or bytes, at `from` or after it, or -1. */
  indexOf(sought: number | Uint8Array, from = 0): number {
    const place = this.#held.indexOf(sought, this.#start + from);
    return place === -1 ? -1 : place - this.#start;
  }

  /** Adds a chunk that came. It is kept, not copied, if nothing waits: leave its bytes alone. */
  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    if (this.length === 0) this.#held = chunk;
    else this.#join(chunk);
    this.length += chunk.length;
    this.#view = null;
  }

  /**
   * Twice of what is held is enough for linear time: before it is full, at least as many bytes
   * have come as must then be copied again.
   */
  #join(chunk: Buffer): void {
    let own = this.#own;
    let end = this.#held.length;
    if (own === null || end + chunk.length > own.length) {
      own = Buffer.allocUnsafeSlow(
        Math.max(this.length + chunk.length, 2 * this.length, LEAST_BYTES),
      );
      this.#held.copy(own, 0, this.#start);
      end = this.length;
      this.#start = 0;
      this.#own = own;
    }
    chunk.copy(own, end);
    this.#held = own.subarray(0, end + chunk.length);
  }

  /** Consumes `count` bytes and answers them, for good. Often a view of the chunk that came. */
  take(count: number): Buffer {
    this.#check(count, "take");
    const start = this.#start;
    const held = this.#held;
    const taken = count === held.length ? held : held.subarray(start, start + count);
    this.#consume(count);
    return taken;
  }

  /** Consumes `count` bytes. */
  skip(count: number): void {
    this.#check(count, "skip");
    this.#consume(count);
  }

  #check(count: number, doing: string): void {
    if (count >= 0 && count <= this.length && Number.isInteger(count)) return;
    throw new IomuxRangeError(
      "IOMUX_BAD_RANGE",
      `cannot ${doing} ${count} of ${this.length} bytes: give a whole number up to input.length`,
    );
  }

  #consume(count: number): void {
    if (count === 0) return;
    this.position += count;
    this.#view = null;
    if (count === this.length) {
      this.#release();
      return;
    }
    this.length -= count;
    this.#start += count;
  }

  /** Lets go of a chunk that is kept alive by a small rest of it: the rest is copied. */
  trim(): void {
    if (this.length === 0) return;
    const kept = this.#held.buffer.byteLength;
    if (kept <= SLACK_BYTES || kept < 4 * this.length) return;
    const rest = Buffer.allocUnsafeSlow(this.length);
    this.#held.copy(rest, 0, this.#start);
    this.#held = rest;
    this.#start = 0;
    this.#own = null;
    this.#view = null;
  }

  /** Consumes everything. */
  clear(): void {
    this.#consume(this.length);
  }

  #release(): void {
    this.length = 0;
    this.#held = NOTHING;
    this.#start = 0;
    this.#own = null;
  }

  /** Throws if the bytes held are not those counted. For tests and simulations. */
  assertInvariants(): void {
    const { length } = this;
    const own = this.#own;
    const held = this.#held.length - this.#start;
    if (held !== length) throw new Error(`FrameInput: length ${length}, held ${held}`);
    if (this.bytes.length !== length) throw new Error("FrameInput: a stale view");
    if (length === 0 && this.#held !== NOTHING) throw new Error("FrameInput: empty, and holds");
    if (own === null) return;
    if (own.buffer !== this.#held.buffer || own.byteOffset !== this.#held.byteOffset) {
      throw new Error("FrameInput: own bytes are not those held");
    }
  }
}
