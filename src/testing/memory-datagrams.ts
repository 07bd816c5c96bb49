/**
 * Datagrams in memory: sockets with a kernel's buffer each, and what is between them.
 *
 * As in Linux, a buffer that is full drops what comes; a socket with a peer hears that nobody
 * receives there (ICMP, udp(7)), one without does not; a host that is not there answers nothing; an
 * address may be shared if all say so, and then the last one bound has it.
 */
import {
  formatAddress,
  type BindOptions,
  type DatagramAddress,
  type DatagramSource,
  type TcpAddress,
} from "iomux";

import {
  BROADCAST,
  datagramLabel,
  FIRST_PORT,
  ip,
  isAny,
  isGroup,
  isLoopback,
  LOOPBACK,
  refusal,
} from "./memory-addresses.ts";
import { MemoryDatagram } from "./memory-datagram.ts";
import { MemoryUdpSocket } from "./memory-udp-socket.ts";
import type { SimulatedClock } from "./simulated-clock.ts";
import type { Trace } from "./trace.ts";

/** A datagram between its sender and one host. */
export interface DatagramOnTheWay {
  /** What it holds. */
  readonly bytes: Buffer;
  /** Who sends it. */
  readonly from: DatagramSource;
  /** Where it was sent to. */
  readonly to: DatagramAddress;
  /** Address of the host that it goes to: for a group and a broadcast, one of several. */
  readonly host: string;
  /** Whether it is a host's answer that nobody receives there (ICMP). */
  readonly refusal: boolean;
}

/**
 * Carries a datagram to one host: by calling `deliver` never, once, more than once, or later
 * (by the clock), which is loss, duplication, delay and reordering.
 */
export type Carrier = (datagram: DatagramOnTheWay, deliver: () => void) => void;

/** Where the datagrams of a host come from and go to. */
export interface DatagramPlace {
  /** Its own address. */
  readonly address: string;
  /** All hosts, by address. Null: it is alone, and whatever is sent anywhere reaches it. */
  readonly hosts: ReadonlyMap<string, DatagramHost> | null;
}

/** A host, as far as datagrams are concerned. */
export interface DatagramHost {
  /** Its own. */
  readonly datagrams: MemoryDatagrams;
}

/** The datagrams of a `MemoryNetwork`. */
export class MemoryDatagrams {
  /** Its loop and its time. */
  readonly clock: SimulatedClock;
  /** What happens to those that its sockets send. Default: each arrives, in order. */
  carry: Carrier = (_, deliver) => {
    deliver();
  };
  /** Datagrams for which a receiver's buffer had no room. */
  overflowed = 0;
  readonly #place: DatagramPlace;
  readonly #trace: Trace | undefined;
  readonly #sockets = new Set<MemoryDatagram>();
  /** Those whose datagrams the system does not take at present. */
  #stalled: Set<MemoryDatagram> | null = null;
  #lastPort = FIRST_PORT - 1;

  constructor(
    clock: SimulatedClock,
    place: DatagramPlace = { address: LOOPBACK, hosts: null },
    trace?: Trace,
  ) {
    this.clock = clock;
    this.#place = place;
    this.#trace = trace;
  }

  /**
   * Those that are open.
   * @hidden
   */
  get sockets(): ReadonlySet<MemoryDatagram> {
    return this.#sockets;
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
    if (!this.#canBind(local.host)) {
      throw refusal("EADDRNOTAVAIL", "bind to", local, "this host has another address");
    }
    const taken = [...this.#sockets].some(
      ({ localAddress, boundHost, shared }) =>
        localAddress.port === port &&
        (boundHost === local.host || isAny(boundHost) || isAny(local.host)) &&
        !(shared && options.reuseAddress === true),
    );
    if (taken) throw refusal("EADDRINUSE", "bind to", local, "the address is in use");
    const { peer } = options;
    const remote = peer === undefined ? null : ip(peer.host ?? this.#loopback(local), peer.port);
    const near = remote === null ? local : this.#nearTo(remote.host, local);
    const addresses = { bound: local, local: near, remote };
    const socket = new MemoryDatagram(this, addresses, options, released);
    this.#sockets.add(socket);
    return socket;
  }

  #canBind(host: string): boolean {
    const { address, hosts } = this.#place;
    return hosts === null || host === address || isLoopback(host) || isGroup(host);
  }

  #loopback({ family }: DatagramSource): string {
    return family === "IPv6" ? "::1" : LOOPBACK;
  }

  /** Whom those at `host` see, if a socket is bound to `local`. */
  #nearTo(host: string, local: DatagramSource): DatagramSource {
    if (!isAny(local.host)) return local;
    const near = isLoopback(host) || local.family === "IPv6";
    return ip(near ? this.#loopback(local) : this.#place.address, local.port);
  }

  /** A raw socket, outside of every reactor. */
  socket(address: TcpAddress, options?: BindOptions): MemoryUdpSocket {
    return new MemoryUdpSocket(
      this.bind({ host: address.host ?? LOOPBACK, port: address.port }, options),
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
    if (to.host === BROADCAST && !sender.mayBroadcast) return "EACCES";
    const here = this.#means(to.host);
    if (!here && isLoopback(sender.localAddress.host) && !isAny(sender.localAddress.host)) {
      return "EINVAL";
    }
    const from = this.#nearTo(to.host, sender.localAddress);
    const destinations = this.#destinations(to.host, here);
    if (destinations.length === 0) this.#note(bytes, from, to, "there is no such host");
    for (const [host, datagrams] of destinations) {
      this.carry({ bytes, from, to, host, refusal: false }, () => {
        datagrams.#arrive(sender, bytes, from, to);
      });
    }
    return null;
  }

  /** Whether it is an address of this host. */
  #means(host: string): boolean {
    const { address, hosts } = this.#place;
    return hosts === null || host === address || isLoopback(host);
  }

  /** The hosts to which a datagram goes; one that is not there swallows it. */
  #destinations(host: string, here: boolean): (readonly [string, MemoryDatagrams])[] {
    const { address, hosts } = this.#place;
    if (here || hosts === null) return [[address, this]];
    if (isSpread(host)) return [...hosts].map(([name, { datagrams }]) => [name, datagrams]);
    const there = hosts.get(host);
    return there === undefined ? [] : [[host, there.datagrams]];
  }

  #arrive(sender: MemoryDatagram, bytes: Buffer, from: DatagramSource, to: DatagramAddress): void {
    const receivers = this.#receiversOf(sender, from, to);
    if (receivers.length === 0 && !isSpread(to.host)) this.#refuse(sender, from, to);
    for (const receiver of receivers) {
      if (receiver.receive(bytes, from)) continue;
      this.overflowed++;
      this.#note(bytes, from, to, "the receive buffer is full");
    }
  }

  #note(bytes: Buffer, from: DatagramSource, to: DatagramAddress, why: string): void {
    const { length } = bytes;
    this.#trace?.note(() => `${datagramLabel(from, to)} datagram ${length} lost: ${why}`);
  }

  /** The answer goes back as the datagram came. */
  #refuse(sender: MemoryDatagram, from: DatagramSource, to: DatagramAddress): void {
    if (this.#sends(sender)) {
      sender.refused();
      return;
    }
    const answer = { bytes: Buffer.alloc(0), from: ip(to.host, to.port), to: from };
    this.carry({ ...answer, host: from.host, refusal: true }, () => {
      sender.refused();
    });
  }

  #sends(sender: MemoryDatagram): boolean {
    return this.#sockets.has(sender);
  }

  #receiversOf(
    sender: MemoryDatagram,
    from: DatagramSource,
    { host, port }: DatagramAddress,
  ): MemoryDatagram[] {
    const there = [...this.#sockets].filter(
      ({ localAddress, remoteAddress }) =>
        localAddress.port === port && (remoteAddress === null || sameAddress(remoteAddress, from)),
    );
    if (isGroup(host)) {
      const heard = sender.hearsItself || !this.#sends(sender);
      return heard ? there.filter((socket) => socket.groups.has(host)) : [];
    }
    const anywhere = there.filter(({ boundHost }) => isAny(boundHost));
    if (host === BROADCAST) return anywhere;
    const exact = there.filter(({ boundHost }) => boundHost === host);
    return (exact.length > 0 ? exact : anywhere).slice(-1);
  }
}

/** Whether it goes to whoever wants it. */
function isSpread(host: string): boolean {
  return isGroup(host) || host === BROADCAST;
}

function sameAddress(one: DatagramSource, other: DatagramSource): boolean {
  return formatAddress(one) === formatAddress(other);
}
