/** Servers, as the callers of `serve()` see them. */
import type { SocketAddress } from "../address.ts";
import type { Channel } from "../descriptor.ts";
import type { CloseOptions, CutOff } from "../reactor/shutdown.ts";
import type { CloseReason } from "./close-reason.ts";
import type { Connection } from "./connection.ts";
import type { ServerLimits, TurnedAway } from "./options.ts";

/** Counters since the start, and gauges of this moment. */
export interface ServerStats {
  /** Connections that stand now. */
  readonly connections: number;
  /** Bytes of output that wait in this process, over all connections; shared ones count for each. */
  readonly backlog: number;
  /** Peers that were turned away, by reason. */
  readonly turnedAway: Readonly<Record<TurnedAway, number>>;
  /** Connections that have ended, by reason. */
  readonly closed: Readonly<Record<CloseReason, number>>;
  /** Frames of output that policies have dropped. */
  readonly droppedFrames: number;
}

/** What closing a server has cost. */
export interface ServerCloseResult {
  /** Connections whose last output was lost at the deadline. */
  readonly cutOff: readonly CutOff[];
}

/** What `serve()` answers. */
export interface Server<F = Buffer, D = undefined> {
  /** The limits in force. */
  readonly limits: Readonly<ServerLimits>;
  /** Where it listens, as the system says: with the port that it chose. */
  readonly addresses: readonly SocketAddress[];
  /** Every connection that is not closed, live. */
  readonly connections: ReadonlySet<Connection<F, D>>;

  /**
   * Makes a connection of a channel that is open or connecting, and registered nowhere: one that
   * was dialled or adopted. The gate does not count it.
   */
  take(channel: Channel): Connection<F, D>;

  /** Counters since the start, and gauges of this moment, in a new object. */
  stats(): ServerStats;

  /**
   * Stops listening and ends every connection: idle ones at once, the others when what is under
   * way was handled and has left, and what is left at `drainMs` by force. Resolves when all of them
   * are closed. Calling it again answers the same promise.
   */
  close(options?: CloseOptions): Promise<ServerCloseResult>;
  /** `close()` with its defaults, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;

  /** Throws if the tables contradict each other. For tests and simulations. */
  assertInvariants(): void;
}
