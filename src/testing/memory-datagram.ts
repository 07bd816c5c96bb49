/** A datagram socket in memory: its kernel's buffer, its groups, and what it may not send yet. */
import {
  IomuxError,
  formatAddress,
  type BindOptions,
  type DatagramAddress,
  type DatagramSink,
  type DatagramSource,
  type DatagramTransport,
} from "iomux";

import type { MemoryDatagrams } from "./memory-datagrams.ts";

/** What Linux gives a socket (net.core.rmem_default), and what a datagram costs besides its bytes. */
const BUFFER_BYTES = 208 * 1024;
const OVERHEAD_BYTES = 768;
/** The most that one I/O event delivers, as libuv does. */
const RECEIVED_AT_ONCE = 32;

interface Received {
  readonly bytes: Buffer;
  readonly from: DatagramSource;
}

interface Waiting {
  readonly bytes: Buffer;
  readonly to: DatagramAddress;
}

export class MemoryDatagram implements DatagramTransport {
  readonly localAddress: DatagramSource;
  readonly remoteAddress: DatagramSource | null;
  /** Where it was bound: a socket with a peer has a nearer address too. */
  readonly boundHost: string;
  readonly shared: boolean;
  readonly mayBroadcast: boolean;
  readonly hearsItself: boolean;
  readonly groups = new Set<string>();
  readonly #air: MemoryDatagrams;
  readonly #released: () => void;
  readonly #capacity: number;
  #sink: DatagramSink | null = null;
  #inbound: Received[] = [];
  #inboundBytes = 0;
  #outbound: Waiting[] = [];
  #scheduled = false;
  #closed = false;

  constructor(
    air: MemoryDatagrams,
    addresses: { bound: DatagramSource; local: DatagramSource; remote: DatagramSource | null },
    options: BindOptions,
    released: () => void,
  ) {
    this.#air = air;
    this.boundHost = addresses.bound.host;
    this.localAddress = addresses.local;
    this.remoteAddress = addresses.remote;
    this.shared = options.reuseAddress ?? false;
    this.mayBroadcast = options.broadcast ?? false;
    this.hearsItself = options.multicastLoopback ?? true;
    this.#capacity = options.receiveBufferBytes ?? BUFFER_BYTES;
    this.#released = released;
  }

  get closed(): boolean {
    return this.#closed;
  }

  attach(sink: DatagramSink): void {
    this.#sink = sink;
    this.#poll();
  }

  /** Nobody hears it any more; what comes waits for who attaches next. */
  detach(): void {
    this.#sink = null;
  }

  send(bytes: Uint8Array, to: DatagramAddress | null): boolean {
    const waiting = { bytes: Buffer.from(bytes), to: to ?? this.remoteAddress! };
    if (this.#air.mustWait(this)) {
      this.#outbound.push(waiting);
      return false;
    }
    const error = this.#route(waiting);
    if (error !== null) {
      this.#post((sink) => {
        sink.onError(error);
      });
    }
    return true;
  }

  /** The system takes `count` of the datagrams that wait. Answers how many that were. */
  goOn(count: number): number {
    const leaving = this.#outbound.splice(0, count);
    for (const waiting of leaving) {
      const error = this.#route(waiting);
      this.#post((sink) => {
        sink.onSent(waiting.bytes.length, error);
      });
    }
    return leaving.length;
  }

  #route({ bytes, to }: Waiting): IomuxError | null {
    const code = this.#air.route(this, bytes, to);
    if (code === null) return null;
    const message = `sending ${bytes.length} bytes to ${formatAddress(to)}: not allowed (${code})`;
    return new IomuxError(code, message);
  }

  /** Nobody is where a datagram went; only who has a peer is told (ICMP, udp(7)). */
  refused(): void {
    const peer = this.remoteAddress;
    if (peer === null) return;
    const message = `datagrams for ${formatAddress(peer)}: nobody receives there (ECONNREFUSED)`;
    this.#post((sink) => {
      sink.onError(new IomuxError("ECONNREFUSED", message));
    });
  }

  /** False: the buffer has no room. */
  receive(bytes: Buffer, from: DatagramSource): boolean {
    if (this.#closed) return true;
    const cost = bytes.length + OVERHEAD_BYTES;
    if (this.#inboundBytes + cost > this.#capacity) return false;
    this.#inbound.push({ bytes: Buffer.from(bytes), from });
    this.#inboundBytes += cost;
    this.#poll();
    return true;
  }

  #poll(): void {
    if (this.#scheduled || this.#sink === null || this.#inbound.length === 0) return;
    this.#scheduled = true;
    this.#air.clock.post(() => {
      this.#scheduled = false;
      this.#tell();
    });
  }

  #tell(): void {
    for (let told = 0; told < RECEIVED_AT_ONCE && this.#sink !== null; told++) {
      const received = this.#inbound.shift();
      if (received === undefined) return;
      this.#inboundBytes -= received.bytes.length + OVERHEAD_BYTES;
      this.#sink.onDatagram(received.bytes, received.from);
    }
    this.#poll();
  }

  #post(tell: (sink: DatagramSink) => void): void {
    this.#air.clock.post(() => {
      if (this.#sink !== null) tell(this.#sink);
    });
  }

  joinGroup(group: string): void {
    if (this.groups.has(group)) throw groupError("EADDRINUSE", "join", group);
    this.groups.add(group);
  }

  leaveGroup(group: string): void {
    if (!this.groups.delete(group)) throw groupError("EADDRNOTAVAIL", "leave", group);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#sink = null;
    this.#inbound = [];
    this.#outbound = [];
    this.#air.unbind(this);
    this.#released();
  }

  /** Somebody other than its reactor closes it. */
  closeOutside(): void {
    const message = "the socket was closed outside the reactor; close() its datagram instead";
    this.#post((sink) => {
      this.close();
      sink.onClosed(new IomuxError("ECONNABORTED", message));
    });
  }
}

function groupError(code: string, doing: string, group: string): IomuxError {
  const why = doing === "join" ? "has joined it already" : "has not joined it";
  return new IomuxError(code, `cannot ${doing} the group ${group}: this socket ${why} (${code})`);
}
