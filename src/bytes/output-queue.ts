/**
 * Bytes that were accepted for writing and have not left yet.
 *
 * Small pieces are copied one behind the other into a page, so that the many small writes of a
 * turn leave as one chunk. Larger pieces are borrowed: the queue holds the caller's bytes until
 * they have left. Where the border lies was measured (concatenation wins under 1 KiB, writev over).
 */

/** Pieces up to this many bytes are copied; larger ones are borrowed until they have left. */
const COPY_BYTES = 1024;

const PAGE_BYTES = 4096;
const FREE_PAGES = 256;

/** Pages for small pieces, used again: a turn's small writes allocate nothing. */
export class PagePool {
  #free: Buffer[] = [];

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(PAGE_BYTES);
  }

  give(page: Buffer): void {
    if (this.#free.length < FREE_PAGES) this.#free.push(page);
  }
}

export class OutputQueue {
  /** Bytes held, those of the write in flight among them. */
  length = 0;
  readonly #pool: PagePool;
  #waiting: Uint8Array[] = EMPTY;
  /** The page behind each waiting chunk, null where it is borrowed. */
  #pages: (Buffer | null)[] = EMPTY;
  #tail: Buffer | null = null;
  #tailUsed = 0;
  #inFlightBytes = 0;
  #inFlightPages: (Buffer | null)[] = EMPTY;

  constructor(pool: PagePool) {
    this.#pool = pool;
  }

  /** Answers whether the bytes are borrowed: theirs is the memory that will be sent. */
  append(bytes: Uint8Array, copy: boolean): boolean {
    const size = bytes.length;
    this.length += size;
    if (size <= COPY_BYTES) {
      if (this.#tail === null || this.#tailUsed + size > PAGE_BYTES) {
        this.#seal();
        this.#tail = this.#pool.take();
      }
      this.#tail!.set(bytes, this.#tailUsed);
      this.#tailUsed += size;
      return false;
    }
    this.#seal();
    this.#enqueue(copy ? Buffer.from(bytes) : bytes, null);
    return !copy;
  }

  /** The chunks of the next write, at most `maxBytes`. They stay counted until `written()`. */
  next(maxBytes: number): readonly Uint8Array[] {
    this.#seal();
    const total = this.length;
    if (total <= maxBytes) {
      const chunks = this.#waiting;
      this.#inFlightBytes = total;
      this.#inFlightPages = this.#pages;
      this.#waiting = EMPTY;
      this.#pages = EMPTY;
      return chunks;
    }
    return this.#cut(maxBytes);
  }

  #cut(maxBytes: number): readonly Uint8Array[] {
    let bytes = 0;
    let count = 0;
    while (bytes + this.#waiting[count]!.length <= maxBytes) bytes += this.#waiting[count++]!.length;
    const chunks = this.#waiting.splice(0, count);
    this.#inFlightPages = this.#pages.splice(0, count);
    const head = this.#waiting[0]!;
    const part = maxBytes - bytes;
    if (part > 0) {
      chunks.push(head.subarray(0, part));
      this.#waiting[0] = head.subarray(part);
    }
    this.#inFlightBytes = maxBytes;
    return chunks;
  }

  /** The write in flight is complete. Answers how many bytes it had. */
  written(): number {
    const bytes = this.#inFlightBytes;
    for (const page of this.#inFlightPages) if (page !== null) this.#pool.give(page);
    this.#inFlightPages = EMPTY;
    this.#inFlightBytes = 0;
    this.length -= bytes;
    return bytes;
  }

  /** Forgets everything. Pages that the network may still hold are not used again. */
  clear(): void {
    this.length = 0;
    this.#waiting = EMPTY;
    this.#pages = EMPTY;
    this.#tail = null;
    this.#tailUsed = 0;
    this.#inFlightBytes = 0;
    this.#inFlightPages = EMPTY;
  }

  #seal(): void {
    const page = this.#tail;
    if (page === null) return;
    this.#enqueue(page.subarray(0, this.#tailUsed), page);
    this.#tail = null;
    this.#tailUsed = 0;
  }

  #enqueue(chunk: Uint8Array, page: Buffer | null): void {
    if (this.#waiting === EMPTY) {
      this.#waiting = [chunk];
      this.#pages = [page];
    } else {
      this.#waiting.push(chunk);
      this.#pages.push(page);
    }
  }

  assertInvariants(): void {
    const waiting = this.#waiting.reduce((sum, chunk) => sum + chunk.length, 0);
    const held = waiting + this.#tailUsed + this.#inFlightBytes;
    if (held !== this.length) throw new Error(`OutputQueue: length ${this.length}, held ${held}`);
    if (this.#waiting.length !== this.#pages.length) throw new Error("OutputQueue: pages");
    if (this.#tail === null && this.#tailUsed !== 0) throw new Error("OutputQueue: tail");
  }
}

/** Shared and never written to: an idle queue owns no array. */
const EMPTY: never[] = [];
