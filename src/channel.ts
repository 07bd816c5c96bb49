/**
 * The channel: two bounded queues over a transport, and the conditions that follow from them.
 *
 * Ways to the end, each taken once and with one reason, the first cause:
 *
 *   onFailed()   the connection is lost   -> failed  -> bytes read -> ERROR told  -> closed
 *   onFinished() both sides have ended    -> hung-up -> end read   -> HANGUP told -> closed
 *   close()      we end it in order       -> closing -> output left, FIN, input drained -> closed
 *   abort()      we end it now            -> closed
 */
import type { Readable, Writable } from "node:stream";

import * as failure from "./channel-errors.ts";
import type { ChannelOutput } from "./channel-output.ts";
import { ChannelState, NO_INPUT } from "./channel-state.ts";
import type { Channel, WriteOptions } from "./descriptor.ts";
import { asError } from "./errors.ts";
import type { Flushable, Host } from "./host.ts";
import { HandOver } from "./hand-over.ts";
import { ERROR, HANGUP, PEER_CLOSED, READABLE, WRITABLE } from "./mask.ts";
import type { Transport, TransportSink } from "./network.ts";
import type { ReadySource } from "./registration.ts";
import { Securing } from "./securing.ts";
import type { Securer } from "./tls.ts";

const END = Buffer.alloc(0);

export class BufferedChannel
  extends ChannelState
  implements Channel, ReadySource, TransportSink, Flushable
{
  /** From `startTls` to the end of the handshake. */
  #securing: Securing | null = null;
  #endSeen = false;
  #shut = false;
  #finSent = false;
  #flushing = false;
  #readingStopped = false;
  /** Whether a closing channel waits for the peer's own end. */
  #lingering = true;
  /** `unreadMs` have passed: ERROR and HANGUP wait no longer. */
  #unreadExpired = false;
  #cancelDeadline: (() => void) | null = null;
  #handOver: HandOver | null = null;

  constructor(host: Host, transport: Transport) {
    super(host, transport);
    if (transport.readOnly === true) this.#shut = this.#finSent = true;
    if (transport.writeOnly === true) this.#endSeen = this.ended = true;
  }

  /** Starts the traffic. Apart from the constructor, because the reactor must know us first. */
  attach(): void {
    this.transport.attach(this);
  }

  /** Whether its stream was given back, and is somebody else's now. */
  get released(): boolean {
    return this.#handOver?.done === true;
  }

  /** Whether the handshake has begun, or will once it is connected. */
  get securing(): boolean {
    return this.#securing !== null && this.state === "connecting";
  }

  /** Whether our side has ended, or is about to. */
  get shut(): boolean {
    return this.#shut;
  }

  get room(): number {
    if (this.state !== "open" || this.#shut) return 0;
    return this.output?.room ?? this.host.limits.highWaterMark;
  }

  condition(): number {
    const state = this.state;
    if (state === "closing" || state === "closed" || state === "connecting") return 0;
    const lost = state === "failed";
    const endUnread = this.#endSeen && !this.ended;
    let mask = this.input.length > 0 || (endUnread && !lost) ? READABLE : 0;
    if (endUnread) mask |= PEER_CLOSED;
    if (state === "open") return this.#shut || this.output?.full === true ? mask : mask | WRITABLE;
    if (((mask & READABLE) !== 0 || this.owner?.unhandled) && !this.#unreadExpired) return mask;
    return lost ? mask | ERROR | HANGUP : mask | HANGUP;
  }

  read(maxBytes = Infinity): Buffer | null {
    failure.checkMaxBytes(maxBytes, this.fd);
    if (this.state === "closing" || this.state === "closed" || maxBytes === 0) return null;
    const bytes = this.input.read(maxBytes);
    if (bytes === null) return this.#readEnd();
    this.progress++;
    this.host.budget.remove(bytes.length);
    // One that is idle owns no queue.
    if (this.input.length === 0) this.input = NO_INPUT;
    if (this.#readingStopped && this.input.length * 2 <= this.host.limits.inputMark) {
      this.#readingStopped = false;
      if (this.state === "open") this.transport.resume();
    }
    this.inputHandled();
    return bytes;
  }

  #readEnd(): Buffer | null {
    if (!this.#endSeen || this.ended || this.state === "failed") return null;
    this.ended = true;
    this.progress++;
    this.inputHandled();
    return END;
  }

  /** What waited for the bytes to be read may now be told. */
  inputHandled(): void {
    if (this.state !== "failed" && this.state !== "hung-up") return;
    this.host.changed(this, this.condition() & (ERROR | HANGUP));
  }

  peek(): Buffer | null {
    return this.state === "closing" || this.state === "closed" ? null : this.input.peek();
  }

  write(bytes: Uint8Array, options?: WriteOptions): number {
    if (!(bytes instanceof Uint8Array)) throw failure.notBytes(bytes, this.fd);
    if (this.state !== "open" || this.#shut) return 0;
    const taken = this.ownOutput().take(bytes, options?.copy === true);
    if (taken === 0) return 0;
    this.progress++;
    this.#flushLater();
    return taken;
  }

  /** Writes a small frame that other channels get too. There must be `room` for it. */
  writeShared(bytes: Uint8Array): void {
    this.ownOutput().takeShared(bytes);
    this.progress++;
    this.#flushLater();
  }

  setWaterMarks(high: number, low: number): void {
    failure.checkWaterMarks(high, low, this.fd);
    if (this.ownOutput().setMarks(high, low)) this.#writableAgain();
  }

  #writableAgain(): void {
    if (this.state === "open" && !this.#shut) this.host.changed(this, WRITABLE);
  }

  shutdown(): void {
    if ((this.state !== "open" && this.state !== "connecting") || this.#shut) return;
    this.#shut = true;
    this.progress++;
    if (this.state === "open") this.#flushLater();
  }

  close(): void {
    if (this.state === "closing" || this.state === "closed") return;
    if (this.state !== "open" || this.transport.readOnly === true) {
      this.abort();
      return;
    }
    this.state = "closing";
    this.host.busy(1);
    this.host.budget.remove(this.input.length);
    this.input.clear();
    this.#shut = true;
    if (this.#readingStopped) this.transport.resume();
    this.#awaitClosing();
    this.#flushLater();
    this.host.detach(this, null);
  }

  abort(reason?: Error): void {
    if (this.state === "closed") return;
    const lost = this.state === "failed" || this.state === "hung-up";
    if (reason !== undefined) this.error ??= asError(reason, this.fd, "abort() was given");
    this.finalize();
    if (!lost) this.host.destroyLater(this.#securing ?? this.transport, true);
  }

  /**
   * Secures it in place: it is `connecting` until that is done. What is connecting already is
   * secured once it stands.
   */
  startTls(securer: Securer): void {
    this.#securing = new Securing(this.host, this, securer);
    if (this.state === "connecting") return;
    this.state = "connecting";
    this.#flushLater();
  }

  release(): Promise<Readable | Writable> {
    this.#handOver = new HandOver(this, this.input);
    this.state = "closing";
    this.host.busy(1);
    this.#awaitClosing();
    this.flush();
    this.host.detach(this, null);
    return this.#handOver.promise;
  }

  #flushLater(): void {
    if (this.#flushing || this.output?.inFlight === true) return;
    this.#flushing = true;
    this.host.flushLater(this);
  }

  /** Hands output to the transport, one write at a time, until it no longer completes at once. */
  flush(): void {
    this.#flushing = false;
    const securing = this.state === "connecting" ? this.#securing : null;
    if (this.state !== "open" && this.state !== "closing" && securing === null) return;
    const output = this.output;
    while (output !== null && !output.inFlight && output.length > 0) {
      output.inFlight = true;
      if (!this.transport.write(output.next(this.host.limits.flushBytes))) return;
      this.#wrote(output);
    }
    if (output?.inFlight === true) return;
    if (securing !== null) securing.begin();
    else if (this.#shut && !this.#finSent) {
      this.#finSent = true;
      this.transport.shutdown();
      if (!this.#lingering && this.#handOver === null) this.#letGo();
    }
    if (this.#handOver !== null && this.state === "closing") this.#handOver.finish(this);
  }

  #wrote(output: ChannelOutput): void {
    if (output.completed()) this.#writableAgain();
    if (!output.lentBytesChanged()) return;
    this.host.report(this, "IOMUX_BORROWED_BYTES_CHANGED", () => failure.borrowedChanged(this));
  }

  failConnecting(error: Error): void {
    if (this.state !== "connecting") return;
    (this.#securing ?? this.transport).destroy();
    this.onFailed(error);
  }

  // What the transport tells, also for a while after abort(): sockets are let go between turns.

  onOpen(): void {
    if (this.state !== "connecting") return;
    if (this.#securing === null) this.#opened(true);
    else this.#securing.begin();
  }

  /** What `startTls` has begun is done: from now on it is `transport`. */
  onSecure(transport: Transport, connected: boolean): void {
    if (this.state !== "connecting") return;
    this.#securing = null;
    this.transport = transport;
    this.#opened(connected);
    transport.attach(this);
  }

  #opened(connected: boolean): void {
    this.state = "open";
    this.endConnecting();
    if (this.#shut) this.#flushLater();
    else this.host.changed(this, WRITABLE);
    if (connected) this.host.connected(this);
  }

  onBytes(chunk: Buffer): void {
    const size = chunk.length;
    if (size === 0) return;
    this.bytesIn += size;
    this.host.counters.bytesIn += size;
    if (this.state === "closing" || this.state === "closed") return;
    if (this.#securing !== null) {
      this.#securing.hold(chunk);
      return;
    }
    this.ownInput().push(chunk);
    this.host.budget.add(size);
    this.host.changed(this, READABLE);
    this.host.collected(size);
    // After a turn that may have read it all.
    if (this.input.length >= this.host.limits.inputMark && !this.#readingStopped) {
      this.#readingStopped = true;
      this.transport.pause();
    }
  }

  onEnd(confirmed: boolean): void {
    if (this.state === "closed") return;
    this.#endSeen = true;
    this.endConfirmed = confirmed && (!this.#shut || this.transport.certainEnds === true);
    if (this.state === "open") this.host.changed(this, READABLE | PEER_CLOSED);
  }

  onWritten(): void {
    if (this.output !== null) this.#wrote(this.output);
    if (this.state === "closing") this.#awaitClosing();
    this.flush();
  }

  onFailed(error: Error): void {
    if (this.state !== "closed") this.error ??= error;
    this.#lost("failed");
  }

  onFinished(): void {
    this.#lost("hung-up");
  }

  #lost(state: "failed" | "hung-up"): void {
    if (this.state === "closed") return;
    if (this.state === "closing") {
      this.finalize();
      return;
    }
    this.state = state;
    this.output?.clear();
    this.endConnecting();
    this.#cancelDeadline = this.host.after(this.host.limits.unreadMs, () => {
      this.#unreadExpired = true;
      if (this.entry === null) this.finalize();
      else this.host.changed(this, this.condition());
    });
    if (state === "failed") this.entry?.abortSignal(this.error);
    this.host.changed(this, this.condition());
  }

  /**
   * A closing channel that makes no progress for `lingerMs` is aborted; once all of its output is
   * the system's, it is let go without a reset, which would destroy what the peer has yet to read.
   */
  #awaitClosing(): void {
    this.#cancelDeadline?.();
    this.#cancelDeadline = this.host.after(this.host.limits.lingerMs, () => {
      if (this.queued > 0) this.abort(failure.cutOff(this, this.host.limits.lingerMs));
      else this.#letGo();
    });
  }

  #letGo(): void {
    this.finalize();
    this.host.destroyLater(this.transport, false);
  }

  /** The reactor closes: from now on only output that is still to leave keeps it from closed. */
  letGoOnceWritten(): void {
    this.#lingering = false;
    if (this.state === "closing" && this.queued === 0 && this.#handOver === null) this.#letGo();
  }

  /** The last step of every way: closed, and told once. */
  finalize(): void {
    if (this.state === "closed") return;
    const closing = this.state === "closing";
    this.state = "closed";
    this.endConnecting();
    this.#cancelDeadline?.();
    this.host.budget.remove(this.input.length);
    const unread = this.input.takeAll();
    if (!this.released) this.transport.release?.(unread);
    this.output?.clear();
    this.fulfilClosed();
    this.#handOver?.fail(this.error ?? failure.notReleased(this));
    if (closing) this.host.busy(-1);
    // Last, because these run code of users: the listeners of `registration.signal`, subscribers.
    this.host.detach(this, this.error);
    this.owner?.channelClosed();
    this.host.gone(this);
  }

  assertInvariants(): void {
    failure.checkQueues(this, this.input, this.output, this.#endSeen);
  }
}
