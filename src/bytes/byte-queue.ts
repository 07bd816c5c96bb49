/**
 * Bytes that came and were not read yet, in the chunks in which they came. Only small chunks that
 * come while others wait are joined, in pages: a peer that sends byte by byte, and is not read from,
 * must not cost a hundred times what is counted.
 */

/** A chunk up to this size that comes behind others is copied into a page. */
const SMALL_BYTES = 1024;
const PAGE_BYTES = 4096;

/** Under this a read gathers chunks into one buffer; a larger head chunk is answered as it is. */
const GATHER_BYTES = 16 * 1024;

export class ByteQueue {
  /** Bytes held. */
  length = 0;
  #first: Buffer | null = null;
  #rest: Buffer[] | null = null;
  #next = 0;
  /** The page that the last of the rest is the beginning of, if more may go into it. */
  #page: Buffer | null = null;

  push(chunk: Buffer): void {
    this.length += chunk.length;
    if (this.#first === null) this.#first = chunk;
    else this.#pushBehind(chunk);
  }

  #pushBehind(chunk: Buffer): void {
    const rest = (this.#rest ??= []);
    const last = rest.at(-1);
    if (last === undefined || !this.#joins(last, chunk)) {
      rest.push(chunk);
      this.#page = null;
      return;
    }
    const end = last.length + chunk.length;
    if (this.#page === null) {
      this.#page = Buffer.allocUnsafeSlow(PAGE_BYTES);
      last.copy(this.#page);
    }
    chunk.copy(this.#page, last.length);
    rest[rest.length - 1] = this.#page.subarray(0, end);
  }

  /** `last`, the end of the rest, is the beginning of the page, if there is one. */
  #joins(last: Buffer, chunk: Buffer): boolean {
    if (chunk.length > SMALL_BYTES) return false;
    if (this.#page === null) return last.length <= SMALL_BYTES;
    return last.length + chunk.length <= PAGE_BYTES;
  }

  /** The head chunk, not removed, or null. */
  peek(): Buffer | null {
    return this.#first;
  }

  /**
   * Up to `maxBytes`, at least one, or null. A whole chunk is answered without a copy; only small
   * ones are gathered. Like read(2) it may answer less than is held.
   */
  read(maxBytes: number): Buffer | null {
    const first = this.#first;
    if (first === null || maxBytes <= 0) return null;
    if (first.length > maxBytes) {
      this.#first = first.subarray(maxBytes);
      this.length -= maxBytes;
      return first.subarray(0, maxBytes);
    }
    if (first.length < this.length && first.length < GATHER_BYTES && first.length < maxBytes) {
      return this.#gather(Math.min(maxBytes, GATHER_BYTES, this.length));
    }
    this.length -= first.length;
    this.#shift();
    return first;
  }

  #gather(bytes: number): Buffer {
    const gathered = Buffer.allocUnsafe(bytes);
    let filled = 0;
    while (filled < bytes) {
      const chunk = this.#first!;
      const part = Math.min(chunk.length, bytes - filled);
      chunk.copy(gathered, filled, 0, part);
      filled += part;
      if (part === chunk.length) this.#shift();
      else this.#first = chunk.subarray(part);
    }
    this.length -= bytes;
    return gathered;
  }

  #shift(): void {
    const rest = this.#rest;
    if (rest === null) {
      this.#first = null;
      return;
    }
    this.#first = rest[this.#next++]!;
    if (this.#next === rest.length) {
      this.#rest = null;
      this.#next = 0;
      this.#page = null;
    } else if (this.#next >= 32 && this.#next * 2 >= rest.length) {
      rest.splice(0, this.#next);
      this.#next = 0;
    }
  }

  /** Everything, in the chunks in which it is held. */
  takeAll(): Buffer[] {
    const waiting = this.#rest?.slice(this.#next) ?? [];
    const chunks = this.#first === null ? [] : [this.#first, ...waiting];
    this.clear();
    return chunks;
  }

  clear(): void {
    this.length = 0;
    this.#first = null;
    this.#rest = null;
    this.#next = 0;
    this.#page = null;
  }

  assertInvariants(): void {
    const waiting = this.#rest?.slice(this.#next) ?? [];
    const chunks = this.#first === null ? [] : [this.#first, ...waiting];
    const held = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    if (held !== this.length) throw new Error(`ByteQueue: length ${this.length}, held ${held}`);
    const tail = waiting.at(-1);
    if (this.#page !== null && tail?.buffer !== this.#page.buffer)
      throw new Error("ByteQueue: page");
    if (this.#first === null && this.#rest !== null) throw new Error("ByteQueue: headless");
    if (chunks.some((chunk) => chunk.length === 0)) throw new Error("ByteQueue: empty chunk");
  }
}
