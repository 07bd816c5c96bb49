/**
 * The input of a connection: bytes are read as long as frames may be handled, and not beyond.
 *
 * It stops for four reasons, each its own: the user has paused it, a frame is being handled (held:
 * a callback's promise is pending, or no coroutine waits for the next one), a rate was exceeded
 * (throttled), or others cannot take what it brings (blocked). While it is stopped the channel is
 * not read either, so the peer is stopped by its own window.
 */
import type { BufferedChannel } from "../channel.ts";
import type { Timer } from "../timers.ts";
import { FrameInput } from "./frame-input.ts";
import type { InputFilter } from "./connection.ts";
import { nextFrame, type Framer, type RefusedFrame } from "./framer.ts";
import type { Throttle } from "./throttle.ts";

/** Who handles the frames. */
export interface FrameSink<F> {
  now(): number;
  /** Calls back in a later turn, `delayMs` from now at the earliest. */
  later(delayMs: number, callback: () => void): Timer | null;
  /** A promise holds the next frame back until it settles; it is never rejected. */
  frame(frame: F | RefusedFrame): Promise<unknown> | null;
  /** The peer has ended its side, and every frame was handled. */
  ended(): void;
  /** The framer threw. */
  broken(thrown: unknown): void;
  /** Reading has stopped, or goes on. */
  readingChanged(): void;
}

export class FrameReader<F> {
  /** When something last came, or reading went on. */
  heardAt: number;
  readonly #channel: BufferedChannel;
  readonly #sink: FrameSink<F>;
  readonly #framesPerTurn: number;
  /** Rates that each frame must be within. */
  readonly #throttles: readonly Throttle[];
  readonly #input = new FrameInput();
  #framer: Framer<F>;
  #filter: InputFilter | null = null;
  /** Bytes that the filter is at work on. */
  #filtering = 0;
  #counted = 0;
  #paused = false;
  #held = false;
  #blocked = false;
  /** Runs while a rate is exceeded, or when the other connections have had their turn. */
  #waiting = false;
  #timer: Timer | null = null;
  #pumping = false;
  #endSeen = false;
  #endTold = false;
  #closed = false;
  readonly #bytesAtOnce: number;
  /** Bytes that are reserved at the rates, and were not read yet; and when they may be. */
  #reservedBytes = 0;
  #bytesAt = 0;
  /** When the next frame may be handled, which is reserved then; -1: it is not. */
  #frameAt = -1;
  /** Frames that may still be handled in this turn, and which one that is. */
  #left = 0;
  #turn = -1;

  constructor(
    channel: BufferedChannel,
    framer: Framer<F>,
    sink: FrameSink<F>,
    framesPerTurn: number,
    throttles: readonly Throttle[],
  ) {
    this.#channel = channel;
    this.#framer = framer;
    this.#sink = sink;
    this.#framesPerTurn = framesPerTurn;
    this.#throttles = throttles;
    this.#bytesAtOnce = Math.min(...throttles.map(({ bytesAtOnce }) => bytesAtOnce));
    this.heardAt = sink.now();
  }

  /** Bytes that came and are no frame yet. */
  get heldBytes(): number {
    return this.#input.length;
  }

  /** Bytes that came and were not handled; also those that a filter is just looking at. */
  get unread(): number {
    return this.#input.length + this.#filtering;
  }

  /** Whether bytes are wanted from the channel. */
  get reading(): boolean {
    return !this.stopped && !this.#endSeen;
  }

  /** Whether it is we who handle nothing of what comes. */
  get stopped(): boolean {
    return this.#stopped || this.#waiting;
  }

  /** Whether the peer has ended its side. */
  get endSeen(): boolean {
    return this.#endSeen;
  }

  /** Whether a frame has begun and is not handled yet. */
  get busy(): boolean {
    return this.#held || this.#input.length > 0;
  }

  /** Whether bytes wait here because it is stopped: frames may come of them. */
  get unhandled(): boolean {
    return this.stopped && this.#input.length > 0;
  }

  /** What cuts the stream now. */
  get framer(): Framer<F> {
    return this.#framer;
  }

  get paused(): boolean {
    return this.#paused;
  }

  get #stopped(): boolean {
    return this.#closed || this.#paused || this.#held || this.#blocked;
  }

  pause(): void {
    this.#set(() => (this.#paused = true));
  }

  resume(): void {
    this.#set(() => (this.#paused = false));
  }

  setBlocked(blocked: boolean): void {
    this.#set(() => (this.#blocked = blocked));
  }

  /** No frame is handled until `release()`. */
  hold(): void {
    // That nothing is read is told when something comes: most often it is released before.
    this.#held = true;
  }

  /** The next frame may come: from inside this call, if it is here and its turn has come. */
  release(): void {
    if (!this.#held) return;
    this.#held = false;
    if (this.stopped) return;
    this.heardAt = this.#sink.now();
    if (this.#input.length > 0 || this.#endSeen) this.#pump();
    if (this.reading && this.#channel.unread > 0) this.read();
    if (this.reading) this.#sink.readingChanged();
  }

  #set(change: () => void): void {
    const before = this.#stopped;
    change();
    if (before === this.#stopped) return;
    this.#sink.readingChanged();
    if (before) this.#goOn();
  }

  #goOn(): void {
    this.heardAt = this.#sink.now();
    // Not from inside the call that lets it go on, which may be anybody's.
    if (this.#input.length > 0 || this.#endSeen) this.#later(0);
  }

  /** What comes from now on goes through `filter` before it is cut. */
  setFilter(filter: InputFilter): void {
    this.#filter = filter;
  }

  /** What comes from now on, and what is left of what came, is cut by `framer`. */
  switch(framer: Framer<F>): void {
    this.#framer = framer;
    if (!this.#stopped && this.#input.length > 0) this.#later(0);
  }

  /** What comes from now on is another stream: nothing of this one counts there. */
  restart(framer: Framer<F>): void {
    this.#framer = framer;
    this.#filter = null;
  }

  /** Something came that was no frame. */
  heard(): void {
    this.heardAt = this.#sink.now();
  }

  /** The channel is readable. */
  read(): void {
    if (!this.reading) {
      this.#sink.readingChanged();
      return;
    }
    const now = this.#sink.now();
    const most = this.#mayRead(now);
    const bytes = most === 0 ? null : this.#channel.read(most);
    if (bytes === null) return;
    this.heardAt = now;
    this.#reservedBytes = 0;
    if (bytes.length === 0) this.#endSeen = true;
    this.#take(bytes);
    this.#pump();
  }

  /** How many bytes may be read now; 0: rates are waited for. The end of the stream is free. */
  #mayRead(now: number): number {
    const { unread } = this.#channel;
    if (this.#bytesAtOnce === Infinity || unread === 0) return Infinity;
    if (this.#reservedBytes === 0) {
      const bytes = Math.min(unread, this.#bytesAtOnce);
      this.#reservedBytes = bytes;
      this.#bytesAt = this.#reserve(now, (rate) => rate.reserveBytes(bytes, now));
    }
    return this.#mustWait(this.#bytesAt, now) ? 0 : this.#reservedBytes;
  }

  #take(bytes: Buffer): void {
    try {
      const kept = this.#filter === null || bytes.length === 0 ? bytes : this.#filtered(bytes);
      if (!this.#closed) this.#input.push(kept);
    } catch (thrown) {
      this.#sink.broken(thrown);
    }
  }

  #filtered(bytes: Buffer): Buffer {
    this.#filtering = bytes.length;
    try {
      return this.#filter!(bytes);
    } finally {
      this.#filtering = 0;
    }
  }

  /** Hands on frames until something stops it. Input that comes meanwhile is handled in order. */
  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (!this.#stopped && this.#next());
    } finally {
      this.#pumping = false;
      this.#count();
      if (!this.unhandled) this.#channel.inputHandled();
    }
  }

  /** How many frames may still be handled in this turn. */
  #leftInTurn(): number {
    const { turns } = this.#channel.host.counters;
    if (turns !== this.#turn) this.#left = this.#framesPerTurn;
    this.#turn = turns;
    return this.#left;
  }

  /** Handles one frame. False: nothing more can be handled now. */
  #next(): boolean {
    if (this.#input.length === 0 && (!this.#endSeen || this.#endTold)) return false;
    if (this.#leftInTurn() === 0) {
      this.#later(0);
      return false;
    }
    if (this.#throttles.length > 0 && this.#input.length > 0) {
      const now = this.#sink.now();
      if (this.#frameAt < 0) this.#frameAt = this.#reserve(now, (rate) => rate.reserveFrame(now));
      if (this.#mustWait(this.#frameAt, now)) return false;
    }
    const frame = this.#cut();
    // A framer, too, may have closed the channel.
    if (frame === null || this.#closed) return false;
    this.#frameAt = -1;
    this.#left--;
    const promise = this.#sink.frame(frame);
    if (promise !== null) this.#hold(promise);
    return true;
  }

  /** Reserves at each rate; answers when all of them allow it. */
  #reserve(now: number, reserve: (rate: Throttle) => number): number {
    return now + Math.max(...this.#throttles.map(reserve));
  }

  #mustWait(at: number, now: number): boolean {
    if (at > now) this.#later(at - now);
    return at > now;
  }

  #cut(): F | RefusedFrame | null {
    try {
      const frame = nextFrame(this.#framer, this.#input, this.#endSeen);
      if (frame !== null || !this.#endSeen) return frame;
    } catch (thrown) {
      this.#sink.broken(thrown);
      return null;
    }
    this.#endTold = true;
    // What is left will never be a frame.
    this.#input.clear();
    this.#sink.ended();
    return null;
  }

  #hold(promise: Promise<unknown>): void {
    if (this.#closed) return;
    this.#set(() => (this.#held = true));
    void promise.then(() => {
      this.#set(() => (this.#held = false));
    });
  }

  #later(delayMs: number): void {
    if (this.#waiting || this.#closed) return;
    this.#waiting = true;
    this.#timer = this.#sink.later(delayMs, () => {
      this.#waiting = false;
      this.heardAt = this.#sink.now();
      this.#pump();
      this.#sink.readingChanged();
    });
    this.#sink.readingChanged();
  }

  /** Tells the budget of the loop what is held here. */
  #count(): void {
    const { length } = this.#input;
    if (length > this.#counted) this.#channel.host.budget.add(length - this.#counted);
    else this.#channel.host.budget.remove(this.#counted - length);
    this.#counted = length;
  }

  close(): void {
    this.#closed = true;
    const now = this.#throttles.length === 0 ? 0 : this.#sink.now();
    const frames = this.#frameAt < 0 ? 0 : 1;
    for (const rate of this.#throttles) rate.giveBack(this.#reservedBytes, frames, now);
    this.#reservedBytes = 0;
    this.#frameAt = -1;
    this.#timer?.cancel();
    this.#input.clear();
    this.#count();
  }

  assertInvariants(): void {
    this.#input.assertInvariants();
    if (this.#closed && this.#input.length > 0) throw new Error("FrameReader: closed, and holds");
  }
}
