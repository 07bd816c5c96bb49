/** The network in memory: addresses, listeners and streams, with no kernel behind them. */
import {
  IomuxError,
  formatAddress,
  type Adopted,
  type BindOptions,
  type DatagramTransport,
  type Address,
  type CheckedAddress,
  type ListenOptions,
  type ListenTransport,
  type Network,
  type NetworkCapabilities,
  type SignalName,
  type SocketAddress,
  type TcpAddress,
  type Transport,
} from "iomux";

import { still, type Conditions } from "./conditions.ts";
import { FIRST_PORT, ip, isAddress, isLoopback, LOOPBACK, refusal } from "./memory-addresses.ts";
import { MemoryListener } from "./memory-listener.ts";
import { MemoryDatagrams } from "./memory-datagrams.ts";
import { MemoryUdpSocket } from "./memory-udp-socket.ts";
import { MemoryPort } from "./memory-port.ts";
import { MemorySocket } from "./memory-socket.ts";
import { MemoryStdin } from "./memory-stdin.ts";
import { MemoryTransport } from "./memory-transport.ts";
import type { SimulatedClock } from "./simulated-clock.ts";

/** How large the world in memory is. */
export interface MemoryNetworkOptions {
  /** Bytes that one direction of a stream holds between its two ends. Default 128 KiB. */
  readonly capacity?: number;
  /** Descriptors that the process may have: channels and listeners. Default: no limit. */
  readonly descriptorLimit?: number;
  /** Address of this host. Default 127.0.0.1: it is alone. */
  readonly address?: string;
  /** The other hosts, by address: it adds itself. Default: there are none. */
  readonly hosts?: Map<string, MemoryNetwork>;
  /** What the network is like. Default: nothing is far, and nothing goes wrong. */
  readonly conditions?: Conditions;
}

const ANYWHERE: readonly string[] = ["0.0.0.0", "::"];

/** A network in memory, for tests: no sockets, no waiting, and nothing left to chance. */
export class MemoryNetwork implements Network {
  /** What it can do. */
  readonly capabilities: NetworkCapabilities = {
    pauseAccept: true,
    urgent: false,
    kernelQueue: false,
    tls: false,
    resetWhilePaused: false,
  };
  /** The time in which its bytes travel. */
  readonly clock: SimulatedClock;
  /** May be changed while it runs. */
  descriptorLimit: number;
  /** Descriptors in use: channels and listeners, raw sockets not among them. */
  descriptors = 0;
  /** Ends of streams that are not closed, those of raw sockets among them. */
  readonly ends = new Set<MemoryTransport>();
  /** Standard input, which `adopt` takes. */
  readonly stdin: MemoryStdin;
  /** Signals that came while nobody watched them: a process would have taken the default action. */
  readonly unwatched: SignalName[] = [];
  /** Address of this host. */
  readonly address: string;
  /** What its network is like. */
  readonly conditions: Conditions;
  readonly #hosts: ReadonlyMap<string, MemoryNetwork>;
  /** Where datagrams travel: what may be done to them on their way is said here. */
  readonly datagrams: MemoryDatagrams;
  readonly #listeners = new Map<string, MemoryListener>();
  readonly #adopted = new WeakMap<object, object>();
  readonly #watching = new Set<(name: SignalName) => boolean>();
  #lastPort = FIRST_PORT - 1;

  constructor(clock: SimulatedClock, options: MemoryNetworkOptions = {}) {
    this.clock = clock;
    this.address = options.address ?? LOOPBACK;
    this.conditions = options.conditions ?? still(options.capacity ?? 128 * 1024);
    const { hosts = null } = options;
    this.#hosts = (hosts ?? new Map<string, MemoryNetwork>()).set(this.address, this);
    this.descriptorLimit = options.descriptorLimit ?? Infinity;
    this.datagrams = new MemoryDatagrams(clock, { address: this.address, hosts });
    const [near, far] = this.#pair(ip("127.0.0.1", 0), ip("127.0.0.1", 0));
    this.stdin = new MemoryStdin(near, new MemorySocket(far));
  }

  listen(address: CheckedAddress, options: ListenOptions): Promise<ListenTransport> {
    const bound = this.#bindable(address);
    if (this.#listeners.has(formatAddress(bound))) {
      return Promise.reject(refusal("EADDRINUSE", "listen at", bound, "the address is in use"));
    }
    const listener = new MemoryListener(this, bound, options.backlog ?? 511);
    this.#listeners.set(formatAddress(bound), listener);
    this.descriptors++;
    return Promise.resolve(listener);
  }

  /** The address of a listener: a port is chosen where none was asked for. */
  #bindable(address: CheckedAddress): SocketAddress {
    if ("path" in address) return { family: "unix", path: address.path };
    const port = address.port === 0 ? ++this.#lastPort : address.port;
    return ip(address.host, port);
  }

  connect(address: CheckedAddress): Transport {
    this.descriptors++;
    return this.#dial(address, () => this.descriptors--);
  }

  async bind(address: Required<TcpAddress>, options: BindOptions): Promise<DatagramTransport> {
    const transport = this.datagrams.bind(address, options, () => this.descriptors--);
    this.descriptors++;
    return Promise.resolve(transport);
  }

  /** A raw socket that connects to `address`: a client outside of every reactor. */
  dial(address: Address | SocketAddress): MemorySocket {
    const checked =
      "path" in address
        ? { path: address.path }
        : { host: address.host ?? "127.0.0.1", port: address.port };
    return new MemorySocket(this.#dial(checked, () => undefined));
  }

  /** Two raw sockets that are connected with each other. */
  pair(family: "tcp" | "unix" = "tcp"): [MemorySocket, MemorySocket] {
    const address = (): SocketAddress =>
      family === "unix" ? { family, path: "" } : ip("127.0.0.1", ++this.#lastPort);
    const [left, right] = this.#pair(address(), address());
    return [new MemorySocket(left), new MemorySocket(right)];
  }

  /** A pipe: an end that can only be written to, which `adopt` takes, and the one that reads it. */
  pipe(): [MemorySocket, MemorySocket] {
    const nowhere: SocketAddress = { family: "unix", path: "" };
    const [write, read] = this.#pair(nowhere, nowhere, true);
    return [new MemorySocket(write), new MemorySocket(read)];
  }

  /** Two message ports that are connected with each other; `adopt` takes either. */
  ports(): [MemoryPort, MemoryPort] {
    return MemoryPort.pair(this.clock);
  }

  #pair(a: SocketAddress, b: SocketAddress, writeOnly = false): [MemoryTransport, MemoryTransport] {
    const left = this.#end(a, b, () => undefined, writeOnly);
    const right = this.#end(b, a, () => undefined);
    MemoryTransport.join(left, right);
    return [left, right];
  }

  #end(
    local: SocketAddress,
    remote: SocketAddress,
    released: () => void,
    writeOnly = false,
  ): MemoryTransport {
    const { receive, send } = this.conditions.buffers();
    const end: MemoryTransport = new MemoryTransport({
      clock: this.clock,
      capacity: receive,
      sendCapacity: send,
      link: this.conditions.link(local, remote),
      localAddress: local,
      remoteAddress: remote,
      released: () => {
        this.ends.delete(end);
        released();
      },
      writeOnly,
    });
    this.ends.add(end);
    return end;
  }

  #dial(address: CheckedAddress, released: () => void): MemoryTransport {
    const unix = "path" in address;
    const remote = unix ? unixAddress(address.path) : ip(address.host, address.port);
    const local = unix ? unixAddress("") : ip(this.#nearTo(remote), ++this.#lastPort);
    const near = this.#end(local, remote, released);
    near.connecting = true;
    // The answer comes back as far as the question went.
    this.conditions.link(local, remote).carry("syn", 0, () => {
      this.clock.post(() => {
        this.#connect(near, address);
      });
    });
    return near;
  }

  /** The address of this host that those at `remote` see. */
  #nearTo(remote: SocketAddress): string {
    if (remote.family === "IPv6") return "::1";
    return isLoopback(hostOf(remote)) ? LOOPBACK : this.address;
  }

  #connect(near: MemoryTransport, address: CheckedAddress): void {
    if (near.closed) return;
    if (!("path" in address) && !isAddress(address.host)) {
      near.fail("ENOTFOUND", "there is no host of this name");
      return;
    }
    const host = hostOf(near.remoteAddress);
    const far = isLoopback(host) ? this : this.#hosts.get(host);
    if (far === undefined) near.fail("EHOSTUNREACH", "there is no such host");
    else far.#welcome(near, "path" in address);
  }

  /** Somebody connects to this host. */
  #welcome(near: MemoryTransport, unix: boolean): void {
    const listener = this.#listenerAt(near.remoteAddress);
    if (listener?.hasRoom !== true) {
      const missing = unix && listener === undefined;
      near.fail(missing ? "ENOENT" : "ECONNREFUSED", "nobody listens there");
      return;
    }
    const failure = this.conditions.connectFailure();
    if (failure !== null) {
      near.fail(failure, "the network does not let it through");
      return;
    }
    const far = this.#end(near.remoteAddress, near.localAddress, () => {
      listener.released(far);
    });
    MemoryTransport.join(near, far);
    const back = this.conditions.link(near.remoteAddress, near.localAddress);
    back.carry("syn-ack", 0, () => {
      near.open();
    });
    listener.enqueue(far);
  }

  #listenerAt(address: SocketAddress): MemoryListener | undefined {
    const exact = this.#listeners.get(formatAddress(address));
    if (exact !== undefined || address.family === "unix") return exact;
    return ANYWHERE.map((host) => this.#listeners.get(formatAddress(ip(host, address.port)))).find(
      (listener) => listener !== undefined,
    );
  }

  /** A line for each listener and each end, as netstat(8) has them. */
  netstat(): string[] {
    const listening = [...this.#listeners.keys()].map((where) => `LISTEN      ${where}`);
    return [...listening, ...[...this.ends].map((end) => end.describe())];
  }

  /** Forgets a listener whose address is free again. */
  unbind(address: SocketAddress): void {
    this.#listeners.delete(formatAddress(address));
    this.descriptors--;
  }

  signals(names: readonly SignalName[], onSignal: (name: SignalName) => void): () => void {
    const watcher = (name: SignalName): boolean => {
      const mine = names.includes(name);
      if (mine) onSignal(name);
      return mine;
    };
    this.#watching.add(watcher);
    return () => this.#watching.delete(watcher);
  }

  /** The process gets a signal. */
  raise(name: SignalName): void {
    this.clock.post(() => {
      const heard = [...this.#watching].filter((watcher) => watcher(name));
      if (heard.length === 0) this.unwatched.push(name);
    });
  }

  adopt(source: object): Adopted {
    if (source instanceof MemoryStdin) {
      if (source.adopted) throw cannotAdopt("stdin", "it is adopted already");
      return { kind: "channel", transport: source.take() };
    }
    if (source instanceof MemoryUdpSocket) {
      if (source.closed) throw cannotAdopt("the socket", "it is closed");
      return { kind: "datagram", transport: source.release() };
    }
    if (source instanceof MemoryPort) {
      if (source.adopted || source.closed)
        throw cannotAdopt("the port", "it is closed, or adopted");
      return { kind: "messages", transport: source };
    }
    if (!(source instanceof MemorySocket)) {
      throw cannotAdopt(
        "this object",
        "it is no socket in memory, no MemoryPort and no MemoryStdin",
      );
    }
    if (source.error !== null) throw cannotAdopt("the socket", source.error.message);
    if (source.closed) throw cannotAdopt("the socket", "it is closed");
    return { kind: "channel", transport: source.release() };
  }

  adoptedBy(source: object): object | undefined {
    return this.#adopted.get(source);
  }

  markAdopted(source: object, descriptor: object): void {
    this.#adopted.set(source, descriptor);
  }

  descriptorsLeft(): number | null {
    return this.descriptorLimit === Infinity ? null : this.descriptorLimit - this.descriptors;
  }
}

function unixAddress(path: string): SocketAddress {
  return { family: "unix", path };
}

/** The host of an address; those of Unix paths are all here. */
function hostOf(address: SocketAddress): string {
  return address.family === "unix" ? LOOPBACK : address.host;
}

function cannotAdopt(what: string, why: string): IomuxError {
  return new IomuxError("IOMUX_CANNOT_ADOPT", `cannot adopt ${what}: ${why}`);
}
