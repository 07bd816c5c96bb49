/**
 * Large buffers, shared by all transfers: a file that is read and written in large pieces costs a
 * third of the time that it costs in small ones, but nobody may own one.
 *
 * Who wants one while none is free waits for its turn, as long as somebody has one who will soon be
 * done with it. Those who keep one for long, because their peer reads slowly, are not waited for:
 * if they have all of them, the answer is null, and a small buffer of one's own must do.
 */
export const LARGE_BYTES = 1024 * 1024;
/** What a transfer has of its own while it has no large one. */
export const SMALL_BYTES = 32 * 1024;

/** Milliseconds after which a buffer is not expected back soon. */
export const SLOW_MS = 500;

/** The right to so many bytes, for who need not be given the buffer. */
export interface Room {
  readonly bytes: number;
}

export interface PoolOptions {
  /** Bytes of all its buffers together; there are as many as fit. */
  readonly maxBytes: number;
  readonly now: () => number;
  readonly setTimer: (delayMs: number, callback: () => void) => { cancel(): boolean };
}

export class BufferPool {
  readonly #options: PoolOptions;
  readonly #free: Buffer[] = [];
  /** Since when, oldest first. */
  readonly #taken = new Map<Buffer | Room, number>();
  readonly #waiting: ((buffer: Buffer | null) => void)[] = [];
  #timer: { cancel(): boolean } | null = null;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** Buffers that there are at most. */
  get size(): number {
    return Math.floor(this.#options.maxBytes / LARGE_BYTES);
  }

  get taken(): number {
    return this.#taken.size;
  }

  /** One that is free now, or null. */
  takeNow(): Buffer | null {
    return this.#waiting.length > 0 ? null : this.#grant();
  }

  /** The right to as many bytes of one's own, which have come by themselves, or null. */
  takeRoom(): Room | null {
    if (this.#waiting.length > 0 || this.#full) return null;
    const room = { bytes: LARGE_BYTES };
    this.#taken.set(room, this.#options.now());
    return room;
  }

  /** One in turn, or null if none is expected. */
  take(): Promise<Buffer | null> {
    const buffer = this.takeNow();
    if (buffer !== null || !this.#expected) return Promise.resolve(buffer);
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#limitWaiting();
    });
  }

  /** Nobody uses it any more. */
  give(buffer: Buffer): void {
    this.#taken.delete(buffer);
    this.#free.push(buffer);
    this.#serve();
  }

  giveRoom(room: Room): void {
    this.#taken.delete(room);
    this.#serve();
  }

  /** Somebody may still read it: it is left to them, and another takes its place. */
  lose(buffer: Buffer): void {
    this.#taken.delete(buffer);
    this.#serve();
  }

  #grant(): Buffer | null {
    if (this.#full) return null;
    const buffer = this.#free.pop() ?? Buffer.allocUnsafeSlow(LARGE_BYTES);
    this.#taken.set(buffer, this.#options.now());
    return buffer;
  }

  get #full(): boolean {
    return this.#taken.size >= this.size;
  }

  #serve(): void {
    this.#waiting.shift()?.(this.#grant());
    if (this.#waiting.length > 0) return;
    this.#timer?.cancel();
    this.#timer = null;
  }

  /** Whether somebody has one who has not had it for long. */
  get #expected(): boolean {
    const since = Math.max(...this.#taken.values());
    return this.#options.now() - since < SLOW_MS;
  }

  #limitWaiting(): void {
    this.#timer ??= this.#options.setTimer(SLOW_MS, () => {
      this.#timer = null;
      if (this.#expected) this.#limitWaiting();
      else for (const resolve of this.#waiting.splice(0)) resolve(null);
    });
  }
}
