/** What a descriptor may know of the reactor that made it. */
import type { Budget } from "./budget.ts";
import type { PagePool } from "./bytes/output-queue.ts";
import type { Limits } from "./limits.ts";
import type { Network, Severable, Transport } from "./network.ts";
import type { Channel } from "./descriptor.ts";
import type { ReadySource } from "./registration.ts";

/** Something whose output leaves at the end of the turn. */
export interface Flushable {
  flush(): void;
}

/** Who has built on a channel. */
export interface ChannelOwner {
  /** Bytes held for the channel's peer, besides those in the channel itself. */
  readonly heldBytes: number;
  /** Bytes of output that wait before the channel. */
  readonly unsentBytes: number;
  /** Whether some of them came from the peer and will still be handled. */
  readonly unhandled: boolean;
  /** The reactor closes: end the channel in order, once what is held has left. */
  endChannel(): void;
  /** The last that the channel does. */
  channelClosed(): void;
}

/** Counters of the whole reactor, live. */
export interface Counters {
  /** Passes of the loop. */
  turns: number;
  /** Calls of handlers. */
  dispatches: number;
  /** Bytes that came from the network. */
  bytesIn: number;
  /** Bytes that have left to the network. */
  bytesOut: number;
  /** Connections that `accept()` has answered. */
  accepted: number;
  /** Connections of `connect()` that came to stand. */
  connected: number;
  /** Peers that listeners have refused: no descriptors, or too many waiting. */
  refused: number;
  /** TLS handshakes of accepted peers that failed. */
  handshakesFailed: number;
  /** Handlers, timers and callbacks that threw or rejected. */
  handlerErrors: number;
  /** Calls of handlers that took longer than `slowHandlerMs`. */
  slowHandlers: number;
  /** Registrations that were reported as spinning. */
  spinning: number;
  /** Datagrams that came. */
  datagramsIn: number;
  /** Datagrams that the system was given. */
  datagramsOut: number;
  /** Datagrams that came and were not kept. */
  datagramsDropped: number;
  /** Channels that were aborted, and datagrams emptied, because the loop held more than `maxBufferedBytes`. */
  shed: number;
  /** Timers that were due, the reactor's own among them. */
  timersFired: number;
}

export interface Host {
  readonly network: Network;
  readonly limits: Readonly<Limits>;
  readonly pages: PagePool;
  /** Counts every byte held for a peer. */
  readonly budget: Budget;
  readonly counters: Counters;
  /** Whether the descriptor is one of a debugging reactor. */
  readonly debug: boolean;
  /** Whether the reactor is being closed. */
  readonly closing: boolean;

  /** The next fd. */
  allocate(): number;
  /** `bits` have become true. For level mode a hint; for edge mode the transition itself. */
  changed(source: ReadySource, bits: number): void;
  /** Bytes came in; enough of them start a turn. */
  collected(bytes: number): void;
  /** Flush at the end of this turn, or of the next one. */
  flushLater(source: Flushable): void;
  /** Unregisters, because the descriptor's owner closes it: nothing more is reported. */
  detach(source: ReadySource, reason: Error | null): void;
  /** Lets go of a socket, at most `closesPerTurn` in one turn. */
  destroyLater(socket: Severable, reset: boolean): void;
  /** It is connected: counted, and published. */
  connected(channel: Channel): void;
  /** The descriptor is closed: forget it. The last that it does. */
  gone(source: ReadySource): void;
  /** A descriptor that is neither registered nor closed keeps the process alive meanwhile. */
  busy(delta: 1 | -1): void;
  /** Calls back after `delayMs`; the answer calls it off. Does not keep the process alive. */
  after(delayMs: number, callback: () => void): () => void;
  /** Whether an accepted connection must be refused for want of descriptors. */
  mustRefuse(): boolean;
  /** A channel of this reactor over an accepted transport, with the label of who accepts it. */
  channel(transport: Transport, label: string): Channel;
  /** The reactor's time in milliseconds: within a turn, that of its beginning. */
  now(): number;
  /** Code of a user failed while it was called for `source`. */
  failed(source: ReadySource, error: Error): void;
  /** Reports, at most once every `reportEveryMs` for each `code`, with a count. */
  report(source: ReadySource, code: string, describe: (count: number) => Error): void;
}
