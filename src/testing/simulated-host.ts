/** A host of a simulation: its network, and the reactors that run on it. */
import {
  createReactor,
  type Address,
  type Clock,
  type Reactor,
  type ReactorOptions,
  type Registration,
  type SignalName,
} from "iomux";

import type { Conditions } from "./conditions.ts";
import type { Carrier } from "./memory-datagrams.ts";
import { MemoryNetwork } from "./memory-network.ts";
import type { MemorySocket } from "./memory-socket.ts";
import type { SimulatedClock } from "./simulated-clock.ts";
import type { StreamAccount } from "./stream-account.ts";
import type { Trace } from "./trace.ts";

/** How a host differs from others. */
export interface HostOptions {
  /** Descriptors that its processes may have: channels, listeners, datagrams. Default: no limit. */
  readonly descriptorLimit?: number;
}

/** Hears of each call of a handler, and of which reactor it is. */
export type DispatchListener = (reactor: string, registration: Registration, ready: number) => void;

/** What a host is made with. */
export interface HostSettings {
  /** In the trace, and in messages. */
  readonly name: string;
  /** IPv4. */
  readonly address: string;
  /** The time of the simulation. */
  readonly clock: SimulatedClock;
  /** The clock of its reactors. */
  readonly hostClock: Clock;
  /** Hears of each call of a handler of its reactors. */
  readonly onDispatch?: DispatchListener | undefined;
  /** Where the accounts of its streams go. */
  readonly accounts: StreamAccount[];
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
  /** Reactors that there ever were. */
  #created = 0;

  constructor(settings: HostSettings) {
    this.name = settings.name;
    this.address = settings.address;
    this.#settings = settings;
    this.#network = this.#boot();
    this.#life = new Life(settings.hostClock);
  }

  #boot(before?: MemoryNetwork): MemoryNetwork {
    const { clock, address, neighbours, conditions, carryDatagram } = this.#settings;
    const { accounts, trace } = this.#settings;
    const { descriptorLimit } = before ?? this.#settings;
    const network = new MemoryNetwork(clock, {
      address,
      hosts: neighbours,
      conditions,
      descriptorLimit,
      accounts,
      trace,
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
    const onDispatch = this.#dispatchListener(options.onDispatch);
    const reactor = createReactor({
      network: this.#network,
      clock: this.#life,
      ...options,
      ...(onDispatch === undefined ? {} : { onDispatch }),
    });
    this.#reactors.push(reactor);
    return reactor;
  }

  /** The simulation's, and the one that was asked for. */
  #dispatchListener(other: ReactorOptions["onDispatch"]): ReactorOptions["onDispatch"] {
    const { onDispatch } = this.#settings;
    const place = ++this.#created;
    // What is no function is for the reactor to refuse.
    if (onDispatch === undefined || typeof (other ?? onDispatch) !== "function") return other;
    const reactor = place === 1 ? this.name : `${this.name} #${place}`;
    return (registration, ready) => {
      onDispatch(reactor, registration, ready);
      other?.(registration, ready);
    };
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
