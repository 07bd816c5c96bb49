/** Why a descriptor is not being read or written right now, as data and as one English line. */
import { BufferedChannel } from "../channel.ts";
import { QueuedDatagram } from "../datagram.ts";
import { formatAddress } from "../address.ts";
import { READABLE, WRITABLE, formatMask } from "../mask.ts";
import type { Limits } from "../limits.ts";
import { MessageQueue } from "../messages.ts";
import type { Descriptor, DescriptorState, Signals } from "../descriptor.ts";
import type { ReadySource } from "../registration.ts";

/** One direction: `ready` if its handler is about to be called, else the reason why not. */
export type Reason =
  | "ready"
  | "closed"
  | "closing"
  | "connecting"
  | "not registered"
  | "paused"
  | "held"
  | "disarmed"
  | "not asked for"
  | "edge reported"
  | "nothing came"
  | "ended"
  | "shut down"
  | "full"
  | "no input side"
  | "no output side";

/** What `explain()` answers. */
export interface Explanation {
  /** The descriptor's number. */
  readonly fd: number;
  /** What it is. */
  readonly kind: Descriptor["kind"];
  /** Where it is in its life. */
  readonly state: DescriptorState;
  /** Why READABLE is not reported now, or `ready`. */
  readonly reading: Reason;
  /** Why WRITABLE is not reported now, or `ready`. */
  readonly writing: Reason;
  /** All of it in one line. */
  readonly text: string;
}

export function explain(source: ReadySource, limits: Readonly<Limits>): Explanation {
  const { fd, kind, state } = source;
  const reading = hasInput(source) ? why(source, READABLE) : "no input side";
  const writing = hasOutput(source) ? why(source, WRITABLE) : "no output side";
  const asked =
    source.entry === null ? "no interest" : `interest ${formatMask(source.entry.interest)}`;
  const failure = source.error === null ? "" : `, failed with "${source.error.message}"`;
  const label = source.label === "" ? "" : ` ${JSON.stringify(source.label)}`;
  const text =
    `fd ${fd}${label} (${kind} ${nameOf(source)}) is ${state}, ${asked}${failure}: ` +
    `reading: ${phrase(reading, source, limits)}; writing: ${phrase(writing, source, limits)}`;
  return { fd, kind, state, reading, writing, text };
}

function hasInput(source: ReadySource): boolean {
  return !(source instanceof BufferedChannel && source.transport.writeOnly === true);
}

function hasOutput(source: ReadySource): boolean {
  if (source instanceof MessageQueue || source instanceof QueuedDatagram) return true;
  return source instanceof BufferedChannel && source.transport.readOnly !== true;
}

function nameOf(source: ReadySource): string {
  if (source.kind === "signals") return (source as ReadySource & Signals).names.join(", ");
  if (source instanceof MessageQueue) return source.transport.name;
  if (!(source instanceof BufferedChannel)) return formatAddress(source.localAddress);
  return source.peerName;
}

function why(source: ReadySource, bit: number): Reason {
  const { state, entry } = source;
  if (state === "closed" || state === "closing" || state === "connecting") return state;
  const blocked = condition(source, bit);
  if (entry === null) return blocked ?? "not registered";
  if (entry.held) return "held";
  if (entry.disarmed) return "disarmed";
  if (entry.paused) return "paused";
  if ((entry.interest & bit) === 0) return "not asked for";
  if (blocked !== null) return blocked;
  return entry.edge && (entry.pending & bit) === 0 ? "edge reported" : "ready";
}

/** Why the descriptor itself is not ready, or null if it is. */
function condition(source: ReadySource, bit: number): Reason | null {
  if ((source.condition() & bit) !== 0) return null;
  if (source instanceof MessageQueue) return source.state === "open" ? "nothing came" : "ended";
  if (source instanceof QueuedDatagram) return bit === READABLE ? "nothing came" : "full";
  const channel = source as BufferedChannel;
  if (bit === READABLE) return channel.ended ? "ended" : "nothing came";
  return channel.state === "open" && channel.room === 0 && channel.queued === 0
    ? "shut down"
    : channel.state === "open"
      ? "full"
      : "ended";
}

function phrase(reason: Reason, source: ReadySource, limits: Readonly<Limits>): string {
  const entry = source.entry!;
  switch (reason) {
    case "held":
      return "its handler's promise is pending";
    case "disarmed":
      return "it was a oneshot and has reported; modify() arms it again";
    case "paused":
      return "it is paused; resume() goes on";
    case "not asked for":
      return `not asked for (interest ${formatMask(entry.interest)})`;
    case "edge reported":
      return "the edge was reported; the next one comes with the next change";
    case "full": {
      const { kind, queued } = source as BufferedChannel | QueuedDatagram;
      const slow = kind === "channel" ? "the peer reads" : "the system sends";
      return (
        `${queued} bytes wait and ${slow} slowly; writable again at ` +
        `${limits.lowWaterMark} (lowWaterMark)`
      );
    }
    default:
      return reason;
  }
}
