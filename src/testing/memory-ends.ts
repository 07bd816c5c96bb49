/** The ends of streams of one host: how they are made, and which of them are not closed. */
import type { SocketAddress } from "iomux";

import type { Conditions } from "./conditions.ts";
import { MemoryTransport } from "./memory-transport.ts";
import type { SimulatedClock } from "./simulated-clock.ts";
import { StreamAccount } from "./stream-account.ts";
import type { Trace } from "./trace.ts";

export interface EndsSettings {
  readonly clock: SimulatedClock;
  readonly conditions: Conditions;
  /** Where the account of each goes. */
  readonly accounts: StreamAccount[] | undefined;
  readonly trace: Trace | undefined;
}

export class MemoryEnds {
  /** Those that are not closed, raw sockets among them. */
  readonly open = new Set<MemoryTransport>();
  readonly #settings: EndsSettings;

  constructor(settings: EndsSettings) {
    this.#settings = settings;
  }

  /** `released` is called once when it is closed. */
  make(
    local: SocketAddress,
    remote: SocketAddress,
    released: () => void = () => undefined,
    writeOnly = false,
  ): MemoryTransport {
    const { clock, conditions, accounts, trace } = this.#settings;
    const { receive, send } = conditions.buffers(local, remote);
    const account = new StreamAccount(local, remote, trace);
    accounts?.push(account);
    const end: MemoryTransport = new MemoryTransport({
      clock,
      capacity: receive,
      sendCapacity: send,
      link: conditions.link(local, remote),
      account,
      localAddress: local,
      remoteAddress: remote,
      released: () => {
        this.open.delete(end);
        released();
      },
      writeOnly,
    });
    this.open.add(end);
    return end;
  }

  /** Two that are connected with each other. */
  pair(a: SocketAddress, b: SocketAddress, writeOnly = false): [MemoryTransport, MemoryTransport] {
    const left = this.make(a, b, undefined, writeOnly);
    const right = this.make(b, a);
    MemoryTransport.join(left, right);
    return [left, right];
  }
}
