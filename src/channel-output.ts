/** A channel's output: the queue of what waits, between its marks, and the write in flight. */
import { BorrowCheck } from "./bytes/borrow-check.ts";
import { OutputQueue } from "./bytes/output-queue.ts";
import type { Host } from "./host.ts";

export class ChannelOutput extends OutputQueue {
  inFlight = false;
  /** Over the high-water mark, and not yet under the low one. */
  full = false;
  /** Bytes that have left. */
  left = 0;
  /** When some last did. */
  leftAt = 0;
  highWaterMark: number;
  readonly #host: Host;
  #lowWaterMark: number;
  readonly #borrowed: BorrowCheck | null;

  constructor(host: Host) {
    super(host.pages);
    this.#host = host;
    this.highWaterMark = host.limits.highWaterMark;
    this.#lowWaterMark = host.limits.lowWaterMark;
    this.#borrowed = host.debug ? new BorrowCheck() : null;
  }

  get room(): number {
    return Math.max(0, this.highWaterMark - this.length);
  }

  /** Takes what fits under the high-water mark, and answers how many bytes that was. */
  take(bytes: Uint8Array, copy: boolean): number {
    const room = this.highWaterMark - this.length;
    const taken = Math.min(bytes.length, room);
    if (taken <= 0) return 0;
    const part = taken === bytes.length ? bytes : bytes.subarray(0, taken);
    const borrowed = this.append(part, copy);
    if (borrowed) this.#borrowed?.lend(part, this.left + this.length);
    if (taken === room) this.full = true;
    this.#host.budget.add(taken);
    return taken;
  }

  /** Takes a frame that many channels share, whole. `room` must be enough for it. */
  takeShared(bytes: Uint8Array): void {
    this.appendShared(bytes);
    if (this.room === 0) this.full = true;
    this.#host.budget.add(bytes.length);
  }

  /** The write in flight has left. True: what was full can be written to again. */
  completed(): boolean {
    this.inFlight = false;
    const bytes = this.written();
    this.left += bytes;
    this.leftAt = this.#host.now();
    this.#host.counters.bytesOut += bytes;
    this.#host.budget.remove(bytes);
    return this.#noteDrained();
  }

  /** Whether bytes that were lent, and have left, are not what they were. */
  lentBytesChanged(): boolean {
    return this.#borrowed?.changedBefore(this.left) === true;
  }

  /** True: what was full can be written to again. */
  setMarks(high: number, low: number): boolean {
    this.highWaterMark = high;
    this.#lowWaterMark = low;
    if (this.length >= high) this.full = true;
    return this.#noteDrained();
  }

  #noteDrained(): boolean {
    if (!this.full || this.length > this.#lowWaterMark) return false;
    this.full = false;
    return true;
  }

  /** Drops what has not left. */
  override clear(): void {
    this.#host.budget.remove(this.length);
    this.inFlight = false;
    super.clear();
  }

  override assertInvariants(): void {
    super.assertInvariants();
    if (this.length > this.highWaterMark && !this.full) {
      throw new Error(`ChannelOutput: ${this.length} bytes, the mark is ${this.highWaterMark}`);
    }
  }
}
