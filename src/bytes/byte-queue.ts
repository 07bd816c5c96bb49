/** Bytes that came and were not read yet, in the chunks in which they came. */

/** Under this a read gathers chunks into one buffer; a larger head chunk is answered as it is. */
const GATHER_BYTES = 16 * 1024;

export class ByteQueue {
  /** Bytes held. */
  length = 0;
  #first: Buffer | null = null;
  #rest: Buffer[] | null = null;
  #next = 0;

  push(chunk: Buffer): void {
    this.length += chunk.length;
    if (this.#first === null) this.#first = chunk;
    else if (this.#rest === null) this.#rest = [chunk];
    else this.#rest.push(chunk);
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
  }

  assertInvariants(): void {
    const waiting = this.#rest?.slice(this.#next) ?? [];
    const chunks = this.#first === null ? [] : [this.#first, ...waiting];
    const held = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    if (held !== this.length) throw new Error(`ByteQueue: length ${this.length}, held ${held}`);
    if (this.#first === null && this.#rest !== null) throw new Error("ByteQueue: headless");
    if (chunks.some((chunk) => chunk.length === 0)) throw new Error("ByteQueue: empty chunk");
  }
}
