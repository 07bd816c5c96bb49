/**
 * A connection of a server:
 *
 *   channel -> FrameReader -> callbacks          stops while paused, held, throttled or blocked
 *   send()  -> ConnectionOutput -> channel       beyond its mark frames wait, or are dropped
 *
 * There is one way to the end, with one reason, the first cause: `#cut()` for what cannot wait, and
 * `end()`, which lets the output leave first; both lead to `channelClosed()`. The callback `close`
 * runs after that turn, never inside `send()` or `broadcast()`: tables may be walked meanwhile.
 */
import type { SocketAddress } from "../address.ts";
import { requireFunction } from "../arguments.ts";
import type { BufferedChannel } from "../channel.ts";
import { asError, codeOf } from "../errors.ts";
import type { ChannelOwner } from "../host.ts";
import { READABLE, WRITABLE } from "../mask.ts";
import type { Registration } from "../registration.ts";
import type { Timer } from "../timers.ts";
import { Backpressure } from "./backpressure.ts";
import { runCallback } from "./callback.ts";
import { isTimeUp, whyClosed, type CloseReason } from "./close-reason.ts";
import type {
  AnyConnection,
  Connection,
  ConnectionState,
  ConnectionTlsOptions,
  InputFilter,
  SendOptions,
} from "./connection.ts";
import * as failure from "./connection-errors.ts";
import type { ConnectionHome } from "./connection-home.ts";
import { ConnectionOutput } from "./connection-output.ts";
import { secure } from "./connection-tls.ts";
import { Deadlines, type DeadlineOwner } from "./deadlines.ts";
import { FrameReader, type FrameSink } from "./frame-reader.ts";
import { FrameError, isFramer, RefusedFrame, type Framer } from "./framer.ts";
import { Interest } from "./interest.ts";
import { SharedFrame } from "./shared-frame.ts";
import { Throttle } from "./throttle.ts";

export class ServedConnection<F, D>
  implements Connection<F, D>, ChannelOwner, DeadlineOwner, FrameSink<F>
{
  data = undefined as D;
  state: ConnectionState = "open";
  reason: CloseReason | null = null;
  error: Error | null = null;
  established = false;
  /** From `startTls` to the end of the handshake. */
  securing = false;
  readonly channel: BufferedChannel;
  readonly #home: ConnectionHome<F, D>;
  readonly reader: FrameReader<F>;
  readonly output: ConnectionOutput;
  readonly #deadlines: Deadlines;
  readonly #registration: Registration;
  readonly #interest: Interest;
  readonly #backpressure: Backpressure | null;
  /** The server closes: what the peer gets to end its side too, in milliseconds. Else -1. */
  #answerMs = -1;
  #answerTimer: Timer | null = null;

  constructor(home: ConnectionHome<F, D>, channel: BufferedChannel, framer: Framer<F>) {
    const { limits, policy } = home;
    this.#home = home;
    this.channel = channel;
    // First, because it throws for a channel that cannot be taken, which must stay as it was.
    this.#registration = home.register(this, channel);
    this.#interest = new Interest(this.#registration);
    const own = Throttle.ofConnection(limits);
    const throttles = own === null ? home.throttles : [own, ...home.throttles];
    this.reader = new FrameReader(channel, framer, this, limits.framesPerTurn, throttles);
    this.output = new ConnectionOutput(channel, limits, policy);
    this.#deadlines = new Deadlines(this, limits);
    this.#backpressure = policy === "pause-source" ? new Backpressure(this.reader) : null;
    channel.owner = this;
  }

  get fd(): number {
    return this.channel.fd;
  }

  get localAddress(): SocketAddress | null {
    return this.channel.localAddress;
  }

  get remoteAddress(): SocketAddress | null {
    return this.channel.remoteAddress;
  }

  get backlog(): number {
    return this.output.bytes;
  }

  get droppedFrames(): number {
    return this.output.dropped;
  }

  get paused(): boolean {
    return this.reader.paused;
  }

  get signal(): AbortSignal {
    return this.#registration.signal;
  }

  send(bytes: Uint8Array, options?: SendOptions): boolean {
    if (!(bytes instanceof Uint8Array)) throw failure.notBytes(bytes, this.fd);
    return this.offer(new SharedFrame(bytes, this.channel.host.budget), options?.source ?? this);
  }

  /** Sends a frame that others may get too. `over`: one that is larger than what may wait. */
  offer(frame: SharedFrame, source: AnyConnection | null, over = false): boolean {
    if (this.state !== "open" || this.channel.transport.readOnly === true) return false;
    if (frame.length === 0) return true;
    const answer = over ? this.output.offerOver(frame) : this.output.offer(frame);
    if (answer === "overflow") this.expired("overflow", this.#whyOverflow());
    if (answer !== "taken") return false;
    this.#deadlines.noteOutput();
    if (this.output.waiting) this.#noteWaiting(source);
    return true;
  }

  #noteWaiting(source: AnyConnection | null): void {
    this.readingChanged();
    if (this.output.softSince >= 0) this.#deadlines.noteSoft();
    if (!this.output.backlogged || !(source instanceof ServedConnection)) return;
    if (source.#backpressure !== null) this.#backpressure?.holdUp(source.#backpressure);
  }

  #whyOverflow(): string {
    const { limits } = this.#home;
    if (this.output.over !== null) return failure.overUnfinishedSend(limits);
    return failure.overHardLimit(this.backlog, limits);
  }

  pause(): void {
    this.reader.pause();
  }

  resume(): void {
    this.reader.resume();
  }

  establish(): void {
    this.established = true;
  }

  filter(filter: InputFilter): void {
    requireFunction(filter, "the filter");
    this.reader.setFilter(filter);
  }

  upgrade(framer: Framer<F>): void {
    if (!isFramer(framer))
      throw failure.noFramer(framer, `upgrade of fd ${this.fd} was given`, this.fd);
    this.reader.switch(framer);
  }

  startTls(options: ConnectionTlsOptions<F>): void {
    secure(this, options, this.#home);
  }

  secured(): void {
    if (this.state === "open") void this.#call(() => this.#home.callbacks.secure?.(this));
  }

  end(): void {
    this.#end(this.reader.endSeen ? "end" : "local");
  }

  #end(reason: CloseReason): void {
    if (this.state !== "open") return;
    this.reason ??= reason;
    this.state = "ending";
    // What it has yet to hear does not depend on how it began.
    this.established = true;
    this.#stop();
    if (this.output.handedOn) {
      this.#closeChannel();
      return;
    }
    this.readingChanged();
    this.#deadlines.noteEnding();
  }

  #stop(): void {
    this.reader.close();
    this.#backpressure?.close();
    this.#home.callbacks.ending?.(this);
  }

  #closeChannel(): void {
    this.channel.close();
    this.#awaitAnswer();
  }

  #awaitAnswer(): void {
    if (this.#answerMs < 0 || this.channel.state !== "closing") return;
    this.#answerTimer = this.#home.later(this.#answerMs, () => {
      this.channel.letGoOnceWritten();
    });
  }

  abort(error?: Error): void {
    this.#cut("abort", error === undefined ? null : asError(error, this.fd, "abort() was given"));
  }

  #cut(reason: CloseReason, error: Error | null): void {
    if (this.state === "closed") return;
    this.reason ??= reason;
    this.error ??= error;
    this.channel.abort(error ?? undefined);
  }

  /** Tells that it is there. */
  opened(): void {
    void this.#call(() => this.#home.callbacks.open?.(this));
  }

  // The server closes: first what is idle, then what has finished, at the deadline all the rest.

  /** A peer that has everything, and does not end its own side, is let go after `answerMs`. */
  finish(answerMs: number): void {
    this.#answerMs = answerMs;
    this.#awaitAnswer();
    this.#home.endUnlessBusy(this);
  }

  /** Nothing of its output is here any more. A reset could destroy what the peer has yet to read. */
  letGo(): void {
    this.#end("shutdown");
    this.channel.letGoOnceWritten();
  }

  cutOff(error: Error): void {
    this.error ??= error;
    this.#cut("shutdown", null);
  }

  // What its registration and its reader tell.

  ready(ready: number): void {
    if ((ready & WRITABLE) !== 0) this.#writable();
    if ((ready & READABLE) !== 0) this.reader.read();
  }

  #writable(): void {
    const drained = this.output.flush();
    if (this.state === "ending" && this.output.handedOn) this.#closeChannel();
    if (this.state !== "open") return;
    this.readingChanged();
    if (!drained) return;
    this.#backpressure?.drained();
    void this.#call(() => this.#home.callbacks.drain?.(this));
  }

  frame(frame: F | RefusedFrame): Promise<void> | null {
    const { callbacks } = this.#home;
    const pending = this.#call(() =>
      frame instanceof RefusedFrame
        ? callbacks.refused?.(this, frame)
        : callbacks.frame?.(this, frame),
    );
    if (pending === null) {
      this.handled();
      return null;
    }
    return pending.then(() => {
      this.handled();
    });
  }

  /** A frame was handled: what was busy may be idle now. */
  handled(): void {
    if (this.#answerMs < 0) return;
    this.#home.later(0, () => {
      this.#home.endUnlessBusy(this);
    });
  }

  ended(): void {
    const { callbacks } = this.#home;
    if (callbacks.end === undefined) this.end();
    else void this.#call(() => callbacks.end?.(this));
  }

  broken(thrown: unknown): void {
    if (thrown instanceof FrameError) this.#cut("protocol", thrown);
    else this.failed(thrown);
  }

  /** Runs code of users: what it throws, or rejects with, costs this connection. */
  #call(callback: () => unknown): Promise<unknown> | null {
    return runCallback(callback, (thrown) => {
      this.failed(thrown);
    });
  }

  /** Code of users for this connection threw: it is reported, and costs the connection. */
  failed(thrown: unknown): void {
    const error = asError(thrown, this.fd, "a callback threw");
    // Who gets in the way of startTls() is at fault, and not the code that has called it.
    const ours = codeOf(error) !== "IOMUX_UNREAD_PLAINTEXT";
    if (ours) this.channel.host.failed(this.channel, error);
    this.#cut(ours ? "handler-error" : "protocol", error);
  }

  readingChanged(): void {
    if (this.state === "closed") return;
    const reading = this.reader.reading ? READABLE : 0;
    this.#interest.set(this.output.waiting ? reading | WRITABLE : reading);
  }

  later(delayMs: number, callback: () => void): Timer | null {
    return this.#home.later(delayMs, callback);
  }

  now(): number {
    return this.channel.host.now();
  }

  // What its deadlines tell.

  enforceSoftLimit(): void {
    if (this.output.enforceSoftLimit())
      this.expired("overflow", failure.overSoftLimit(this.#home.limits));
  }

  expired(reason: CloseReason, why: string): boolean {
    const { callbacks } = this.#home;
    const error = failure.cutOff(this.fd, why);
    if (!isTimeUp(reason) || callbacks.expire === undefined || this.state !== "open") {
      this.#cut(reason, error);
      return false;
    }
    this.error = error;
    this.reason = reason;
    void this.#call(() => callbacks.expire?.(this, reason));
    this.#end(reason);
    return true;
  }

  // What its channel and the budget of the loop ask and tell.

  endChannel(): void {
    this.#end("shutdown");
  }

  get heldBytes(): number {
    return this.output.heldBytes + this.reader.heldBytes;
  }

  get unsentBytes(): number {
    return this.output.unsentBytes;
  }

  get unhandled(): boolean {
    return this.reader.unhandled;
  }

  channelClosed(): void {
    const stopped = this.state !== "open";
    this.state = "closed";
    this.error ??= this.channel.error;
    this.reason ??= whyClosed(this.channel, this.reader.endSeen, this.securing);
    if (!stopped) this.#stop();
    this.output.clear();
    this.#deadlines.stop();
    this.#answerTimer?.cancel();
    this.#home.gone(this, this.reason);
  }

  assertInvariants(): void {
    this.reader.assertInvariants();
    this.output.assertInvariants();
  }
}
