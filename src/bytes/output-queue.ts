/**
 * Bytes that were accepted for writing and have not left yet.
 *
 * Small pieces are copied one behind the other into a page, so that the many small writes of a
 * turn leave as one chunk. Larger pieces are borrowed: the queue holds the caller's bytes until
 * they have left. Where the border lies was measured (concatenation wins under 1 KiB, writev over).
 */

/** Pieces up to this many bytes are copied; larger ones are borrowed until they have left. */
const COPY_BYTES = 1024;

/**
 * One small message is all that most channels have at a time, and as many pages may be in use as
 * channels have something to say in one turn. What outgrows a small page moves to a large one.
 */
const SMALL_PAGE_BYTES = 512;
const LARGE_PAGE_BYTES = 4096;
/** Of each size. */
const FREE_PAGES = 1024;

/** A page, and the last view of its beginning: messages of one size need only one. */
class Page {
  readonly bytes: Buffer;
  #view: Buffer;

  constructor(size: number) {
    this.#view = this.bytes = Buffer.allocUnsafeSlow(size);
  }

  view(length: number): Buffer {
    if (this.#view.length !== length) this.#view = this.bytes.subarray(0, length);
    return this.#view;
  }
}

/** Pages for small pieces, used again: a turn's small writes allocate nothing. */
export class PagePool {
  readonly #small: Page[] = [];
  readonly #large: Page[] = [];

  /** A page with room for `size` bytes. */
  take(size: number): Page {
    return size <= SMALL_PAGE_BYTES
      ? (this.#small.pop() ?? new Page(SMALL_PAGE_BYTES))
      : (this.#large.pop() ?? new Page(LARGE_PAGE_BYTES));
  }

  give(page: Page): void {
    const free = page.bytes.length === SMALL_PAGE_BYTES ? this.#small : this.#large;
    if (free.length < FREE_PAGES) free.push(page);
  }
}

export class OutputQueue {
  /** Bytes held, those of the write in flight among them. */
  length = 0;
  readonly #pool: PagePool;
  /** A queue of one chunk, the usual case, has it here and owns no array. */
  #only: Uint8Array | null = null;
  #onlyPage: Page | null = null;
  /** Whether the only chunk came by `appendShared` and is small. */
  #onlyShared = false;
  #waiting: Uint8Array[] = EMPTY;
  /** The page behind each waiting chunk, null where it is borrowed. */
  #pages: (Page | null)[] = EMPTY;
  #tail: Page | null = null;
  #tailUsed = 0;
  #inFlightBytes = 0;
  #inFlightPage: Page | null = null;
  #inFlightPages: (Page | null)[] = EMPTY;

  constructor(pool: PagePool) {
    this.#pool = pool;
  }

  /**
   * Bytes that nobody changes any more, such as a frame that many queues share. A small piece that
   * is alone is sent as it is; it is copied only when a second one comes before it has left.
   */
  appendShared(bytes: Uint8Array): void {
    const alone = this.#only === null && this.#waiting.length === 0 && this.#tail === null;
    if (!alone || bytes.length > COPY_BYTES) {
      this.append(bytes, false);
      return;
    }
    this.length += bytes.length;
    this.#only = bytes;
    this.#onlyShared = true;
  }

  /** The shared piece that was alone goes to the front of a page. */
  #unshare(): void {
    const bytes = this.#only!;
    this.#only = null;
    this.#onlyShared = false;
    this.length -= bytes.length;
    this.append(bytes, false);
  }

  /** Answers whether the bytes are borrowed: theirs is the memory that will be sent. */
  append(bytes: Uint8Array, copy: boolean): boolean {
    const size = bytes.length;
    if (this.#onlyShared) this.#unshare();
    this.length += size;
    if (size <= COPY_BYTES) {
      const page = this.#pageFor(size);
      page.bytes.set(bytes, this.#tailUsed);
      this.#tailUsed += size;
      return false;
    }
    this.#seal();
    this.#enqueue(copy ? Buffer.from(bytes) : bytes, null);
    return !copy;
  }

  /** The page at the end, with room for `size` more bytes. */
  #pageFor(size: number): Page {
    const tail = this.#tail;
    const used = this.#tailUsed;
    if (tail !== null && used + size <= tail.bytes.length) return tail;
    if (tail !== null && used + size <= LARGE_PAGE_BYTES) {
      const large = this.#pool.take(used + size);
      large.bytes.set(tail.view(used));
      this.#pool.give(tail);
      return (this.#tail = large);
    }
    this.#seal();
    return (this.#tail = this.#pool.take(size));
  }

  /** The chunk or chunks of the next write, `maxBytes` at most. They count until `written()`. */
  next(maxBytes: number): Uint8Array | readonly Uint8Array[] {
    this.#seal();
    this.#onlyShared = false;
    const total = this.length;
    if (total > maxBytes) return this.#cut(maxBytes);
    this.#inFlightBytes = total;
    const only = this.#only;
    if (only !== null) {
      this.#inFlightPage = this.#onlyPage;
      this.#only = null;
      this.#onlyPage = null;
      return only;
    }
    const chunks = this.#waiting;
    this.#inFlightPages = this.#pages;
    this.#waiting = EMPTY;
    this.#pages = EMPTY;
    return chunks;
  }

  #cut(maxBytes: number): readonly Uint8Array[] {
    this.#spill();
    let bytes = 0;
    let count = 0;
    while (bytes + this.#waiting[count]!.length <= maxBytes)
      bytes += this.#waiting[count++]!.length;
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
    if (this.#inFlightPage !== null) this.#pool.give(this.#inFlightPage);
    for (const page of this.#inFlightPages) if (page !== null) this.#pool.give(page);
    this.#inFlightPage = null;
    this.#inFlightPages = EMPTY;
    this.#inFlightBytes = 0;
    this.length -= bytes;
    return bytes;
  }

  /** Forgets everything. Pages that the network may still hold are not used again. */
  clear(): void {
    this.length = 0;
    this.#only = null;
    this.#onlyShared = false;
    this.#onlyPage = null;
    this.#waiting = EMPTY;
    this.#pages = EMPTY;
    this.#tail = null;
    this.#tailUsed = 0;
    this.#inFlightBytes = 0;
    this.#inFlightPage = null;
    this.#inFlightPages = EMPTY;
  }

  #seal(): void {
    const page = this.#tail;
    if (page === null) return;
    this.#enqueue(page.view(this.#tailUsed), page);
    this.#tail = null;
    this.#tailUsed = 0;
  }

  #enqueue(chunk: Uint8Array, page: Page | null): void {
    if (this.#only === null && this.#waiting.length === 0) {
      this.#only = chunk;
      this.#onlyPage = page;
      return;
    }
    this.#spill();
    this.#waiting.push(chunk);
    this.#pages.push(page);
  }

  /** Moves the only chunk into the arrays. */
  #spill(): void {
    if (this.#waiting === EMPTY) {
      this.#waiting = [];
      this.#pages = [];
    }
    if (this.#only === null) return;
    this.#waiting.push(this.#only);
    this.#pages.push(this.#onlyPage);
    this.#only = null;
    this.#onlyPage = null;
  }

  assertInvariants(): void {
    const only = this.#only?.length ?? 0;
    const waiting = this.#waiting.reduce((sum, chunk) => sum + chunk.length, only);
    const held = waiting + this.#tailUsed + this.#inFlightBytes;
    if (held !== this.length) throw new Error(`OutputQueue: length ${this.length}, held ${held}`);
    if (this.#waiting.length !== this.#pages.length) throw new Error("OutputQueue: pages");
    if (this.#only !== null && this.#waiting.length > 0) throw new Error("OutputQueue: only");
    if (this.#onlyShared && this.#only === null) throw new Error("OutputQueue: shared");
    if (this.#tail === null && this.#tailUsed !== 0) throw new Error("OutputQueue: tail");
  }
}

/** Shared and never written to: an idle queue owns no array. */
const EMPTY: never[] = [];
