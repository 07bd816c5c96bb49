/**
 * What reactors publish on `node:diagnostics_channel`, so that any library for metrics or tracing
 * can listen without being known here. `docs/debugging.md` has the table of names.
 *
 * A message is made only if somebody has subscribed. Subscribers are called at once, from inside the
 * reactor, so each is published last, when the tables are in order again. What a subscriber throws
 * does not come here: Node hands it to `uncaughtException`, in its own next tick.
 */
import diagnosticsChannel from "node:diagnostics_channel";

import type { SocketAddress } from "./address.ts";
import type { Channel, Datagram, Descriptor, Listener, Messages, Signals } from "./descriptor.ts";
import type { Registration } from "./registration.ts";

/** A descriptor came into being, or has ended. */
export interface DescriptorMessage<D extends Descriptor = Descriptor> {
  /** Use it, not its fd, as a key: every reactor counts its fds from 1. */
  readonly descriptor: D;
}

/** A peer was refused before anybody could speak to it. */
export interface RefuseMessage {
  /** Who has refused it. */
  readonly descriptor: Listener;
  /** The code under which it is reported to `onError`, which hears of many at once. */
  readonly code:
    | "IOMUX_DESCRIPTOR_LIMIT"
    | "IOMUX_ACCEPT_QUEUE_FULL"
    | "IOMUX_TOO_MANY_HANDSHAKES"
    | "IOMUX_TURNED_AWAY";
  /** Why the gate of a server has turned it away (`TurnedAway`), or null if that was not who. */
  readonly reason: string | null;
  /** Who was refused, or null where the network does not know it. */
  readonly remoteAddress: SocketAddress | null;
}

/** More waited for a peer than a limit allows. */
export interface OverflowMessage {
  /** Whose output it was, or the one that held the most. */
  readonly descriptor: Channel;
  /** The limit that was reached. */
  readonly limit: "maxOutputBytes" | "softOutputBytes" | "maxBufferedBytes";
  /** Bytes that waited for the peer in this process at that moment. */
  readonly waiting: number;
  /** Frames that were dropped for it. 0: nothing was dropped, and the channel is cut off. */
  readonly dropped: number;
}

/** Datagrams came and were not kept, because a limit was reached. */
export interface DropMessage {
  /** Who has dropped them. */
  readonly descriptor: Datagram;
  /** The limit that was reached. */
  readonly limit: "datagramQueue" | "datagramQueueBytes" | "maxBufferedBytes";
  /** How many were dropped. */
  readonly dropped: number;
}

/** A handler ran longer than `slowHandlerMs`, and nothing else could run. */
export interface SlowHandlerMessage {
  /** Whose handler it was. */
  readonly registration: Registration;
  /** The name of the handler, or `(unnamed)`. */
  readonly name: string;
  /** How long it ran, in milliseconds. */
  readonly ms: number;
}

/** A registration was ready for `spinTurns` turns in a row, and its handler did nothing about it. */
export interface SpinningHandlerMessage {
  /** Whose handler it is. `paused`: whether the reactor has paused it for that. */
  readonly registration: Registration;
  /** The name of the handler, or `(unnamed)`. */
  readonly name: string;
  /** How many turns that were. */
  readonly turns: number;
}

/** Every name that is published on, with its message. */
export interface DiagnosticsMessages {
  /** A channel is there: accepted, adopted, or about to connect (`state` is `connecting`). */
  "iomux:channel:open": DescriptorMessage<Channel>;
  /** A channel that was to connect is connected. */
  "iomux:channel:connect": DescriptorMessage<Channel>;
  /** A channel is closed: once for each that was opened. `error` and its counters stay. */
  "iomux:channel:close": DescriptorMessage<Channel>;
  /** More waited for the peer of a channel than a limit allows. */
  "iomux:channel:overflow": OverflowMessage;
  /** A listener is bound. */
  "iomux:listener:open": DescriptorMessage<Listener>;
  /** A listener is closed: once for each that was opened. */
  "iomux:listener:close": DescriptorMessage<Listener>;
  /** A peer was refused. */
  "iomux:listener:refuse": RefuseMessage;
  /** A datagram is bound. */
  "iomux:datagram:open": DescriptorMessage<Datagram>;
  /** A datagram is closed: once for each that was opened. */
  "iomux:datagram:close": DescriptorMessage<Datagram>;
  /** Datagrams came and were not kept. */
  "iomux:datagram:drop": DropMessage;
  /** Signals are watched. */
  "iomux:signals:open": DescriptorMessage<Signals>;
  /** They are not watched any more: once for each that was opened. */
  "iomux:signals:close": DescriptorMessage<Signals>;
  /** A message port was adopted. */
  "iomux:messages:open": DescriptorMessage<Messages>;
  /** A message port is closed: once for each that was opened. */
  "iomux:messages:close": DescriptorMessage<Messages>;
  /** A handler ran longer than `slowHandlerMs`. */
  "iomux:handler:slow": SlowHandlerMessage;
  /** A handler was called for `spinTurns` turns in a row and did nothing: once for each such row. */
  "iomux:handler:spinning": SpinningHandlerMessage;
}

/** A name of `DiagnosticsMessages`. */
export type DiagnosticsName = keyof DiagnosticsMessages;

/** Every name that is published on, in the order of `docs/debugging.md`. */
export const DIAGNOSTICS_NAMES = Object.freeze([
  "iomux:channel:open",
  "iomux:channel:connect",
  "iomux:channel:close",
  "iomux:channel:overflow",
  "iomux:listener:open",
  "iomux:listener:close",
  "iomux:listener:refuse",
  "iomux:datagram:open",
  "iomux:datagram:close",
  "iomux:datagram:drop",
  "iomux:signals:open",
  "iomux:signals:close",
  "iomux:messages:open",
  "iomux:messages:close",
  "iomux:handler:slow",
  "iomux:handler:spinning",
] as const satisfies readonly DiagnosticsName[]);

function topic(name: DiagnosticsName): diagnosticsChannel.Channel {
  return diagnosticsChannel.channel(name);
}

// Node keeps channels weakly: these are kept here, so that asking for subscribers is one look.
const OPEN = {
  channel: topic("iomux:channel:open"),
  listener: topic("iomux:listener:open"),
  datagram: topic("iomux:datagram:open"),
  signals: topic("iomux:signals:open"),
  messages: topic("iomux:messages:open"),
} satisfies Record<Descriptor["kind"], diagnosticsChannel.Channel>;
const CLOSE = {
  channel: topic("iomux:channel:close"),
  listener: topic("iomux:listener:close"),
  datagram: topic("iomux:datagram:close"),
  signals: topic("iomux:signals:close"),
  messages: topic("iomux:messages:close"),
} satisfies Record<Descriptor["kind"], diagnosticsChannel.Channel>;
const CONNECT = topic("iomux:channel:connect");
const OVERFLOW = topic("iomux:channel:overflow");
const REFUSE = topic("iomux:listener:refuse");
const DROP = topic("iomux:datagram:drop");
const SLOW = topic("iomux:handler:slow");
const SPINNING = topic("iomux:handler:spinning");

export function publishOpen(descriptor: Descriptor): void {
  const open = OPEN[descriptor.kind];
  if (open.hasSubscribers) open.publish({ descriptor } satisfies DescriptorMessage);
}

export function publishClose(descriptor: Descriptor): void {
  const close = CLOSE[descriptor.kind];
  if (close.hasSubscribers) close.publish({ descriptor } satisfies DescriptorMessage);
}

export function publishConnect(descriptor: Channel): void {
  if (CONNECT.hasSubscribers) CONNECT.publish({ descriptor } satisfies DescriptorMessage);
}

export function publishOverflow(
  descriptor: Channel,
  limit: OverflowMessage["limit"],
  waiting: number,
  dropped: number,
): void {
  if (!OVERFLOW.hasSubscribers) return;
  OVERFLOW.publish({ descriptor, limit, waiting, dropped } satisfies OverflowMessage);
}

export function publishRefuse(
  descriptor: Listener,
  code: RefuseMessage["code"],
  reason: string | null,
  remoteAddress: SocketAddress | null,
): void {
  if (!REFUSE.hasSubscribers) return;
  REFUSE.publish({ descriptor, code, reason, remoteAddress } satisfies RefuseMessage);
}

export function publishDropped(
  descriptor: Datagram,
  limit: DropMessage["limit"],
  dropped: number,
): void {
  if (!DROP.hasSubscribers) return;
  DROP.publish({ descriptor, limit, dropped } satisfies DropMessage);
}

export function publishSlow(registration: Registration, name: string, ms: number): void {
  if (SLOW.hasSubscribers) SLOW.publish({ registration, name, ms } satisfies SlowHandlerMessage);
}

export function publishSpinning(registration: Registration, name: string, turns: number): void {
  if (!SPINNING.hasSubscribers) return;
  SPINNING.publish({ registration, name, turns } satisfies SpinningHandlerMessage);
}
