/** A host of a simulated world: its network, and the reactors that run on it. */
import {
  createReactor,
  type Address,
  type Clock,
  type Reactor,
  type ReactorOptions,
  type SignalName,
} from "iomux";

import type { Conditions } from "./conditions.ts";
import type { Carrier } from "./memory-datagrams.ts";
import { MemoryNetwork } from "./memory-network.ts";
import type { MemorySocket } from "./memory-socket.ts";
import type { SimulatedClock } from "./simulated-clock.ts";
import type { Trace } from "./trace.ts";

/** How a host differs from others. */
export interface HostOptions {
  /** Descriptors that its processes may have: channels, listeners, datagrams. Default: no limit. */
  readonly descriptorLimit?: number;
}

/** What a host is made with. */
export interface HostSettings {
  /** In the trace, and in messages. */
  readonly name: string;
  /** IPv4. */
  readonly address: string;
  /** The time of the world. */
  readonly clock: SimulatedClock;
  /** The clock of its reactors. */
  readonly hostClock: Clock;
  /** Hears of each call of a handler of its reactors. */
  readonly onDispatch: ReactorOptions["onDispatch"];
  /** All hosts, by address. */
  readonly neighbours: Map<string, MemoryNetwork>;
  /** What its network is like. */
  readonly conditions: Conditions;
  /** What happens to datagrams. */
  readonly carryDatagram: Carrier;
  /** What happened. */
  readonly trace: Trace;
  /** Descriptors that its processes may have. */
  readonly descriptorLimit: number;
}

/** Made by `simulation.host()`. */
export class SimulatedHost {
  /** In the trace, and in messages. */
  readonly name: string;
  /** IPv4. */
  readonly address: string;
  /** Whether something would keep its real process alive now. */
  alive = false;
  readonly #settings: HostSettings;
  #network: MemoryNetwork;
  #life: Life;
  #reactors: Reactor[] = [];

  constructor(settings: HostSettings) {
    this.name = settings.name;
    this.address = settings.address;
    this.#settings = settings;
    this.#network = this.#boot();
    this.#life = new Life(settings.hostClock);
  }

  #boot(before?: MemoryNetwork): MemoryNetwork {
    const { clock, address, neighbours, conditions, carryDatagram } = this.#settings;
    const { descriptorLimit } = before ?? this.#settings;
    const network = new MemoryNetwork(clock, {
      address,
      hosts: neighbours,
      conditions,
      descriptorLimit,
      ...(before === undefined ? {} : { before }),
    });
    network.datagrams.carry = carryDatagram;
    return network;
  }

  /** What its reactors run on: listeners, raw sockets, signals, standard input. Another after a crash. */
  get network(): MemoryNetwork {
    return this.#network;
  }

  /** A reactor on this host. Its invariants are checked after every step. */
  createReactor(options: ReactorOptions = {}): Reactor {
    const onDispatch = both(this.#settings.onDispatch, options.onDispatch);
    const reactor = createReactor({
      network: this.#network,
      clock: this.#life,
      ...options,
      ...(onDispatch === undefined ? {} : { onDispatch }),
    });
    this.#reactors.push(reactor);
    return reactor;
  }

  /**
   * Every process of this host is killed, as with SIGKILL: none of its handlers and timers runs any
   * more, its kernel closes what was open, and its Unix paths stay behind. Promises that it had made
   * are never settled. A reactor that is created afterwards is another process.
   */
  crash(): void {
    this.#settings.trace.note(`${this.name} crashes`);
    this.#life.end();
    this.alive = false;
    this.#reactors = [];
    this.#network.kill();
    this.#network = this.#boot(this.#network);
    this.#life = new Life(this.#settings.hostClock);
  }

  /** A raw socket of this host that connects to `address`: a peer without a reactor. */
  dial(address: Address): MemorySocket {
    return this.#network.dial(address);
  }

  /** The processes of this host get a signal. */
  raise(name: SignalName): void {
    this.#network.raise(name);
  }

  /** Throws if the tables of its reactors contradict each other. */
  assertInvariants(): void {
    for (const reactor of this.#reactors) reactor.assertInvariants();
  }

  /** The handlers whose promises are pending. */
  pendingHandlers(): string[] {
    return this.#reactors.flatMap(({ registrations }) =>
      [...registrations.values()]
        .filter(({ held }) => held)
        .map(({ fd }) => `fd ${fd} on host "${this.name}"`),
    );
  }

  /** Throws if anything is open, or held, or still to come. */
  assertNothingLeft(): void {
    for (const reactor of this.#reactors) {
      const { open, registered, timers, queuedBytes, unreadBytes, bufferedBytes } = reactor.stats();
      const left = { open, registered, timers, queuedBytes, unreadBytes, bufferedBytes };
      const found = Object.entries(left).filter(([, count]) => count > 0);
      if (found.length > 0) throw new Error(`${this.name}: its reactor has left ${listed(found)}`);
    }
    const open = this.#network.netstat();
    const [first] = open;
    if (first !== undefined) throw new Error(`${this.name}: ${open.length} left open: ${first}`);
    const { descriptors } = this.#network;
    if (descriptors > 0) throw new Error(`${this.name}: ${descriptors} descriptors are left open`);
    if (descriptors < 0) throw new Error(`${this.name}: ${-descriptors} were closed twice`);
  }
}

/** The clock of processes until they are killed. */
class Life implements Clock {
  readonly #clock: Clock;
  #ended = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  end(): void {
    this.#ended = true;
  }

  now(): number {
    return this.#clock.now();
  }

  immediate(callback: () => void): void {
    this.#clock.immediate(this.#whileAlive(callback));
  }

  timer(delayMs: number, callback: () => void): () => void {
    return this.#clock.timer(delayMs, this.#whileAlive(callback));
  }

  keepAlive(alive: boolean): void {
    if (!this.#ended) this.#clock.keepAlive(alive);
  }

  #whileAlive(callback: () => void): () => void {
    return () => {
      if (!this.#ended) callback();
    };
  }
}

function listed(counts: readonly (readonly [string, number])[]): string {
  return counts.map(([name, count]) => `${name} ${count}`).join(", ");
}

type DispatchListener = ReactorOptions["onDispatch"];

function both(one: DispatchListener, other: DispatchListener): DispatchListener {
  // What is no function is for the reactor to refuse.
  if (one === undefined || typeof other !== "function") return other ?? one;
  return (registration, ready) => {
    one(registration, ready);
    other(registration, ready);
  };
}
