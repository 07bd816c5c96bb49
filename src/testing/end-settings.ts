import type { SocketAddress } from "iomux";

import type { Link } from "./link.ts";
import type { SimulatedClock } from "./simulated-clock.ts";
import type { StreamAccount } from "./stream-account.ts";

/** What one end of a stream in memory is made with. */
export interface EndSettings {
  /** The time in which its bytes travel. */
  readonly clock: SimulatedClock;
  /** Bytes of its receive buffer. */
  readonly capacity: number;
  /** Bytes of its send buffer. Default 0: a write is complete when the other end has it. */
  readonly sendCapacity?: number;
  /** How what it sends travels. Default: at once. */
  readonly link?: Link;
  /** Its own end. */
  readonly localAddress: SocketAddress;
  /** The other end. */
  readonly remoteAddress: SocketAddress;
  /** What becomes of the bytes that it sends. */
  readonly account: StreamAccount;
  /** Called once when the end holds no descriptor any more. */
  readonly released: () => void;
  /** Whether it is the end of a pipe that is written to. */
  readonly writeOnly: boolean;
}
