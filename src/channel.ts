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
import type { SocketAddress } from "./address.ts";
import { BorrowCheck } from "./bytes/borrow-check.ts";
import { ByteQueue } from "./bytes/byte-queue.ts";
import { OutputQueue, PagePool } from "./bytes/output-queue.ts";
import { Closed } from "./closed.ts";
import * as failure from "./channel-errors.ts";
import type { Channel, DescriptorState, WriteOptions } from "./descriptor.ts";
import { asError } from "./errors.ts";
import type { Flushable, Host } from "./host.ts";
import { ERROR, HANGUP, PEER_CLOSED, READABLE, WRITABLE } from "./mask.ts";
import type { Transport, TransportSink } from "./network.ts";
import type { Entry, ReadySource } from "./registration.ts";

const END = Buffer.alloc(0);

/** Queues that stay empty: a channel that is silent owns none. */
const NO_INPUT = new ByteQueue();
const NO_OUTPUT = new OutputQueue(new PagePool());

export class BufferedChannel implements Channel, ReadySource, TransportSink, Flushable {
  readonly fd: number;
  readonly kind = "channel";
  state: DescriptorState;
  error: Error | null = null;
  ended = false;
  endConfirmed = false;
  bytesIn = 0;
  bytesOut = 0;
  progress = 0;
  entry: Entry | null = null;
  wasRegistered = false;
  /** Runs once, when the connection stands or cannot any more. */
  onConnectingEnds: (() => void) | null = null;
  watchers: Set<() => void> | null = null;
  readonly host: Host;
  readonly #transport: Transport;
  #input = NO_INPUT;
  #output = NO_OUTPUT;
  #endSeen = false;
  #shut = false;
  #finSent = false;
  /** Over the high-water mark, and not yet under the low one. */
  #full = false;
  #inFlight = false;
  #flushing = false;
  #readingStopped = false;
  /** Whether a closing channel waits for the peer's own end. */
  #lingering = true;
  /** `unreadMs` have passed: ERROR and HANGUP wait no longer. */
  #unreadExpired = false;
  #cancelDeadline: (() => void) | null = null;
  #closed: Closed | null = null;
  #borrowed: BorrowCheck | null = null;

  constructor(host: Host, transport: Transport) {
    this.fd = host.allocate();
    this.state = transport.connecting ? "connecting" : "open";
    this.host = host;
    this.#transport = transport;
    if (host.debug) this.#borrowed = new BorrowCheck();
  }

  /** Starts the traffic. Apart from the constructor, because the reactor must know us first. */
  attach(): void {
    this.#transport.attach(this);
  }

  get localAddress(): SocketAddress | null {
    return this.#transport.localAddress;
  }

  get remoteAddress(): SocketAddress | null {
    return this.#transport.remoteAddress;
  }

  get queued(): number {
    return this.#output.length;
  }

  get unread(): number {
    return this.#input.length;
  }

  get room(): number {
    if (this.state !== "open" || this.#shut) return 0;
    return Math.max(0, this.host.limits.highWaterMark - this.#output.length);
  }

  get closed(): Promise<Error | null> {
    this.#closed ??= new Closed();
    return this.#closed.promise(this.state === "closed", this.error);
  }

  condition(): number {
    const state = this.state;
    if (state === "closing" || state === "closed" || state === "connecting") return 0;
    const lost = state === "failed";
    const endUnread = this.#endSeen && !this.ended && !lost;
    let mask = this.#input.length > 0 || endUnread ? READABLE : 0;
    if (this.#endSeen && !this.ended) mask |= PEER_CLOSED;
    if (state === "open") return this.#shut || this.#full ? mask : mask | WRITABLE;
    if ((mask & READABLE) !== 0 && !this.#unreadExpired) return mask;
    return lost ? mask | ERROR | HANGUP : mask | HANGUP;
  }

  read(maxBytes = Infinity): Buffer | null {
    failure.checkMaxBytes(maxBytes, this.fd);
    if (this.state === "closing" || this.state === "closed" || maxBytes === 0) return null;
    const bytes = this.#input.read(maxBytes);
    if (bytes === null) return this.#readEnd();
    this.progress++;
    if (this.#readingStopped && this.#input.length * 2 <= this.host.limits.inputMark) {
      this.#readingStopped = false;
      if (this.state === "open") this.#transport.resume();
    }
    this.#noteDrained();
    return bytes;
  }

  #readEnd(): Buffer | null {
    if (!this.#endSeen || this.ended || this.state === "failed") return null;
    this.ended = true;
    this.progress++;
    this.#noteDrained();
    return END;
  }

  /** What waited for the bytes to be read may now be told. */
  #noteDrained(): void {
    if (this.state !== "failed" && this.state !== "hung-up") return;
    const last = this.condition() & (ERROR | HANGUP);
    if (last !== 0) this.host.changed(this, last);
  }

  peek(): Buffer | null {
    return this.state === "closing" || this.state === "closed" ? null : this.#input.peek();
  }

  write(bytes: Uint8Array, options?: WriteOptions): number {
    if (!(bytes instanceof Uint8Array)) throw failure.notBytes(bytes, this.fd);
    if (this.state !== "open" || this.#shut) return 0;
    const room = this.host.limits.highWaterMark - this.#output.length;
    const taken = Math.min(bytes.length, room);
    if (taken <= 0) return 0;
    this.#accept(taken === bytes.length ? bytes : bytes.subarray(0, taken), options?.copy === true);
    if (taken === room) this.#full = true;
    this.progress++;
    this.#flushLater();
    return taken;
  }

  #accept(bytes: Uint8Array, copy: boolean): void {
    if (this.#output === NO_OUTPUT) this.#output = new OutputQueue(this.host.pages);
    const borrowed = this.#output.append(bytes, copy);
    if (borrowed) this.#borrowed?.lend(bytes, this.bytesOut + this.#output.length);
  }

  shutdown(): void {
    if ((this.state !== "open" && this.state !== "connecting") || this.#shut) return;
    this.#shut = true;
    this.progress++;
    if (this.state === "open") this.#flushLater();
  }

  close(): void {
    if (this.state === "closing" || this.state === "closed") return;
    if (this.state !== "open") {
      this.abort();
      return;
    }
    this.state = "closing";
    this.host.busy(1);
    this.#input.clear();
    this.#shut = true;
    if (this.#readingStopped) this.#transport.resume();
    this.#awaitClosing();
    this.#flushLater();
    this.host.detach(this, null);
  }

  abort(reason?: Error): void {
    if (this.state === "closed") return;
    const lost = this.state === "failed" || this.state === "hung-up";
    if (reason !== undefined) this.error ??= asError(reason, this.fd, "abort() was given");
    this.finalize();
    if (!lost) this.host.destroyLater(this.#transport, true);
  }

  #flushLater(): void {
    if (this.#flushing || this.#inFlight) return;
    this.#flushing = true;
    this.host.flushLater(this);
  }

  /** Hands output to the transport, one write at a time, until it no longer completes at once. */
  flush(): void {
    this.#flushing = false;
    if (this.state !== "open" && this.state !== "closing") return;
    while (!this.#inFlight && this.#output.length > 0) {
      this.#inFlight = true;
      if (!this.#transport.write(this.#output.next(this.host.limits.flushBytes))) return;
      this.#wrote();
    }
    if (!this.#shut || this.#finSent || this.#inFlight) return;
    this.#finSent = true;
    this.#transport.shutdown();
  }

  #wrote(): void {
    this.#inFlight = false;
    const bytes = this.#output.written();
    this.bytesOut += bytes;
    this.host.counters.bytesOut += bytes;
    if (this.#borrowed?.changedBefore(this.bytesOut) === true) {
      this.host.report(this, "IOMUX_BORROWED_BYTES_CHANGED", () => failure.borrowedChanged(this));
    }
    if (this.#full && this.#output.length <= this.host.limits.lowWaterMark) {
      this.#full = false;
      if (this.state === "open" && !this.#shut) this.host.changed(this, WRITABLE);
    }
  }

  failConnecting(error: Error): void {
    if (this.state !== "connecting") return;
    this.#transport.destroy();
    this.onFailed(error);
  }

  // What the transport tells, also for a while after abort(): sockets are let go between turns.

  onOpen(): void {
    if (this.state !== "connecting") return;
    this.state = "open";
    this.#endConnecting();
    this.host.counters.connected++;
    if (this.#shut) this.#flushLater();
    else this.host.changed(this, WRITABLE);
  }

  #endConnecting(): void {
    this.onConnectingEnds?.();
    this.onConnectingEnds = null;
  }

  onBytes(chunk: Buffer): void {
    const size = chunk.length;
    if (size === 0) return;
    this.bytesIn += size;
    this.host.counters.bytesIn += size;
    if (this.state === "closing" || this.state === "closed") return;
    if (this.#input === NO_INPUT) this.#input = new ByteQueue();
    this.#input.push(chunk);
    this.host.changed(this, READABLE);
    this.host.collected(size);
    // After a turn that may have read it all.
    if (this.#input.length >= this.host.limits.inputMark && !this.#readingStopped) {
      this.#readingStopped = true;
      this.#transport.pause();
    }
  }

  onEnd(confirmed: boolean): void {
    if (this.state === "closed") return;
    this.#endSeen = true;
    this.endConfirmed = confirmed && !this.#shut;
    if (this.state === "open") this.host.changed(this, READABLE | PEER_CLOSED);
  }

  onWritten(): void {
    this.#wrote();
    if (this.state === "closing") this.#awaitClosing();
    this.flush();
    if (!this.#lingering && this.#finSent) this.#letGo();
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
    this.#output.clear();
    this.#inFlight = false;
    this.#endConnecting();
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
      if (this.#output.length > 0) this.abort(failure.cutOff(this, this.host.limits.lingerMs));
      else this.#letGo();
    });
  }

  #letGo(): void {
    this.finalize();
    this.host.destroyLater(this.#transport, false);
  }

  /** The reactor closes: from now on only output that is still to leave keeps it from closed. */
  letGoOnceWritten(): void {
    if (this.state !== "closing") return;
    this.#lingering = false;
    if (this.#output.length === 0) this.#letGo();
  }

  /** The last step of every way: closed, and told once. */
  finalize(): void {
    if (this.state === "closed") return;
    const closing = this.state === "closing";
    this.state = "closed";
    this.#endConnecting();
    this.#cancelDeadline?.();
    this.#cancelDeadline = null;
    this.#input.clear();
    this.#output.clear();
    this.#inFlight = false;
    this.host.gone(this);
    this.#closed?.fulfil(this.error);
    if (closing) this.host.busy(-1);
    // Last, because it runs code of users: the listeners of `registration.signal`.
    this.host.detach(this, this.error);
  }

  assertInvariants(): void {
    this.#input.assertInvariants();
    this.#output.assertInvariants();
    const { highWaterMark } = this.host.limits;
    if (this.queued > highWaterMark) throw new Error(`fd ${this.fd}: ${this.queued} queued`);
    if (this.ended && !this.#endSeen) throw new Error(`fd ${this.fd}: ended before the end`);
    if (this.state === "closed" && this.queued + this.unread > 0) {
      throw new Error(`fd ${this.fd}: bytes kept after close`);
    }
  }
}
