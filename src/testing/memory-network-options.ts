import type { Conditions } from "./conditions.ts";
import type { MemoryNetwork } from "./memory-network.ts";
import type { StreamAccount } from "./stream-account.ts";
import type { Trace } from "./trace.ts";

/** How large the network in memory is, and what lies in it. */
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
  /** Where to put the accounts of its streams, one for each direction. Default: nowhere. */
  readonly accounts?: StreamAccount[];
  /** Hears what is refused, fails and is discarded. Default: nobody. */
  readonly trace?: Trace;
  /** The same host before its processes were killed: its paths and ports go on from there. */
  readonly before?: MemoryNetwork;
}
