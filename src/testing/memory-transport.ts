/**
 * One end of a stream in memory: what the kernel does for a socket, without faults.
 *
 * Bytes that an end writes wait at the other one, up to `capacity`; beyond that the write is
 * pending. An end that closes with bytes unread, or is written to when closed, answers a reset, as
 * TCP does; a Unix-domain end answers EPIPE to who writes to it.
 */
import {
  IomuxError,
  formatAddress,
  type SocketAddress,
  type Transport,
  type TransportSink,
} from "iomux";

import { MemorySocket } from "./memory-socket.ts";
import type { SimulatedClock } from "./simulated-clock.ts";

/** The most that one I/O event delivers, as libuv's reads. */
const READ_BYTES = 64 * 1024;

/** What one end of a stream in memory is made with. */
export interface EndSettings {
  /** The time in which its bytes travel. */
  readonly clock: SimulatedClock;
  /** Bytes that one direction holds between the two ends. */
  readonly capacity: number;
  /** Its own end. */
  readonly localAddress: SocketAddress;
  /** The other end. */
  readonly remoteAddress: SocketAddress;
  /** Called once when the end holds no descriptor any more. */
  readonly released: () => void;
  /** Whether it is the end of a pipe that is written to. */
  readonly writeOnly: boolean;
}

export class MemoryTransport implements Transport {
  /** Its own end. */
  readonly localAddress: SocketAddress;
  /** The other end. */
  readonly remoteAddress: SocketAddress;
  readonly writeOnly: boolean;
  connecting = false;
  readonly #clock: SimulatedClock;
  readonly #capacity: number;
  readonly #released: () => void;
  #peer: MemoryTransport | null = null;
  #sink: TransportSink | null = null;
  #inbound: Buffer[] = [];
  #inboundBytes = 0;
  /** What the peer has sent after its bytes. */
  #inboundEnd: "none" | "fin" | "reset" = "none";
  #endTold: boolean;
  /** Who had this end before a reactor adopted it. */
  #socket: MemorySocket | null = null;
  #outbound: Uint8Array[] = [];
  #shut = false;
  #finSent = false;
  #reading = false;
  #scheduled = false;
  #closed = false;
  #failure: Error | null = null;

  constructor(settings: EndSettings) {
    this.#clock = settings.clock;
    this.#capacity = settings.capacity;
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

  attach(sink: TransportSink): void {
    this.#sink = sink;
    if (this.#failure !== null) {
      this.#end();
      sink.onFailed(this.#failure);
      return;
    }
    if (this.connecting) return;
    this.#reading = true;
    this.#poll();
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
    if (this.#closed) return;
    const doing = this.connecting ? "cannot connect to" : "connection with";
    const message = `${doing} ${formatAddress(this.remoteAddress)}: ${why} (${code})`;
    this.#failure = new IomuxError(code, message);
    const sink = this.#sink;
    if (sink === null) return;
    this.#end();
    sink.onFailed(this.#failure);
  }

  write(bytes: Uint8Array | readonly Uint8Array[]): boolean {
    if (this.#closed || this.#failure !== null) return false;
    this.#outbound = bytes instanceof Uint8Array ? [bytes] : bytes.slice();
    return this.#send();
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

  destroy(): void {
    if (this.#closed) return;
    const unread = this.#inboundBytes > 0;
    const fin = !this.#finSent;
    this.#sink = null;
    this.#end();
    if (unread) this.#peer?.receiveEnd("reset");
    else if (fin) this.#peer?.receiveEnd("fin");
  }

  /** The Unix family knows no reset: there it is a close. */
  reset(): void {
    if (this.#unix) {
      this.destroy();
      return;
    }
    if (this.#closed) return;
    this.#sink = null;
    this.#end();
    this.#peer?.receiveEnd("reset");
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
    this.#inboundBytes += bytes.length;
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

  /** As much as the other end has room for. True: all of it is there. */
  #send(): boolean {
    const peer = this.#peer!;
    if (peer.#closed) {
      this.#clock.post(() => {
        this.#brokenPipe();
      });
      return false;
    }
    while (this.#outbound.length > 0) {
      const room = peer.#capacity - peer.#inboundBytes;
      if (room <= 0) return false;
      const chunk = this.#outbound[0]!;
      const part = chunk.subarray(0, room);
      peer.#receive(Buffer.from(part));
      if (part.length === chunk.length) this.#outbound.shift();
      else this.#outbound[0] = chunk.subarray(part.length);
    }
    return true;
  }

  #brokenPipe(): void {
    if (this.#unix) this.fail("EPIPE", "the peer has closed and takes no more bytes");
    else this.fail("ECONNRESET", "the peer reset the connection");
  }

  /** The other end has read: a pending write goes on. */
  #drained(): void {
    if (this.#closed || this.#outbound.length === 0 || !this.#send()) return;
    this.#clock.post(() => {
      if (this.#closed) return;
      this.#sink?.onWritten();
      this.#sendFin();
    });
  }

  #sendFin(): void {
    if (!this.#shut || this.#finSent || this.#outbound.length > 0 || this.#closed) return;
    this.#finSent = true;
    this.#peer?.receiveEnd("fin");
    this.#finishIfBothEnded();
  }

  #receive(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#inbound.push(bytes);
    this.#inboundBytes += bytes.length;
    this.#poll();
  }

  /** The other end has ended its side, or has reset the connection. */
  receiveEnd(end: "fin" | "reset"): void {
    if (this.#closed || this.#inboundEnd === "reset") return;
    this.#inboundEnd = end;
    // A write that waits fails at once, whether anybody reads or not.
    if (end === "reset" && this.#outbound.length > 0) {
      this.#clock.post(() => {
        if (this.writeOnly) this.#brokenPipe();
        else this.fail("ECONNRESET", "the peer reset the connection");
      });
    }
    this.#poll();
  }

  /** Something may be there to tell of in the next I/O phase. */
  #poll(): void {
    if (this.#scheduled || this.#sink === null || !this.#reading) return;
    if (this.#inboundBytes === 0 && (this.#inboundEnd === "none" || this.#endTold)) {
      if (this.#inboundEnd !== "reset") return;
    }
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
      const head = this.#inbound[0];
      if (head === undefined) break;
      const chunk = head.subarray(0, READ_BYTES - told);
      if (chunk.length === head.length) this.#inbound.shift();
      else this.#inbound[0] = head.subarray(chunk.length);
      told += chunk.length;
      this.#inboundBytes -= chunk.length;
      sink.onBytes(chunk);
    }
    if (told > 0) this.#peer!.#drained();
    if (this.#inboundBytes === 0) this.#tellEnd();
    this.#poll();
  }

  #tellEnd(): void {
    if (this.#inboundEnd === "reset") {
      const why = "the peer reset the connection";
      this.fail("ECONNRESET", why);
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
      this.#end();
      sink?.onFinished();
    });
  }

  #end(): void {
    this.#closed = true;
    this.#reading = false;
    this.#sink = null;
    this.#inbound = [];
    this.#inboundBytes = 0;
    this.#outbound = [];
    this.#released();
  }
}
