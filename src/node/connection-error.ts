/** What the system says of a broken connection, with its code, in one line. */
import { formatAddress, type SocketAddress } from "../address.ts";
import { codeOf, IomuxError } from "../errors.ts";
import { tlsMeaning } from "./tls-error.ts";

const MEANING: Readonly<Record<string, string>> = {
  ECONNRESET: "the peer reset the connection",
  EPIPE: "the peer has closed and takes no more bytes",
  ECONNREFUSED: "nobody listens there",
  ENOENT: "there is no such path",
  ETIMEDOUT: "the peer does not answer",
  EHOSTUNREACH: "the host cannot be reached",
  ENETUNREACH: "the network cannot be reached",
  ENOTFOUND: "there is no host of this name",
  EADDRINUSE: "the address is in use; stop who uses it, or choose another",
  EADDRNOTAVAIL: "this machine has no such address",
  EACCES: "permission denied",
  EMFILE: "the process has too many open files; raise its limit (ulimit -n)",
};

/**
 * An error of a connection. An end that could not be confirmed is a reset, whichever code the
 * write that asked had got.
 */
export function connectionError(
  error: Error,
  peer: SocketAddress | null,
  confirming: boolean,
): IomuxError {
  const code = confirming ? "ECONNRESET" : (codeOf(error) ?? "EIO");
  const meaning = MEANING[code] ?? tlsMeaning(error);
  const message = `connection with ${formatAddress(peer)}: ${meaning} (${code})`;
  return new IomuxError(code, message, { cause: error });
}

/** An error of a stream that is no connection; `what`: `reading stdin`, `the Gunzip stream`. */
export function streamError(error: Error, what: string): IomuxError {
  const code = codeOf(error) ?? "EIO";
  if (code === "EPIPE") return readerGone(what, error);
  return new IomuxError(code, `${what}: ${error.message} (${code})`, { cause: error });
}

/** Nobody reads what is written; known from a write that failed, or from the end of a child. */
export function readerGone(what: string, cause?: Error): IomuxError {
  const message = `${what}: its reader has gone and takes no more bytes (EPIPE)`;
  return new IomuxError("EPIPE", message, { cause });
}

/** Somebody else closed what is ours, without an error. */
export function closedOutside(
  what: "socket" | "server" | "stream",
  descriptor: string,
): IomuxError {
  const message = `the ${what} was closed outside the reactor; close() its ${descriptor} instead`;
  return new IomuxError("ECONNABORTED", message);
}

/** Somebody has made a stream of ours give strings, which may not be what the bytes were. */
export function encodingSet(what: string): IomuxError {
  const message = `${what}: setEncoding() was called after it was adopted; decode what read() answers`;
  return new IomuxError("IOMUX_BAD_ARGUMENT", message);
}

/** `listen` or `connect` failed at `where`. */
export function setupError(error: Error, doing: string, where: string): IomuxError {
  const code = codeOf(error) ?? "EIO";
  const message = `cannot ${doing} ${where}: ${MEANING[code] ?? error.message} (${code})`;
  return new IomuxError(code, message, { cause: error });
}
