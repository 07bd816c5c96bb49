/** Bytes that came and were not used: contiguous, and joined only if they must be. */

const LEAST_BYTES = 256;
const NOTHING = Buffer.alloc(0);

export class HeldBytes {
  /** What is held is in it, from `at` up to `end`. */
  bytes: Buffer = NOTHING;
  at = 0;
  end = 0;
  /** `bytes` is ours, and may have room behind `end`. */
  #own = false;

  get length(): number {
    return this.end - this.at;
  }

  /** Kept as it is if nothing waits. What was taken is never written over. */
  push(chunk: Buffer): void {
    if (this.at === this.end) {
      this.bytes = chunk;
      this.at = 0;
      this.end = chunk.length;
      this.#own = false;
      return;
    }
    if (!this.#own || this.end + chunk.length > this.bytes.length) this.#move(chunk.length);
    chunk.copy(this.bytes, this.end);
    this.end += chunk.length;
  }

  /** Twice of what is needed: byte by byte costs linear time. */
  #move(more: number): void {
    const { length } = this;
    const own = Buffer.allocUnsafe(Math.max(2 * (length + more), LEAST_BYTES));
    this.bytes.copy(own, 0, this.at, this.end);
    this.bytes = own;
    this.at = 0;
    this.end = length;
    this.#own = true;
  }

  /** A view of the next `count` bytes, which are used up. */
  take(count: number): Buffer {
    const { bytes, at } = this;
    const taken = count === bytes.length ? bytes : bytes.subarray(at, at + count);
    this.skip(count);
    return taken;
  }

  skip(count: number): void {
    this.at += count;
    if (this.at === this.end) this.clear();
  }

  clear(): void {
    this.bytes = NOTHING;
    this.at = 0;
    this.end = 0;
    this.#own = false;
  }
}
