/** What a datagram throws for misuse, and what it says of its failures. */
import { formatAddress } from "./address.ts";
import type { DatagramAddress, IpFamily } from "./datagram-address.ts";
import type { Datagram } from "./descriptor.ts";
import { codeOf, IomuxError, IomuxTypeError } from "./errors.ts";
import type { Limits } from "./limits.ts";

const MEANING: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nobody receives there, and what was sent is lost",
  EACCES: "not allowed; for a broadcast address bind with { broadcast: true }",
  EINVAL: "the socket's own address cannot reach it; bind to another host",
  ENETUNREACH: "the network cannot be reached",
  EHOSTUNREACH: "the host cannot be reached",
};

export function notBytes(value: unknown, fd: number): IomuxTypeError {
  const what = typeof value === "string" ? "a string: use Buffer.from(text)" : typeof value;
  const message = `send of fd ${fd} takes a Uint8Array, not ${what}`;
  return new IomuxTypeError("IOMUX_BAD_ARGUMENT", message, { fd });
}

export function hasPeer({ fd, remoteAddress }: Datagram): IomuxTypeError {
  const message =
    `send of fd ${fd} takes no address: it has a peer, ${formatAddress(remoteAddress)}; ` +
    `for others bind another socket`;
  return new IomuxTypeError("IOMUX_BAD_ARGUMENT", message, { fd });
}

export function otherFamily(own: IpFamily, peer: string): IomuxTypeError {
  const message = `option peer: the host of bind is ${own}, and ${peer} is not; give a peer of one family`;
  return new IomuxTypeError("IOMUX_BAD_ARGUMENT", message);
}

export function tooLong(size: number, most: number, to: DatagramAddress | null): IomuxError {
  const message =
    `sending ${size} bytes to ${formatAddress(to)}: a datagram holds ${most} at most (EMSGSIZE); ` +
    `split it, or use a stream`;
  return new IomuxError("EMSGSIZE", message);
}

/** The system did not send a datagram. */
export function sendError(error: Error, size: number, to: DatagramAddress | null): IomuxError {
  const code = codeOf(error) ?? "EIO";
  const why =
    code === "EMSGSIZE"
      ? "that is more than the system sends at once"
      : (MEANING[code] ?? error.message);
  const message = `sending ${size} bytes to ${formatAddress(to)}: ${why} (${code})`;
  return new IomuxError(code, message, { cause: error });
}

/** The system tells of a datagram that was sent earlier. */
export function lateError(error: Error, peer: DatagramAddress | null): IomuxError {
  const code = codeOf(error) ?? "EIO";
  const message = `datagrams for ${formatAddress(peer)}: ${MEANING[code] ?? error.message} (${code})`;
  return new IomuxError(code, message, { cause: error });
}

export function dropped(datagram: Datagram, limits: Readonly<Limits>, count: number): IomuxError {
  const { fd, state, waiting, unread } = datagram;
  const message =
    `${where(datagram)} dropped ${datagrams(count)}: ${waiting} of ${unread} bytes wait for ` +
    `receive() already (limits datagramQueue ${limits.datagramQueue}, datagramQueueBytes ` +
    `${limits.datagramQueueBytes}); receive until it answers null`;
  return new IomuxError("IOMUX_DATAGRAMS_DROPPED", message, { fd, state });
}

export function datagramOverBudget(datagram: Datagram, limit: number): IomuxError {
  const { fd, state, waiting, unread } = datagram;
  const message =
    `${where(datagram)} dropped ${datagrams(waiting)} of ${unread} bytes that nobody had ` +
    `received: all descriptors together held more than ${limit} bytes (limit maxBufferedBytes)`;
  return new IomuxError("IOMUX_OVER_BUDGET", message, { fd, state });
}

export function cutOff({ fd, state, queued }: Datagram, ms: number, limit: string): IomuxError {
  const message =
    `fd ${fd} was closing and the system took nothing for ${ms} ms: ` +
    `${queued} bytes of datagrams were lost (${limit})`;
  return new IomuxError("ETIMEDOUT", message, { fd, state });
}

export function closedAlready(doing: string, { fd, state }: Datagram): IomuxError {
  return new IomuxError("IOMUX_CLOSED", `cannot ${doing} with fd ${fd}: it is ${state}`, {
    fd,
    state,
  });
}

function where({ fd, localAddress }: Datagram): string {
  return `fd ${fd} (${formatAddress(localAddress)})`;
}

function datagrams(count: number): string {
  return count === 1 ? "a datagram" : `${count} datagrams`;
}
