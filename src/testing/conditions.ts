/** What a network in memory is like: its buffers, what lies between hosts, and what goes wrong. */
import type { SocketAddress } from "iomux";

import { DIRECT, type Link } from "./link.ts";

/** Those of the kernel, in bytes. */
export interface Buffers {
  /** What came and was not read. */
  readonly receive: number;
  /** What was written and has not left. */
  readonly send: number;
}

/** What a `MemoryNetwork` is made of. */
export interface Conditions {
  /** Buffers of a new end of a stream, its own address and that of the other end. */
  buffers(local: SocketAddress, remote: SocketAddress): Buffers;
  /** How a stream gets from one end to the other. */
  link(from: SocketAddress, to: SocketAddress): Link;
  /** Why connecting fails, though somebody listens there: `ECONNREFUSED`, ... Null: it does not. */
  connectFailure(): string | null;
  /** Why accepting a connection fails: `EMFILE`, `ECONNABORTED`. Null: it does not. */
  acceptFailure(): string | null;
}

/** Nothing is far, and nothing goes wrong: `capacity` bytes lie between two ends. */
export function still(capacity: number): Conditions {
  return {
    buffers: () => ({ receive: capacity, send: 0 }),
    link: () => DIRECT,
    connectFailure: () => null,
    acceptFailure: () => null,
  };
}
