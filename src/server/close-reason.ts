/** Why a connection was closed: the first cause, told once. */
import type { BufferedChannel } from "../channel.ts";
import { codeOf } from "../errors.ts";

/** Every reason for which a connection is closed, in the order of `docs/servers.md`. */
export const CLOSE_REASONS = [
  /** The peer ended its side, and what it had asked for was answered. */
  "end",
  /** We called `end()`. */
  "local",
  /** We called `abort()`. */
  "abort",
  /** The peer reset the connection. */
  "reset",
  /** The connection was lost in another way; `error` says how. */
  "error",
  /** The TLS handshake of `startTls()` failed. */
  "tls",
  /** `establish()` was not called within `handshakeMs`. */
  "handshake",
  /** Nothing came for `idleMs`. */
  "idle",
  /** The peer took none of our output for `writeProgressMs`. */
  "write-stalled",
  /** It stood for `lifetimeMs`. */
  "lifetime",
  /** Output over its limit waited in this process. */
  "overflow",
  /** The loop-wide budget of buffered bytes was spent, and this one held the most. */
  "budget",
  /** The framer threw a `FrameError`, or bytes came along with the command to start TLS. */
  "protocol",
  /** A callback threw or rejected. */
  "handler-error",
  /** The server was closed. */
  "shutdown",
] as const;

/** Why a connection was closed: the first cause. */
export type CloseReason = (typeof CLOSE_REASONS)[number];

/** The reasons of times that are up while all is well with the connection itself. */
export type TimeUp = Extract<CloseReason, "handshake" | "idle" | "lifetime">;

export function isTimeUp(reason: CloseReason): reason is TimeUp {
  return reason === "handshake" || reason === "idle" || reason === "lifetime";
}

/** Why a channel is closed that its connection has not closed. `securing`: in mid-handshake. */
export function whyClosed(
  { error, host }: BufferedChannel,
  endSeen: boolean,
  securing: boolean,
): CloseReason {
  const code = codeOf(error);
  if (code === "IOMUX_OVER_BUDGET") return "budget";
  if (host.closing) return "shutdown";
  if (securing && error !== null) return "tls";
  if (code === "ECONNRESET" || code === "EPIPE") return "reset";
  if (error !== null) return "error";
  return endSeen ? "end" : "abort";
}
