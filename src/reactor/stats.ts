/** What `stats()` answers. */
import { BufferedChannel } from "../channel.ts";
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
  /** Bytes accepted by `write` that have not left, over all channels. */
  readonly queuedBytes: number;
  /** Bytes that came and were not read, over all channels. */
  readonly unreadBytes: number;
  /** Bytes that count towards `maxBufferedBytes`: these, and what servers hold above them. */
  readonly bufferedBytes: number;
}

export function statsOf(loop: Loop): ReactorStats {
  let queuedBytes = 0;
  let unreadBytes = 0;
  for (const source of loop.open.values()) {
    if (!(source instanceof BufferedChannel)) continue;
    queuedBytes += source.queued;
    unreadBytes += source.unread;
  }
  return {
    ...loop.counters,
    registered: loop.registry.size,
    open: loop.open.size,
    timers: loop.timers.size,
    queuedBytes,
    unreadBytes,
    bufferedBytes: loop.budget.held,
  };
}
