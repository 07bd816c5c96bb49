/**
 * Datagrams in memory: sockets with a kernel's buffer each, and what is between them.
 *
 * As in Linux, a buffer that is full drops what comes; a socket with a peer hears that nobody
 * receives there, one without does not; an address may be shared if all say so, and then the last
 * one bound has it.
 */
import {
  IomuxError,
  formatAddress,
  type BindOptions,
  type DatagramAddress,
  type DatagramSource,
  type TcpAddress,
} from "iomux";

import { MemoryDatagram } from "./memory-datagram.ts";
import { MemoryUdpSocket } from "./memory-udp-socket.ts";
import type { SimulatedClock } from "./simulated-clock.ts";

const FIRST_PORT = 32_768;

/** A datagram between its sender and one receiver. */
export interface DatagramOnTheWay {
  /** What it holds. */
  readonly bytes: Buffer;
  /** Who sends it. */
  readonly from: DatagramSource;
  /** Where it was sent to. */
  readonly to: DatagramAddress;
}

/**
 * Carries a datagram to one receiver: by calling `deliver` never, once, more than once, or later
 * (by the clock), which is loss, duplication, delay and reordering.
 */
export type Carrier = (datagram: DatagramOnTheWay, deliver: () => void) => void;

/** Where the datagrams of a `MemoryNetwork` travel. */
export class MemoryDatagrams {
  /** Its loop and its time. */
  readonly clock: SimulatedClock;
  /** What happens to datagrams on their way. Default: each arrives, in order. */
  carry: Carrier = (_, deliver) => {
    deliver();
  };
  /** Datagrams for which a receiver's buffer had no room. */
  overflowed = 0;
  readonly #sockets = new Set<MemoryDatagram>();
  /** Those whose datagrams the system does not take at present. */
  #stalled: Set<MemoryDatagram> | null = null;
  #lastPort = FIRST_PORT - 1;

  constructor(clock: SimulatedClock) {
    this.clock = clock;
  }

  /**
   * Throws an `IomuxError` with the system's code.
   * @hidden
   */
  bind(
    address: Required<TcpAddress>,
    options: BindOptions = {},
    released: () => void = () => undefined,
  ): MemoryDatagram {
    const port = address.port === 0 ? ++this.#lastPort : address.port;
    const local = ip(address.host, port);
    const taken = [...this.#sockets].some(
      ({ localAddress, boundHost, shared }) =>
        localAddress.port === port &&
        (boundHost === local.host || isAny(boundHost) || isAny(local.host)) &&
        !(shared && options.reuseAddress === true),
    );
    if (taken) throw refusal("EADDRINUSE", "bind to", local, "the address is in use");
    const { peer } = options;
    const loopback = local.family === "IPv6" ? "::1" : "127.0.0.1";
    const remote = peer === undefined ? null : ip(peer.host ?? loopback, peer.port);
    const near = remote !== null && isAny(local.host) ? ip(loopback, port) : local;
    const addresses = { bound: local, local: near, remote };
    const socket = new MemoryDatagram(this, addresses, options, released);
    this.#sockets.add(socket);
    return socket;
  }

  /** A raw socket, outside of every reactor. */
  socket(address: TcpAddress, options?: BindOptions): MemoryUdpSocket {
    return new MemoryUdpSocket(
      this.bind({ host: address.host ?? "127.0.0.1", port: address.port }, options),
    );
  }

  /** @hidden */
  unbind(socket: MemoryDatagram): void {
    this.#sockets.delete(socket);
    this.#stalled?.delete(socket);
  }

  /** From now on the system takes no datagram of anybody, as if its buffers were full. */
  stall(): void {
    this.#stalled ??= new Set();
  }

  /** It takes `count` of those that wait, or all of them, and from now on every one. */
  goOn(count = Infinity): void {
    const stalled = [...(this.#stalled ?? [])];
    if (count === Infinity) this.#stalled = null;
    for (const socket of stalled) count -= socket.goOn(count);
  }

  /**
   * Whether `socket` must wait; it is told by `goOn()`.
   * @hidden
   */
  mustWait(socket: MemoryDatagram): boolean {
    this.#stalled?.add(socket);
    return this.#stalled !== null;
  }

  /**
   * Answers why it cannot be sent, as the system's code, or null.
   * @hidden
   */
  route(sender: MemoryDatagram, bytes: Buffer, to: DatagramAddress): string | null {
    const { host, port } = to;
    if (host === "255.255.255.255" && !sender.mayBroadcast) return "EACCES";
    const from = sender.sourceAddress;
    const receivers = this.#receiversOf(sender, host, port);
    const unicast = !isGroup(host) && host !== "255.255.255.255";
    if (unicast && receivers.length === 0) sender.refused();
    for (const receiver of receivers) {
      if (receiver.remoteAddress !== null && !sameAddress(receiver.remoteAddress, from)) continue;
      this.carry({ bytes, from, to }, () => {
        if (!receiver.receive(bytes, from)) this.overflowed++;
      });
    }
    return null;
  }

  #receiversOf(sender: MemoryDatagram, host: string, port: number): MemoryDatagram[] {
    const there = [...this.#sockets].filter(({ localAddress }) => localAddress.port === port);
    if (isGroup(host)) {
      return sender.hearsItself ? there.filter((socket) => socket.groups.has(host)) : [];
    }
    const anywhere = there.filter(({ boundHost }) => isAny(boundHost));
    if (host === "255.255.255.255") return anywhere;
    const exact = there.filter(({ boundHost }) => boundHost === host);
    return (exact.length > 0 ? exact : anywhere).slice(-1);
  }
}

function isAny(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}

/** Multicast: 224.0.0.0/4 (RFC 5771) and ff00::/8 (RFC 4291). */
function isGroup(host: string): boolean {
  const [first = ""] = host.split(".");
  return /^ff/i.test(host) || (Number(first) >= 224 && Number(first) < 240);
}

function sameAddress(one: DatagramSource, other: DatagramSource): boolean {
  return formatAddress(one) === formatAddress(other);
}

function ip(host: string, port: number): DatagramSource {
  const address = host === "localhost" ? "127.0.0.1" : host;
  return { family: address.includes(":") ? "IPv6" : "IPv4", host: address, port };
}

function refusal(code: string, doing: string, address: DatagramSource, why: string): IomuxError {
  return new IomuxError(code, `cannot ${doing} ${formatAddress(address)}: ${why} (${code})`);
}
