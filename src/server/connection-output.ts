/**
 * The output of a connection: what its policy lets wait, behind what its channel has taken.
 *
 * The channel holds up to the high-water mark, as bytes; whatever is more waits here, as frames,
 * because only whole frames may be dropped. So a frame is dropped as long as none of it has gone to
 * the channel.
 *
 * One frame at a time may be larger than all that may wait (`offerOver()`, for those who wait until
 * it has left): it stands in its place of the queue, is not counted, and leaves as room comes.
 */
import { Loans } from "../bytes/borrow-check.ts";
import type { BufferedChannel } from "../channel.ts";
import { borrowedChanged } from "../channel-errors.ts";
import { publishOverflow } from "../diagnostics.ts";
import { FrameQueue } from "./frame-queue.ts";
import type { OutputPolicy, ServerLimits } from "./options.ts";
import type { SharedFrame } from "./shared-frame.ts";

/** What became of a frame. */
export type Offered = "taken" | "dropped" | "overflow";

export class ConnectionOutput {
  /** Frames that the policy has dropped. */
  dropped = 0;
  /** Over the high-water mark, and not yet under the low one. */
  backlogged = false;
  /** Since when more than `softOutputBytes` wait, or -1. */
  softSince = -1;
  readonly #channel: BufferedChannel;
  readonly #limits: Readonly<ServerLimits>;
  readonly #policy: OutputPolicy;
  readonly #frames: FrameQueue;

  constructor(channel: BufferedChannel, limits: Readonly<ServerLimits>, policy: OutputPolicy) {
    this.#channel = channel;
    this.#limits = limits;
    this.#policy = policy;
    this.#frames = new FrameQueue(channel.host.debug ? loansOf(channel) : null);
    this.#mark();
  }

  #mark(): void {
    const { highWaterMark, lowWaterMark } = this.#limits;
    this.#channel.setWaterMarks(highWaterMark, lowWaterMark);
  }

  /** Bytes that wait in this process, those in the channel among them. */
  get bytes(): number {
    return this.#channel.queued + this.#frames.bytes;
  }

  /** Bytes that wait here, before the channel. */
  get heldBytes(): number {
    return this.#frames.bytes;
  }

  /** Bytes that wait here to be sent, also those that are not counted. */
  get unsentBytes(): number {
    return this.#frames.bytes + this.#frames.overBytes;
  }

  /** Whether all was handed to the channel. */
  get handedOn(): boolean {
    return this.#frames.empty;
  }

  /** The frame that is larger than what may wait, until its last byte is handed on. */
  get over(): SharedFrame | null {
    return this.#frames.over;
  }

  /** Whether some of it is on its way: then it cannot be taken back. */
  get overBegun(): boolean {
    return this.#frames.overBegun;
  }

  /** Whether WRITABLE is of interest. */
  get waiting(): boolean {
    return this.backlogged || !this.#frames.empty;
  }

  offer(frame: SharedFrame): Offered {
    const { length } = frame;
    if (this.#frames.empty && length < this.#channel.room) {
      if (frame.shareable) this.#channel.writeShared(frame.share());
      else this.#channel.write(frame.bytes);
      return "taken";
    }
    const { bytes: waiting, dropped } = this;
    const answer = this.#offerToWait(frame);
    if (answer === "overflow" || this.dropped !== dropped) {
      const hard = this.#policy !== "drop-newest" || waiting + length > this.#limits.maxOutputBytes;
      const limit = hard ? "maxOutputBytes" : "softOutputBytes";
      publishOverflow(this.#channel, limit, waiting, this.dropped - dropped);
    }
    return answer;
  }

  /** A frame of any size. One at a time, and not with a policy that drops. */
  offerOver(frame: SharedFrame): Offered {
    if (this.#frames.over !== null) {
      publishOverflow(this.#channel, "maxOutputBytes", this.bytes, 0);
      return "overflow";
    }
    this.#frames.pushOver(frame);
    this.#frames.drainInto(this.#channel);
    this.#note();
    return "taken";
  }

  /** Takes the frame back of which nothing is on its way. */
  withdrawOver(): void {
    this.#frames.withdraw();
  }

  /** All that waits is the channel's from now on, whatever its marks: `flush()` sets them again. */
  handOn(): void {
    if (this.handedOn) return;
    this.#channel.setWaterMarks(Number.MAX_SAFE_INTEGER, 0);
    this.#frames.drainInto(this.#channel);
  }

  #offerToWait(frame: SharedFrame): Offered {
    this.#note();
    if (!this.#admits(frame.length)) {
      if (this.#policy === "close" || this.#policy === "pause-source") return "overflow";
      this.dropped++;
      return "dropped";
    }
    this.#frames.push(frame);
    this.#frames.drainInto(this.#channel);
    this.#note();
    return "taken";
  }

  #admits(length: number): boolean {
    const most = this.#limits.maxOutputBytes - length;
    if (this.#policy === "drop-oldest") {
      // Nothing is dropped for a frame that does not fit all the same.
      if (this.bytes - this.#frames.droppableBytes <= most) this.#dropTo(most);
    }
    // Before what waits behind a frame of any size has left, the channel is full again.
    const { highWaterMark } = this.#limits;
    const full = this.over === null ? 0 : this.heldBytes + highWaterMark;
    if (Math.max(this.bytes, full) > most) return false;
    return this.#policy !== "drop-newest" || !this.#softExpired();
  }

  /** Drops what waits longest until no more than `most` bytes wait, or nothing may be dropped. */
  #dropTo(most: number): void {
    while (this.bytes > most && this.#frames.dropOldest()) this.dropped++;
  }

  #softExpired(): boolean {
    return this.softSince >= 0 && this.#now() - this.softSince >= this.#limits.softOutputMs;
  }

  /** More than the soft limit has waited for too long. True: nothing can be done but to close. */
  enforceSoftLimit(): boolean {
    this.#note();
    if (!this.#softExpired() || this.#policy === "drop-newest") return false;
    const { bytes: waiting, dropped } = this;
    const closes = this.#policy !== "drop-oldest";
    if (!closes) this.#dropTo(this.#limits.softOutputBytes);
    if (closes || this.dropped !== dropped) {
      publishOverflow(this.#channel, "softOutputBytes", waiting, this.dropped - dropped);
    }
    return closes;
  }

  /** The channel takes bytes again. True: a backlog has drained. */
  flush(): boolean {
    this.#mark();
    this.#frames.drainInto(this.#channel);
    this.#note();
    if (!this.backlogged) return false;
    if (this.bytes > this.#limits.lowWaterMark || this.over !== null) {
      if (this.#frames.empty) this.#awaitLowMark();
      return false;
    }
    this.backlogged = false;
    return true;
  }

  /** The channel has room, and would be WRITABLE turn after turn: it is made full. */
  #awaitLowMark(): void {
    this.#channel.setWaterMarks(this.#channel.queued, this.#limits.lowWaterMark);
  }

  /** What has left in the meantime makes no event: this is looked at before each decision. */
  #note(): void {
    const { bytes } = this;
    const { highWaterMark, softOutputBytes } = this.#limits;
    if (bytes >= highWaterMark) this.backlogged = true;
    if (softOutputBytes === 0 || bytes <= softOutputBytes) this.softSince = -1;
    else if (this.softSince < 0) this.softSince = this.#now();
  }

  #now(): number {
    return this.#channel.host.now();
  }

  clear(): void {
    this.#frames.clear();
  }

  assertInvariants(): void {
    this.#frames.assertInvariants();
    if (this.bytes > this.#limits.maxOutputBytes) {
      throw new Error(`ConnectionOutput: ${this.bytes} bytes wait`);
    }
  }
}

function loansOf(channel: BufferedChannel): Loans<SharedFrame> {
  return new Loans(() => {
    channel.host.report(channel, "IOMUX_BORROWED_BYTES_CHANGED", () => borrowedChanged(channel));
  });
}
