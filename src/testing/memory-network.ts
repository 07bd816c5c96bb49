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
  type ListenSink,
  type ListenTransport,
  type Network,
  type NetworkCapabilities,
  type SignalName,
  type SocketAddress,
  type TcpAddress,
  type Transport,
} from "iomux";

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
}

const ANYWHERE: ReadonlySet<string> = new Set(["0.0.0.0", "::"]);
const FIRST_PORT = 32_768;

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
  /** Standard input, which `adopt` takes. */
  readonly stdin: MemoryStdin;
  /** Signals that came while nobody watched them: a process would have taken the default action. */
  readonly unwatched: SignalName[] = [];
  /** Where datagrams travel: what may be done to them on their way is said here. */
  readonly datagrams: MemoryDatagrams;
  readonly #capacity: number;
  readonly #listeners = new Map<string, MemoryListener>();
  readonly #adopted = new WeakMap<object, object>();
  readonly #watching = new Set<(name: SignalName) => boolean>();
  #lastPort = FIRST_PORT - 1;

  constructor(clock: SimulatedClock, options: MemoryNetworkOptions = {}) {
    this.clock = clock;
    this.#capacity = options.capacity ?? 128 * 1024;
    this.descriptorLimit = options.descriptorLimit ?? Infinity;
    this.datagrams = new MemoryDatagrams(clock);
    const [near, far] = this.#ends(tcp("127.0.0.1", 0), tcp("127.0.0.1", 0));
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
    return tcp(address.host, port);
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
      family === "unix" ? { family, path: "" } : tcp("127.0.0.1", ++this.#lastPort);
    const [left, right] = this.#ends(address(), address());
    return [new MemorySocket(left), new MemorySocket(right)];
  }

  /** A pipe: an end that can only be written to, which `adopt` takes, and the one that reads it. */
  pipe(): [MemorySocket, MemorySocket] {
    const nowhere: SocketAddress = { family: "unix", path: "" };
    const [write, read] = this.#ends(nowhere, nowhere, true);
    return [new MemorySocket(write), new MemorySocket(read)];
  }

  /** Two message ports that are connected with each other; `adopt` takes either. */
  ports(): [MemoryPort, MemoryPort] {
    return MemoryPort.pair(this.clock);
  }

  #ends(a: SocketAddress, b: SocketAddress, writeOnly = false): [MemoryTransport, MemoryTransport] {
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
    return new MemoryTransport({
      clock: this.clock,
      capacity: this.#capacity,
      localAddress: local,
      remoteAddress: remote,
      released,
      writeOnly,
    });
  }

  #dial(address: CheckedAddress, released: () => void): MemoryTransport {
    const unix = "path" in address;
    const remote: SocketAddress = unix
      ? { family: "unix", path: address.path }
      : tcp(address.host, address.port);
    const local: SocketAddress = unix
      ? { family: "unix", path: "" }
      : tcp(remote.family === "IPv6" ? "::1" : "127.0.0.1", ++this.#lastPort);
    const near = this.#end(local, remote, released);
    near.connecting = true;
    this.clock.post(() => {
      this.#connect(near, address);
    });
    return near;
  }

  #connect(near: MemoryTransport, address: CheckedAddress): void {
    if (near.closed) return;
    if (!("path" in address) && !isAddress(address.host)) {
      near.fail("ENOTFOUND", "there is no host of this name");
      return;
    }
    const listener = this.#listenerAt(near.remoteAddress);
    if (listener?.hasRoom !== true) {
      const missing = "path" in address && listener === undefined;
      near.fail(missing ? "ENOENT" : "ECONNREFUSED", "nobody listens there");
      return;
    }
    const far = this.#end(near.remoteAddress, near.localAddress, () => {
      listener.released(far);
    });
    MemoryTransport.join(near, far);
    near.open();
    listener.enqueue(far);
  }

  #listenerAt(address: SocketAddress): MemoryListener | undefined {
    const exact = this.#listeners.get(formatAddress(address));
    if (exact !== undefined || address.family === "unix") return exact;
    return [...ANYWHERE]
      .map((host) => this.#listeners.get(formatAddress(tcp(host, address.port))))
      .find((listener) => listener !== undefined);
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

/** A listener, and the connections that wait in its kernel. */
class MemoryListener implements ListenTransport {
  readonly localAddress: SocketAddress;
  readonly #network: MemoryNetwork;
  readonly #backlog: number;
  readonly #accepted = new WeakSet<MemoryTransport>();
  #queue: MemoryTransport[] = [];
  #sink: ListenSink | null = null;
  #paused = false;
  #closed = false;

  constructor(network: MemoryNetwork, localAddress: SocketAddress, backlog: number) {
    this.#network = network;
    this.localAddress = localAddress;
    this.#backlog = backlog;
  }

  get hasRoom(): boolean {
    return this.#queue.length < this.#backlog;
  }

  attach(sink: ListenSink): void {
    this.#sink = sink;
    this.#post();
  }

  enqueue(transport: MemoryTransport): void {
    this.#queue.push(transport);
    this.#post();
  }

  #post(): void {
    this.#network.clock.post(() => {
      this.#accept();
    });
  }

  #accept(): void {
    while (!this.#paused && !this.#closed && this.#sink !== null && this.#queue.length > 0) {
      if (this.#network.descriptors >= this.#network.descriptorLimit) {
        this.#sink.onAcceptFailed(
          new IomuxError("EMFILE", "too many open files; raise the limit (EMFILE)"),
        );
        return;
      }
      this.#network.descriptors++;
      const transport = this.#queue.shift()!;
      this.#accepted.add(transport);
      this.#sink.onConnection(transport);
    }
  }

  /** An end of ours has let go; if it was accepted, a descriptor is free, and accepting goes on. */
  released(transport: MemoryTransport): void {
    if (this.#accepted.has(transport)) this.#network.descriptors--;
    if (this.#queue.length > 0) this.#post();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#post();
  }

  close(done: () => void): void {
    this.#closed = true;
    this.#sink = null;
    this.#network.unbind(this.localAddress);
    for (const transport of this.#queue.splice(0)) transport.reset();
    this.#network.clock.post(done);
  }
}

function tcp(host: string, port: number): SocketAddress {
  const address = host === "localhost" ? "127.0.0.1" : host;
  return { family: address.includes(":") ? "IPv6" : "IPv4", host: address, port };
}

function isAddress(host: string): boolean {
  return host === "localhost" || host.includes(":") || /^\d+(\.\d+){3}$/.test(host);
}

function refusal(code: string, doing: string, address: SocketAddress, why: string): IomuxError {
  return new IomuxError(code, `cannot ${doing} ${formatAddress(address)}: ${why} (${code})`);
}

function cannotAdopt(what: string, why: string): IomuxError {
  return new IomuxError("IOMUX_CANNOT_ADOPT", `cannot adopt ${what}: ${why}`);
}
