/**
 * Masks: what was asked for (interest) and what fired (ready), as bits.
 *
 * The values are those of Linux's `poll.h` and `epoll.h`, so that a mask printed here reads like
 * one from `strace`. One differs: Linux has `EPOLLET` at bit 31, but JavaScript's bit operators
 * work on signed 32-bit integers, and `1 << 31` is negative. Ours is bit 27; a network that
 * speaks to a real epoll translates.
 */
import { IomuxRangeError, IomuxTypeError } from "./errors.ts";

/** Bytes, a peer to accept, or the unread end of the stream (poll(2) POLLIN). */
export const READABLE = 0x001;
/** Urgent data (poll(2) POLLPRI). Only on networks with `capabilities.urgent`. */
export const PRIORITY = 0x002;
/** `write()` would take bytes; after `connect()`: the connection stands (POLLOUT). */
export const WRITABLE = 0x004;
/** The descriptor failed; `error` says why. Reported whether asked for or not (POLLERR). */
export const ERROR = 0x008;
/** Both directions have ended. Reported whether asked for or not (POLLHUP). */
export const HANGUP = 0x010;
/** Closed while `poll` waited. Never an interest (POLLNVAL). */
export const INVALID = 0x020;
/** The peer has ended its side, and that end is still to be read (POLLRDHUP, EPOLLRDHUP). */
export const PEER_CLOSED = 0x2000;
/** Report on transitions only, see epoll(7). Bit 27 here, bit 31 in Linux. */
export const EDGE = 1 << 27;
/** Disable the registration after one report, until `modify` (EPOLLONESHOT). */
export const ONESHOT = 1 << 30;

export const POLLIN = READABLE;
export const POLLPRI = PRIORITY;
export const POLLOUT = WRITABLE;
export const POLLERR = ERROR;
export const POLLHUP = HANGUP;
export const POLLNVAL = INVALID;
export const POLLRDHUP = PEER_CLOSED;
export const EPOLLIN = READABLE;
export const EPOLLPRI = PRIORITY;
export const EPOLLOUT = WRITABLE;
export const EPOLLERR = ERROR;
export const EPOLLHUP = HANGUP;
export const EPOLLRDHUP = PEER_CLOSED;
export const EPOLLET = EDGE;
export const EPOLLONESHOT = ONESHOT;

/** Reported whether asked for or not. */
export const ALWAYS = ERROR | HANGUP;

const INTEREST = READABLE | PRIORITY | WRITABLE | PEER_CLOSED | ALWAYS | EDGE | ONESHOT;
const CONDITIONS = INTEREST & ~(EDGE | ONESHOT);

const NAMES: readonly (readonly [number, string])[] = [
  [READABLE, "READABLE"],
  [PRIORITY, "PRIORITY"],
  [WRITABLE, "WRITABLE"],
  [ERROR, "ERROR"],
  [HANGUP, "HANGUP"],
  [INVALID, "INVALID"],
  [PEER_CLOSED, "PEER_CLOSED"],
  [EDGE, "EDGE"],
  [ONESHOT, "ONESHOT"],
];

/**
 * A mask as text: `formatMask(READABLE | EDGE)` is `"READABLE|EDGE"`, `formatMask(0)` is `"0"`.
 * Bits without a name are printed in hexadecimal.
 */
export function formatMask(mask: number): string {
  if (!Number.isInteger(mask)) return String(mask);
  const parts: string[] = [];
  let rest = mask;
  for (const [bit, name] of NAMES) {
    if ((rest & bit) === 0) continue;
    parts.push(name);
    rest &= ~bit;
  }
  if (rest !== 0 || parts.length === 0)
    parts.push(rest === 0 ? "0" : `0x${(rest >>> 0).toString(16)}`);
  return parts.join("|");
}

/** Throws unless `mask` may be an interest: known bits, at least one condition among them. */
export function checkInterest(mask: unknown, fd?: number): asserts mask is number {
  if (typeof mask !== "number") {
    throw new IomuxTypeError(
      "IOMUX_BAD_ARGUMENT",
      `interest${of(fd)} must be a mask (a number), not ${typeof mask}`,
      { fd },
    );
  }
  const known = Number.isInteger(mask) && mask > 0 && mask <= INTEREST && (mask & ~INTEREST) === 0;
  if (known && (mask & CONDITIONS) !== 0) return;
  throw new IomuxRangeError(
    "IOMUX_BAD_MASK",
    `interest${of(fd)} is ${describeMask(mask)}: combine READABLE, WRITABLE, PEER_CLOSED ` +
      `(with EDGE or ONESHOT); to ask for nothing, pause() the registration`,
    { fd },
  );
}

function describeMask(mask: number): string {
  return Number.isInteger(mask) && mask > 0 && mask <= 0x7fffffff ? formatMask(mask) : String(mask);
}

function of(fd: number | undefined): string {
  return fd === undefined ? "" : ` of fd ${fd}`;
}
