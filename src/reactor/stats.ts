/** What `stats()` answers. */
import { BufferedChannel } from "../channel.ts";
import { QueuedDatagram } from "../datagram.ts";
import type { Counters } from "../host.ts";
import type { Loop } from "./loop.ts";

/** Counters since the start, and gauges of this moment. */
export interface ReactorStats extends Counters {
  /** Registrations that stand. */
  readonly registered: number;
  /** Descriptors that are not closed, registered or not. */
  readonly open: number;
  /** Timers that are set, the reactor's own among them. */
  readonly timers: number;
  /** Bytes taken by `write` and `send` that have not left, over all channels and datagrams. */
  readonly queuedBytes: number;
  /** Bytes that came and were not read, over all channels and datagrams. */
  readonly unreadBytes: number;
  /** Bytes that count towards `maxBufferedBytes`: these, and what servers hold above them. */
  readonly bufferedBytes: number;
}

export function newCounters(): Counters {
  return {
    turns: 0,
    dispatches: 0,
    bytesIn: 0,
    bytesOut: 0,
    accepted: 0,
    connected: 0,
    refused: 0,
    handshakesFailed: 0,
    handlerErrors: 0,
    slowHandlers: 0,
    spinning: 0,
    datagramsIn: 0,
    datagramsOut: 0,
    datagramsDropped: 0,
    shed: 0,
    timersFired: 0,
  };
}

export function statsOf(loop: Loop): ReactorStats {
  let queuedBytes = 0;
  let unreadBytes = 0;
  for (const source of loop.open.values()) {
    if (!(source instanceof BufferedChannel || source instanceof QueuedDatagram)) continue;
    queuedBytes += source.queued;
    unreadBytes += source.unread;
  }
  const { counters } = loop;
  // Name by name: a spread with more behind it takes fifty times as long.
  return {
    turns: counters.turns,
    dispatches: counters.dispatches,
    bytesIn: counters.bytesIn,
    bytesOut: counters.bytesOut,
    accepted: counters.accepted,
    connected: counters.connected,
    refused: counters.refused,
    handshakesFailed: counters.handshakesFailed,
    handlerErrors: counters.handlerErrors,
    slowHandlers: counters.slowHandlers,
    spinning: counters.spinning,
    datagramsIn: counters.datagramsIn,
    datagramsOut: counters.datagramsOut,
    datagramsDropped: counters.datagramsDropped,
    shed: counters.shed,
    timersFired: counters.timersFired,
    registered: loop.registry.size,
    open: loop.open.size,
    timers: loop.timers.size,
    queuedBytes,
    unreadBytes,
    bufferedBytes: loop.budget.held,
  };
}
