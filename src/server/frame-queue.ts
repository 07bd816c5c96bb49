/** Frames that wait for one connection, in order; the first one may have left in part. */
import type { Loans } from "../bytes/borrow-check.ts";
import type { Channel } from "../descriptor.ts";
import type { SharedFrame } from "./shared-frame.ts";

/** Shared, and never added to: a queue in which nothing ever waits owns no array. */
const NONE: (SharedFrame | null)[] = [];

export class FrameQueue {
  /** Bytes that wait, without those of the first frame that have left, and those of `over`. */
  bytes = 0;
  /** A frame that is larger than what may wait. It is its sender's, and counted nowhere. */
  over: SharedFrame | null = null;
  /** Null where a frame has gone: from the beginning up to `#first`. */
  #frames = NONE;
  #first = 0;
  /** Bytes of the first frame that have left. */
  #sent = 0;
  /** Debug mode: what the frames that wait were when they came. */
  readonly #loans: Loans<SharedFrame> | null;

  constructor(loans: Loans<SharedFrame> | null = null) {
    this.#loans = loans;
  }

  get empty(): boolean {
    return this.#first === this.#frames.length;
  }

  /** Bytes of the frames of which nothing has left. */
  get droppableBytes(): number {
    if (this.#sent === 0) return this.bytes;
    return this.bytes - (this.#frames[this.#first]!.length - this.#sent);
  }

  push(frame: SharedFrame): void {
    frame.hold();
    if (this.#frames === NONE) this.#frames = [];
    this.#frames.push(frame);
    this.bytes += frame.length;
    this.#loans?.lend(frame, frame.bytes);
  }

  /** One at a time, and nothing may be dropped then. */
  pushOver(frame: SharedFrame): void {
    frame.share();
    if (this.#frames === NONE) this.#frames = [];
    this.#frames.push(frame);
    this.over = frame;
  }

  /** Whether some of `over` has left. */
  get overBegun(): boolean {
    return this.#sent > 0 && this.#frames[this.#first] === this.over;
  }

  /** What of `over` has not left. */
  get overBytes(): number {
    return this.over === null ? 0 : this.over.length - (this.overBegun ? this.#sent : 0);
  }

  /** Takes `over` out again. None of it may have left. */
  withdraw(): void {
    this.#frames.splice(this.#frames.indexOf(this.over, this.#first), 1);
    this.over = null;
    this.#closeGap();
  }

  /** Hands on what `channel` takes. True: nothing waits now. */
  drainInto(channel: Pick<Channel, "write">): boolean {
    while (!this.empty) {
      const frame = this.#frames[this.#first]!;
      this.#loans?.check(frame);
      const rest = this.#sent === 0 ? frame.bytes : frame.bytes.subarray(this.#sent);
      const taken = channel.write(rest);
      if (frame !== this.over) this.bytes -= taken;
      this.#sent += taken;
      if (taken < rest.length) return false;
      this.#sent = 0;
      this.#shift();
    }
    return true;
  }

  #shift(): void {
    const place = this.#first++;
    const frame = this.#frames[place]!;
    this.#frames[place] = null;
    if (frame === this.over) {
      this.over = null;
    } else {
      this.#loans?.giveBack(frame);
      frame.release();
    }
    this.#closeGap();
  }

  #closeGap(): void {
    if (this.empty) this.#frames = NONE;
    else if (this.#first < 64 || this.#first * 2 < this.#frames.length) return;
    else this.#frames.splice(0, this.#first);
    this.#first = 0;
  }

  /** Drops the oldest frame of which nothing has left. False if there is none. */
  dropOldest(): boolean {
    const started = this.#sent > 0;
    const place = this.#first + (started ? 1 : 0);
    const frame = this.#frames[place];
    if (frame === undefined || frame === null) return false;
    this.bytes -= frame.length;
    // The one that has begun to leave moves up, so that the gap is in front.
    if (started) {
      this.#frames[place] = this.#frames[this.#first]!;
      this.#frames[this.#first] = frame;
    }
    this.#shift();
    return true;
  }

  clear(): void {
    for (const frame of this.#frames) if (frame !== this.over) frame?.release();
    this.over = null;
    this.#loans?.clear();
    this.#frames = NONE;
    this.#first = 0;
    this.#sent = 0;
    this.bytes = 0;
  }

  assertInvariants(): void {
    const waiting = this.#frames.slice(this.#first);
    const all = waiting.reduce((sum, frame) => sum + frame!.length, -this.#sent);
    const bytes = all - this.overBytes;
    if (bytes !== this.bytes) throw new Error(`FrameQueue: bytes ${this.bytes}, held ${bytes}`);
    if (this.#sent > 0 && waiting.length === 0) throw new Error("FrameQueue: sent of nothing");
    if (this.#first >= 64 && this.#first * 2 >= this.#frames.length) {
      throw new Error(`FrameQueue: ${this.#first} gaps in front of ${waiting.length}`);
    }
  }
}
