/**
 * Errors: every failure has a stable `code`, and where there is one, the fd and its state.
 *
 * Misuse (a wrong argument, a call in the wrong state) throws at once with one of the codes below.
 * What the world does (a reset, a refused connection) arrives as data with the system's own code,
 * such as `ECONNRESET`. `docs/errors.md` explains each one.
 */

/** Every code of our own, in the order of `docs/errors.md`. */
export const ERROR_CODES = [
  "IOMUX_BAD_ARGUMENT",
  "IOMUX_BAD_RANGE",
  "IOMUX_BAD_MASK",
  "IOMUX_ALREADY_REGISTERED",
  "IOMUX_NOT_REGISTERED",
  "IOMUX_OTHER_REACTOR",
  "IOMUX_CLOSED",
  "IOMUX_REACTOR_CLOSED",
  "IOMUX_UNSUPPORTED",
  "IOMUX_CANNOT_ADOPT",
  "IOMUX_CANNOT_RELEASE",
  "IOMUX_CANNOT_START_TLS",
  "IOMUX_UNREAD_PLAINTEXT",
  "IOMUX_BAD_CERTIFICATE",
  "IOMUX_POLL_IN_HANDLER",
  "IOMUX_POLL_TWICE",
  "IOMUX_NOT_A_SOCKET",
  "IOMUX_HANDLER_THREW",
  "IOMUX_HANDLER_KEEPS_FAILING",
  "IOMUX_SLOW_HANDLER",
  "IOMUX_SPINNING",
  "IOMUX_EDGE_UNDRAINED",
  "IOMUX_USE_AFTER_CLOSE",
  "IOMUX_CLOSED_TWICE",
  "IOMUX_DESCRIPTOR_LIMIT",
  "IOMUX_ACCEPT_QUEUE_FULL",
  "IOMUX_BAD_MESSAGE",
  "IOMUX_DATAGRAMS_DROPPED",
  "IOMUX_HANDSHAKE_FAILED",
  "IOMUX_TOO_MANY_HANDSHAKES",
  "IOMUX_OVER_BUDGET",
  "IOMUX_BORROWED_BYTES_CHANGED",
  "IOMUX_TURNED_AWAY",
  "IOMUX_CUT_OFF",
  "IOMUX_SERVER_CLOSED",
  "IOMUX_FRAME_TOO_LONG",
  "IOMUX_BAD_FRAME",
  "IOMUX_FRAMER_STUCK",
  "IOMUX_FRAMER_SHARED",
  "IOMUX_STRUCT_FORMAT",
  "IOMUX_STRUCT_VALUE",
  "IOMUX_STRUCT_BUFFER",
  "IOMUX_READ_TWICE",
  "IOMUX_TIMED_OUT",
  "IOMUX_CONNECTION_CLOSED",
] as const;

/** A code of our own. Errors of the system keep theirs (`ECONNRESET`, `EADDRINUSE`, ...). */
export type ErrorCode = (typeof ERROR_CODES)[number];

/** What an error is about. */
export interface ErrorDetails {
  /** The descriptor's number, where there is one. */
  fd?: number | undefined;
  /** The descriptor's state at that moment. */
  state?: string | undefined;
  /** Of a send() that was given up: whether its bytes leave all the same. */
  sent?: boolean | undefined;
  /** What it comes from, such as the error of the system. */
  cause?: unknown;
}

/** An operating error or a misuse of state. `code` is stable; the message is for people. */
export class IomuxError extends Error {
  /** Stable: one of `ERROR_CODES`, or the code of the system, such as `ECONNRESET`. */
  readonly code: string;
  /** The descriptor that it is about, where there is one. */
  readonly fd: number | undefined;
  /** The state of the descriptor at that moment. */
  readonly state: string | undefined;
  /** Of a `send()` that was given up: whether its bytes leave all the same. Else undefined. */
  readonly sent: boolean | undefined;

  constructor(code: ErrorCode | (string & {}), message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "IomuxError";
    this.code = code;
    this.fd = details.fd;
    this.state = details.state;
    this.sent = details.sent;
  }
}

/** A value outside what is allowed: a mask, a port, a time, a limit. */
export class IomuxRangeError extends RangeError {
  /** `IOMUX_BAD_RANGE` or `IOMUX_BAD_MASK`. */
  readonly code: ErrorCode;
  /** The descriptor that it is about, where there is one. */
  readonly fd: number | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message);
    this.name = "IomuxRangeError";
    this.code = code;
    this.fd = details.fd;
  }
}

/** A value of the wrong type. */
export class IomuxTypeError extends TypeError {
  /** `IOMUX_BAD_ARGUMENT`. */
  readonly code: ErrorCode;
  /** The descriptor that it is about, where there is one. */
  readonly fd: number | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message);
    this.name = "IomuxTypeError";
    this.code = code;
    this.fd = details.fd;
  }
}

/** How an error of the system reads in a message of ours: its code if it has one. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** Whatever was thrown, as an `Error`: what is none becomes the cause of one. */
export function asError(thrown: unknown, fd?: number, doing = "a handler threw"): Error {
  if (thrown instanceof Error) return thrown;
  const what =
    typeof thrown === "string" ? thrown : `something that is no Error (${typeof thrown})`;
  return new IomuxError("IOMUX_HANDLER_THREW", `${doing} ${what}; throw an Error instead`, {
    fd,
    cause: thrown,
  });
}

/** What a wait rejects with when its `signal` is aborted. The signal's reason is the cause. */
export class AbortError extends Error {
  /** As Node's own AbortError. */
  readonly code = "ABORT_ERR";

  /** Of a `send()` that was given up: whether its bytes leave all the same. Else undefined. */
  readonly sent: boolean | undefined;

  constructor(what: string, signal: AbortSignal, sent?: boolean) {
    super(`${what} was aborted by its signal`, { cause: signal.reason });
    this.name = "AbortError";
    this.sent = sent;
  }
}
