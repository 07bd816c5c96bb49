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
  /** All hosts, by address. */
  readonly neighbours: Map<string, MemoryNetwork>;
  /** What its network is like. */
  readonly conditions: Conditions;
  /** What happens to datagrams. */
  readonly carryDatagram: Carrier;
}

/** Made by `simulation.host()`. */
export class SimulatedHost {
  /** In the trace, and in messages. */
  readonly name: string;
  /** IPv4. */
  readonly address: string;
  /** What its reactors run on: listeners, raw sockets, signals, standard input. */
  readonly network: MemoryNetwork;
  /** Whether something would keep its real process alive now. */
  alive = false;
  readonly #clock: Clock;
  readonly #reactors: Reactor[] = [];

  constructor(settings: HostSettings) {
    const { name, address, clock, hostClock, neighbours, conditions, carryDatagram } = settings;
    this.name = name;
    this.address = address;
    this.#clock = hostClock;
    this.network = new MemoryNetwork(clock, { address, hosts: neighbours, conditions });
    this.network.datagrams.carry = carryDatagram;
  }

  /** A reactor on this host. Its invariants are checked after every step. */
  createReactor(options: ReactorOptions = {}): Reactor {
    const reactor = createReactor({ network: this.network, clock: this.#clock, ...options });
    this.#reactors.push(reactor);
    return reactor;
  }

  /** A raw socket of this host that connects to `address`: a peer without a reactor. */
  dial(address: Address): MemorySocket {
    return this.network.dial(address);
  }

  /** The processes of this host get a signal. */
  raise(name: SignalName): void {
    this.network.raise(name);
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
    const { descriptors } = this.network;
    if (descriptors > 0) throw new Error(`${this.name}: ${descriptors} descriptors are left open`);
    if (descriptors < 0) throw new Error(`${this.name}: ${-descriptors} were closed twice`);
  }
}

function listed(counts: readonly (readonly [string, number])[]): string {
  return counts.map(([name, count]) => `${name} ${count}`).join(", ");
}
