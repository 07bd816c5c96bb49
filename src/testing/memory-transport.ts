/**
 * One end of a stream in memory: what the kernel does for a socket.
 *
 *   write() -> send buffer -> link -> receive buffer of the other end -> its sink
 *
 * What is on the link counts towards the receive buffer that it will reach, which is TCP's window.
 * A write is complete once no more than the send buffer holds is left of it. An end that closes with
 * bytes unread, or is written to when closed, answers a reset, as TCP does; a Unix-domain end
 * answers EPIPE to who writes to it.
 */
import type { SocketAddress, Transport, TransportSink } from "iomux";

import type { EndSettings } from "./end-settings.ts";
import { KernelBuffer } from "./kernel-buffer.ts";
import type { Segment } from "./link.ts";
import { connectionError } from "./memory-addresses.ts";
import { netstatLine, streamState } from "./netstat-line.ts";
import { MemorySocket } from "./memory-socket.ts";
import { Outbound } from "./outbound.ts";
import type { SimulatedClock } from "./simulated-clock.ts";

/** The most that one I/O event delivers, as libuv's reads. */
const READ_BYTES = 64 * 1024;
const RESET = "the peer reset the connection";

export class MemoryTransport implements Transport {
  /** Its own end. */
  readonly localAddress: SocketAddress;
  /** The other end. */
  readonly remoteAddress: SocketAddress;
  readonly writeOnly: boolean;
  connecting = false;
  readonly #clock: SimulatedClock;
  readonly #capacity: number;
  readonly #outbound: Outbound;
  readonly #released: () => void;
  #peer: MemoryTransport | null = null;
  #sink: TransportSink | null = null;
  readonly #inbound = new KernelBuffer();
  /** What the peer has sent after its bytes. */
  #inboundEnd: "none" | "fin" | "reset" = "none";
  #endTold: boolean;
  /** Whether a write is not complete yet. */
  #writing = false;
  /** Who had this end before a reactor adopted it. */
  #socket: MemorySocket | null = null;
  #shut = false;
  #finSent = false;
  #reading = false;
  #scheduled = false;
  #closed = false;
  #failure: Error | null = null;

  constructor(settings: EndSettings) {
    this.#clock = settings.clock;
    this.#capacity = settings.capacity;
    this.#outbound = new Outbound(settings);
    this.localAddress = settings.localAddress;
    this.remoteAddress = settings.remoteAddress;
    this.#released = settings.released;
    this.writeOnly = this.#endTold = settings.writeOnly;
  }

  /** Two ends of one stream. */
  static join(a: MemoryTransport, b: MemoryTransport): void {
    a.#peer = b;
    b.#peer = a;
  }

  /** Whether it was let go of. */
  get closed(): boolean {
    return this.#closed;
  }

  /** As netstat(8) shows it. */
  describe(): string {
    const { localAddress: local, remoteAddress: foreign } = this;
    const unsent = this.#outbound.length + this.#outbound.travelling;
    const state = streamState(this.connecting, this.#finSent, this.#inboundEnd !== "none");
    return netstatLine({ local, foreign, received: this.#inbound.length, unsent, state });
  }

  attach(sink: TransportSink): void {
    this.#sink = sink;
    if (this.#failure !== null) {
      this.#end("failure");
      sink.onFailed(this.#failure);
      return;
    }
    if (this.connecting) return;
    this.#reading = true;
    this.#poll();
  }

  /** A part of the handshake travels before all bytes. */
  carry(what: Segment, arrive: () => void): void {
    this.#outbound.send(what, arrive);
  }

  /** The connection stands. */
  open(): void {
    if (this.#closed) return;
    this.connecting = false;
    this.#sink?.onOpen();
    this.#reading = this.#sink !== null;
    this.#poll();
  }

  /** The connection could not be made, or is lost. */
  fail(code: string, why: string): void {
    this.#outbound.drop("unsent at failure");
    if (this.#closed) return;
    this.#outbound.account.note(() => `fails: ${why} (${code})`);
    this.#failure = connectionError(code, this.connecting, this.remoteAddress, why);
    const sink = this.#sink;
    if (sink === null) return;
    this.#end("failure");
    sink.onFailed(this.#failure);
  }

  write(bytes: Uint8Array | readonly Uint8Array[]): boolean {
    if (this.#closed || this.#failure !== null) return false;
    this.#outbound.push(bytes instanceof Uint8Array ? [bytes] : bytes);
    this.#writing = true;
    this.#send();
    this.#writing = this.#outbound.overfull;
    return !this.#writing;
  }

  pause(): void {
    this.#reading = false;
  }

  /** Reads again. */
  resume(): void {
    this.#reading = true;
    this.#poll();
  }

  shutdown(): void {
    this.#shut = true;
    this.#sendFin();
  }

  /** What is in the send buffer still leaves; what is in the writer's hands does not. */
  destroy(): void {
    if (this.#closed) return;
    const unread = this.#inbound.length > 0;
    this.#end("close");
    if (unread) {
      this.#abandon();
      return;
    }
    this.#shut = true;
    this.#outbound.dropExcess("unsent at close");
    this.#sendFin();
  }

  /** The Unix family knows no reset: there it is a close. */
  reset(): void {
    if (this.#unix) {
      this.destroy();
      return;
    }
    if (this.#closed) return;
    this.#end("reset");
    this.#abandon();
  }

  #abandon(): void {
    this.#outbound.abandon();
    this.#sendEnd("reset");
  }

  #sendEnd(end: "fin" | "reset"): void {
    const peer = this.#peer;
    if (peer === null) return;
    this.#outbound.send(end, () => {
      peer.receiveEnd(end);
    });
  }

  get #unix(): boolean {
    return this.localAddress.family === "unix";
  }

  /** Nobody hears it any more; what comes waits for who attaches next. */
  detach(): void {
    this.#sink = null;
    this.#reading = false;
  }

  /** Gives bytes back to be read again, before what waits: for whoever takes this end over. */
  unread(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#inbound.unshift(bytes);
    this.#peer!.#outbound.account.deliver(-bytes.length);
    this.#endTold = false;
  }

  /** It goes from `socket` to a reactor, which may give it back. */
  takeFrom(socket: MemorySocket): void {
    this.#socket = socket;
  }

  putBack(unread: readonly Buffer[]): boolean {
    if (this.writeOnly) return true;
    if (this.#endTold && unread.length > 0) return false;
    this.#reading = false;
    this.unread(Buffer.concat(unread));
    return true;
  }

  handOver(): MemorySocket {
    this.detach();
    const socket = this.#socket ?? new MemorySocket(this);
    socket.takeBack();
    socket.ended = this.#endTold;
    return socket;
  }

  /** As much as the other end has room for. */
  #send(): void {
    const peer = this.#peer!;
    if (this.#inboundEnd === "reset" || (peer.#closed && this.#unix)) {
      peer.#refuse();
      return;
    }
    while (this.#outbound.length > 0) {
      const room = peer.#capacity - peer.#inbound.length - this.#outbound.travelling;
      if (room < this.#outbound.leastRoom(peer.#capacity)) return;
      if (this.#outbound.breaks()) {
        // The network resets both ends.
        this.#abandon();
        this.receiveEnd("reset");
        return;
      }
      this.#outbound.sendData(room, (bytes) => {
        peer.#receive(bytes);
      });
    }
  }

  /** It is closed, and was sent bytes: that is told behind what it has sent itself. */
  #refuse(): void {
    this.#outbound.send("reset", () => {
      this.#clock.post(this.#peer!.#brokenPipe);
    });
  }

  readonly #brokenPipe = (): void => {
    if (this.#unix) {
      this.fail("EPIPE", "the peer has closed and takes no more bytes");
      this.#peer!.#outbound.drop("unsent at failure");
    } else this.fail("ECONNRESET", RESET);
  };

  /** The other end has read: what waits goes on. */
  #drained(): void {
    if (this.#outbound.length > 0) this.#send();
    if (!this.#writing || this.#outbound.overfull) {
      this.#sendFin();
      return;
    }
    this.#writing = false;
    this.#clock.post(() => {
      if (!this.#closed) this.#sink?.onWritten();
      this.#sendFin();
    });
  }

  #sendFin(): void {
    if (!this.#shut || this.#finSent || this.#writing || this.#outbound.length > 0) return;
    this.#finSent = true;
    this.#sendEnd("fin");
    this.#finishIfBothEnded();
  }

  #receive(bytes: Buffer): void {
    if (!this.#closed && this.#inboundEnd !== "reset") {
      this.#inbound.push(bytes);
      this.#poll();
      return;
    }
    const cause = this.#closed ? "late after close" : "late after reset";
    this.#peer!.#outbound.account.discard(cause, bytes.length);
    if (!this.#closed) return;
    if (this.#unix) this.#refuse();
    else {
      // What it had still to send goes with it, as in Linux.
      this.#outbound.drop("unsent at reset");
      this.#sendEnd("reset");
    }
  }

  /** The other end has ended its side, or has reset the connection. */
  receiveEnd(end: "fin" | "reset"): void {
    // What a closed end has left to send is sent no more.
    if (this.#closed && end === "reset") this.#outbound.drop("unsent at failure");
    if (this.#closed || this.#inboundEnd === "reset") return;
    this.#inboundEnd = end;
    // A write that waits fails at once, whether anybody reads or not.
    if (end === "reset" && this.#outbound.length > 0) {
      this.#clock.post(() => {
        if (this.writeOnly) this.#brokenPipe();
        else this.fail("ECONNRESET", RESET);
      });
    }
    this.#poll();
  }

  /** Something may be there to tell of in the next I/O phase. */
  #poll(): void {
    if (this.#scheduled || this.#sink === null || !this.#reading) return;
    const over = this.#inboundEnd === "fin" && this.#endTold;
    if (this.#inbound.length === 0 && (this.#inboundEnd === "none" || over)) return;
    this.#scheduled = true;
    this.#clock.post(() => {
      this.#scheduled = false;
      this.#tell();
    });
  }

  /** Who wants bytes now, if anybody: a sink may pause, or let go, with each chunk. */
  #listener(): TransportSink | null {
    return this.#reading ? this.#sink : null;
  }

  #tell(): void {
    if (this.#closed || !this.#reading) return;
    let told = 0;
    for (let sink = this.#listener(); sink !== null && told < READ_BYTES; sink = this.#listener()) {
      if (this.#inbound.length === 0) break;
      const chunk = this.#inbound.take(READ_BYTES - told);
      told += chunk.length;
      this.#peer!.#outbound.account.deliver(chunk.length);
      sink.onBytes(chunk);
    }
    if (told > 0) this.#peer!.#drained();
    if (this.#inbound.length === 0) this.#tellEnd();
    this.#poll();
  }

  #tellEnd(): void {
    if (this.#inboundEnd === "reset") {
      this.fail("ECONNRESET", RESET);
    } else if (this.#inboundEnd === "fin" && !this.#endTold) {
      this.#endTold = true;
      this.#sink?.onEnd(!this.#unix && !this.#shut);
      this.#finishIfBothEnded();
    }
  }

  #finishIfBothEnded(): void {
    if (!this.#finSent || !this.#endTold) return;
    this.#clock.post(() => {
      if (this.#closed) return;
      const sink = this.#sink;
      this.#end("close");
      sink?.onFinished();
    });
  }

  #end(event: "close" | "reset" | "failure"): void {
    this.#closed = true;
    this.#reading = false;
    this.#sink = null;
    this.#outbound.account.over = true;
    const unread = this.#inbound.cut(0);
    if (unread > 0) this.#peer!.#outbound.account.discard(`unread at ${event}`, unread);
    this.#writing = false;
    this.#released();
  }
}
