/** The network in memory: addresses, listeners and streams, with no kernel behind them. */
import type { IomuxError } from "iomux";
import {
  formatAddress,
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
import { ConnectAttempt } from "./connect-attempt.ts";
import {
  FIRST_PORT,
  hostOf,
  ip,
  isAddress,
  isLoopback,
  LOOPBACK,
  refusal,
  streamLabel,
  unixAddress,
} from "./memory-addresses.ts";
import { adoptedFrom } from "./memory-adoption.ts";
import { MemoryEnds } from "./memory-ends.ts";
import { MemoryListener } from "./memory-listener.ts";
import { MemoryDatagrams } from "./memory-datagrams.ts";
import type { MemoryNetworkOptions } from "./memory-network-options.ts";
import { MemoryPort } from "./memory-port.ts";
import { MemorySignals } from "./memory-signals.ts";
import { MemorySocket } from "./memory-socket.ts";
import { MemoryStdin } from "./memory-stdin.ts";
import { MemoryTransport } from "./memory-transport.ts";
import type { SimulatedClock } from "./simulated-clock.ts";
import type { Trace } from "./trace.ts";

/** What a process that was killed waits for. */
const NEVER = new Promise<never>(() => undefined);
const FULL = "too many open files; raise the limit";
const BACKLOG_FULL = "its backlog is full";
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
  /** Standard input, which `adopt` takes. */
  readonly stdin: MemoryStdin;
  /** Address of this host. */
  readonly address: string;
  /** What its network is like. */
  readonly conditions: Conditions;
  /** Null: it is alone. */
  readonly #hosts: ReadonlyMap<string, MemoryNetwork> | null;
  /** Where datagrams travel: what may be done to them on their way is said here. */
  readonly datagrams: MemoryDatagrams;
  readonly #standardInput: ReadonlySet<MemoryTransport>;
  readonly #ends: MemoryEnds;
  readonly #trace: Trace | undefined;
  readonly #listeners = new Map<string, MemoryListener>();
  readonly #adopted = new WeakMap<object, object>();
  readonly #signals = new MemorySignals();
  /** Paths whose listeners died without taking them away. */
  readonly #stalePaths: Set<string>;
  #lastPort: number;
  /** Its processes were killed: whatever they still ask for is not answered. */
  #killed = false;

  constructor(clock: SimulatedClock, options: MemoryNetworkOptions = {}) {
    this.clock = clock;
    this.address = options.address ?? LOOPBACK;
    this.conditions = options.conditions ?? still(options.capacity ?? 128 * 1024);
    const { hosts = null, before, accounts, trace } = options;
    this.#trace = trace;
    this.#ends = new MemoryEnds({ clock, conditions: this.conditions, accounts, trace });
    this.#hosts = hosts?.set(this.address, this) ?? null;
    this.#stalePaths = before === undefined ? new Set() : before.#stalePaths;
    this.#lastPort = before === undefined ? FIRST_PORT - 1 : before.#lastPort;
    this.descriptorLimit = options.descriptorLimit ?? Infinity;
    this.datagrams = new MemoryDatagrams(clock, { address: this.address, hosts }, trace);
    const [near, far] = this.#ends.pair(ip("127.0.0.1", 0), ip("127.0.0.1", 0));
    this.#standardInput = new Set([near, far]);
    this.stdin = new MemoryStdin(near, new MemorySocket(far));
  }

  listen(address: CheckedAddress, options: ListenOptions): Promise<ListenTransport> {
    if (this.#killed) return NEVER;
    const bound = this.#bindable(address);
    const refused = this.#cannotListen(bound);
    if (refused !== null) return Promise.reject(refused);
    const listener = new MemoryListener(this, bound, options.backlog ?? 511, this.#trace);
    this.#listeners.set(formatAddress(bound), listener);
    if (bound.family === "unix") this.#stalePaths.delete(bound.path);
    this.descriptors++;
    return Promise.resolve(listener);
  }

  #cannotListen(bound: SocketAddress): IomuxError | null {
    if (this.#listeners.has(formatAddress(bound))) {
      return refusal("EADDRINUSE", "listen at", bound, "the address is in use");
    }
    if (bound.family !== "unix" && !this.#owns(bound.host)) {
      return refusal("EADDRNOTAVAIL", "listen at", bound, "this host has another address");
    }
    return this.#full ? refusal("EMFILE", "listen at", bound, FULL) : null;
  }

  /** One that is alone has every address. */
  #owns(host: string): boolean {
    return this.#hosts === null || host === this.address || isLoopback(host);
  }

  get #full(): boolean {
    return this.descriptors >= this.descriptorLimit;
  }

  /** The address of a listener: a port is chosen where none was asked for. */
  #bindable(address: CheckedAddress): SocketAddress {
    if ("path" in address) return { family: "unix", path: address.path };
    const port = address.port === 0 ? ++this.#lastPort : address.port;
    return ip(address.host, port);
  }

  connect(address: CheckedAddress): Transport {
    if (this.#full) return this.#failing(address);
    this.descriptors++;
    return this.#dial(address, () => this.descriptors--);
  }

  #failing(address: CheckedAddress): Transport {
    const [local, remote] = this.#addressesFor(address);
    const near = this.#ends.make(local, remote);
    near.connecting = true;
    this.clock.post(() => {
      near.fail("EMFILE", FULL);
    });
    return near;
  }

  async bind(address: Required<TcpAddress>, options: BindOptions): Promise<DatagramTransport> {
    if (this.#killed) return NEVER;
    if (this.#full) throw refusal("EMFILE", "bind to", ip(address.host, address.port), FULL);
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
    const [left, right] = this.#ends.pair(address(), address());
    return [new MemorySocket(left), new MemorySocket(right)];
  }

  /** A pipe: an end that can only be written to, which `adopt` takes, and the one that reads it. */
  pipe(): [MemorySocket, MemorySocket] {
    const nowhere: SocketAddress = { family: "unix", path: "" };
    const [write, read] = this.#ends.pair(nowhere, nowhere, true);
    return [new MemorySocket(write), new MemorySocket(read)];
  }

  /** Two message ports that are connected with each other; `adopt` takes either. */
  ports(): [MemoryPort, MemoryPort] {
    return MemoryPort.pair(this.clock);
  }

  #dial(address: CheckedAddress, released: () => void): MemoryTransport {
    const [local, remote] = this.#addressesFor(address);
    const attempt = new ConnectAttempt(this.clock, () => {
      near.carry("syn", () => {
        this.clock.post(() => {
          this.#connect(near, address, attempt);
        });
      });
    });
    const near = this.#ends.make(local, remote, () => {
      attempt.over();
      released();
    });
    near.connecting = true;
    if (!this.#killed) attempt.start(near);
    return near;
  }

  #addressesFor(address: CheckedAddress): [SocketAddress, SocketAddress] {
    if ("path" in address) return [unixAddress(""), unixAddress(address.path)];
    const remote = ip(address.host, address.port);
    return [ip(this.#nearTo(remote), ++this.#lastPort), remote];
  }

  /** The address of this host that those at `remote` see. */
  #nearTo(remote: SocketAddress): string {
    if (remote.family === "IPv6") return "::1";
    return isLoopback(hostOf(remote)) ? LOOPBACK : this.address;
  }

  #connect(near: MemoryTransport, address: CheckedAddress, attempt: ConnectAttempt): void {
    if (near.closed) return;
    if (!("path" in address) && !isAddress(address.host)) {
      near.fail("ENOTFOUND", "there is no host of this name");
      return;
    }
    const host = hostOf(near.remoteAddress);
    const far = isLoopback(host) || host === this.address ? this : this.#hosts?.get(host);
    if (far !== undefined) far.#welcome(near, attempt);
    else near.fail("EHOSTUNREACH", "there is no such host");
  }

  /** Somebody connects to this host. */
  #welcome(near: MemoryTransport, attempt: ConnectAttempt): void {
    const listener = this.#listenerAt(near.remoteAddress);
    const failure = listener === undefined ? null : this.conditions.connectFailure();
    if (listener === undefined) this.#refuseUnheard(near);
    else if (failure !== null) this.#refuseByFault(near, failure);
    else if (listener.hasRoom) this.#answer(near, listener, attempt);
    else if (near.remoteAddress.family === "unix") near.fail("EAGAIN", BACKLOG_FULL);
    else {
      this.#note(near, `is not answered: ${BACKLOG_FULL}`);
      attempt.repeat();
    }
  }

  #note({ localAddress, remoteAddress }: MemoryTransport, what: string): void {
    this.#trace?.note(() => `${streamLabel(localAddress, remoteAddress)} ${what}`);
  }

  #refuseByFault(near: MemoryTransport, code: string): void {
    this.#note(near, `fault refuse: ${code}`);
    this.#refuse(near, code, "the network does not let it through");
  }

  #answer(near: MemoryTransport, listener: MemoryListener, attempt: ConnectAttempt): void {
    const far = this.#ends.make(near.remoteAddress, near.localAddress, () => {
      listener.released(far);
    });
    MemoryTransport.join(near, far);
    far.carry("syn-ack", () => {
      attempt.over();
      near.open();
    });
    listener.enqueue(far);
  }

  #refuseUnheard(near: MemoryTransport): void {
    const { remoteAddress: to } = near;
    const missing = to.family === "unix" && !this.#stalePaths.has(to.path);
    this.#refuse(near, missing ? "ENOENT" : "ECONNREFUSED", "nobody listens there");
  }

  /** The answer comes back as far as the question went. */
  #refuse(near: MemoryTransport, code: string, why: string): void {
    const back = this.conditions.link(near.remoteAddress, near.localAddress);
    back.carry("reset", Buffer.alloc(0), () => {
      near.fail(code, why);
    });
  }

  /** The processes of this host are killed: its kernel closes all that they had. */
  kill(): void {
    this.#killed = true;
    for (const end of [...this.#ends.open]) end.destroy();
    for (const listener of [...this.#listeners.values()]) {
      const { localAddress } = listener;
      if (localAddress.family === "unix") this.#stalePaths.add(localAddress.path);
      listener.close(() => undefined);
    }
    for (const socket of [...this.datagrams.sockets]) socket.close();
    this.#signals.forget();
  }

  #listenerAt(address: SocketAddress): MemoryListener | undefined {
    const exact = this.#listeners.get(formatAddress(address));
    if (exact !== undefined || address.family === "unix") return exact;
    return ANYWHERE.map((host) => this.#listeners.get(formatAddress(ip(host, address.port)))).find(
      (listener) => listener !== undefined,
    );
  }

  /** A line for each listener, end and datagram socket, as netstat(8) has them; none for `stdin`. */
  netstat(): string[] {
    const streams = [...this.#ends.open].filter((end) => !this.#standardInput.has(end));
    const open = [...this.#listeners.values(), ...streams, ...this.datagrams.sockets];
    return open.map((one) => one.describe());
  }

  /** Forgets a listener whose address is free again. */
  unbind(address: SocketAddress): void {
    this.#listeners.delete(formatAddress(address));
    this.descriptors--;
  }

  signals(names: readonly SignalName[], onSignal: (name: SignalName) => void): () => void {
    return this.#signals.watch(names, onSignal);
  }

  /** Signals that came while nobody watched them: a process would have taken the default action. */
  get unwatched(): readonly SignalName[] {
    return this.#signals.unwatched;
  }

  /** The process gets a signal. */
  raise(name: SignalName): void {
    this.clock.post(() => {
      this.#signals.tell(name);
    });
  }

  readonly adopt = adoptedFrom;

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
