/** What a channel throws for misuse, and what it says of its failures. */
import type { ByteQueue } from "./bytes/byte-queue.ts";
import type { OutputQueue } from "./bytes/output-queue.ts";
import type { CallPlace } from "./call-place.ts";
import type { BufferedChannel } from "./channel.ts";
import type { Channel } from "./descriptor.ts";
import { IomuxError, IomuxRangeError, IomuxTypeError } from "./errors.ts";
import type { Transport } from "./network.ts";

export function checkMaxBytes(maxBytes: unknown, fd: number): void {
  if (typeof maxBytes !== "number") {
    const message = `read of fd ${fd}: maxBytes must be a number, not ${typeof maxBytes}`;
    throw new IomuxTypeError("IOMUX_BAD_ARGUMENT", message, { fd });
  }
  if (maxBytes >= 0 && (Number.isInteger(maxBytes) || maxBytes === Infinity)) return;
  const message = `read of fd ${fd}: maxBytes is ${maxBytes}, give a whole number from 0`;
  throw new IomuxRangeError("IOMUX_BAD_RANGE", message, { fd });
}

export function checkWaterMarks(high: unknown, low: unknown, fd: number): void {
  for (const [name, value, least] of [["high", high, 1] as const, ["low", low, 0] as const]) {
    if (typeof value !== "number") {
      const message = `setWaterMarks of fd ${fd}: ${name} must be a number, not ${typeof value}`;
      throw new IomuxTypeError("IOMUX_BAD_ARGUMENT", message, { fd });
    }
    if (Number.isSafeInteger(value) && value >= least) continue;
    const message = `setWaterMarks of fd ${fd}: ${name} is ${value}, give bytes from ${least}`;
    throw new IomuxRangeError("IOMUX_BAD_RANGE", message, { fd });
  }
  if ((low as number) <= (high as number)) return;
  const message = `setWaterMarks of fd ${fd}: low ${String(low)} is over high ${String(high)}`;
  throw new IomuxRangeError("IOMUX_BAD_RANGE", message, { fd });
}

export function notBytes(value: unknown, fd: number): IomuxTypeError {
  const what = typeof value === "string" ? "a string: use Buffer.from(text)" : typeof value;
  const message = `write to fd ${fd} takes a Uint8Array, not ${what}`;
  return new IomuxTypeError("IOMUX_BAD_ARGUMENT", message, { fd });
}

export function cutOff({ fd, state, queued }: Channel, lingerMs: number): IomuxError {
  const message =
    `fd ${fd} was closing and its peer read nothing for ${lingerMs} ms: ` +
    `${queued} bytes of output were lost (limit lingerMs)`;
  return new IomuxError("ETIMEDOUT", message, { fd, state });
}

export function overBudget(channel: Channel, limit: number): IomuxError {
  const { fd, state, queued, unread } = channel;
  const message =
    `fd ${fd} was shed, with ${queued} bytes of output and ${unread} of input: all channels ` +
    `together held more than ${limit} bytes (limit maxBufferedBytes)`;
  return new IomuxError("IOMUX_OVER_BUDGET", message, { fd, state });
}

/** The last of `count` sheds stands for all of them. */
export function manyOverBudget(last: IomuxError, count: number): IomuxError {
  const message = `${count} descriptors were shed; the last one: ${last.message}`;
  return new IomuxError("IOMUX_OVER_BUDGET", message, { fd: last.fd, state: last.state });
}

export function notConnected({ fd, state }: Channel, timeoutMs: number): IomuxError {
  const message =
    `fd ${fd}: no connection after ${timeoutMs} ms; ` + `check the address, or raise timeoutMs`;
  return new IomuxError("ETIMEDOUT", message, { fd, state });
}

/** Throws for a channel that cannot be released now, or not at all. */
export function checkReleasable({ fd, state, owner }: BufferedChannel, transport: Transport): void {
  if (state !== "open") {
    const then = state === "connecting" ? "wait until it is WRITABLE" : "it is too late";
    throw cannotRelease(fd, state, `it is ${state}: ${then}`);
  }
  if (transport.putBack === undefined || transport.handOver === undefined) {
    throw cannotRelease(fd, state, "there is no plain stream under it");
  }
  if (owner === null) return;
  throw cannotRelease(fd, state, "it is a connection of a server, which would lose it");
}

export function endHasPassed({ fd, state, unread }: Channel): IomuxError {
  const why =
    `its end has come and ${unread} bytes before it are unread, which cannot be put back: ` +
    `read() them first`;
  return cannotRelease(fd, state, why);
}

export function notReleased({ fd, state }: Channel): IomuxError {
  return cannotRelease(fd, state, "it was aborted before its output had left");
}

function cannotRelease(fd: number, state: string, why: string): IomuxError {
  const message = `cannot release fd ${fd}: ${why}`;
  return new IomuxError("IOMUX_CANNOT_RELEASE", message, { fd, state });
}

export function borrowedChanged({ fd, state }: Channel): IomuxError {
  const message =
    `fd ${fd}: bytes over 1 KiB given to write() or send() were changed before they ` +
    `had left: leave them alone, or give a copy`;
  return new IomuxError("IOMUX_BORROWED_BYTES_CHANGED", message, { fd, state });
}

export function usedAfterClose(
  { fd, state }: Channel,
  call: string,
  { place }: CallPlace,
  closed: CallPlace,
): IomuxError {
  const message =
    `${call}() of fd ${fd} at ${place}, after it was closed at ${closed.place}: ` +
    `it does nothing; do not use what you have closed`;
  return new IomuxError("IOMUX_USE_AFTER_CLOSE", message, { fd, state, cause: closed.trace });
}

export function closedTwice(
  { fd, state }: Channel,
  call: string,
  { place }: CallPlace,
  closed: CallPlace,
): IomuxError {
  const message =
    `${call}() of fd ${fd} at ${place}, after it was closed at ${closed.place}: ` +
    `it does nothing; find out which of the two should end it`;
  return new IomuxError("IOMUX_CLOSED_TWICE", message, { fd, state, cause: closed.trace });
}

/** Throws if the queues of a channel contradict its state. For tests and simulations. */
export function checkQueues(
  { fd, state, ended, queued, unread }: BufferedChannel,
  input: ByteQueue,
  output: OutputQueue | null,
  endSeen: boolean,
): void {
  input.assertInvariants();
  output?.assertInvariants();
  if (ended && !endSeen) throw new Error(`fd ${fd}: ended before the end`);
  if (state === "closed" && queued + unread > 0)
    throw new Error(`fd ${fd}: bytes kept after close`);
}
