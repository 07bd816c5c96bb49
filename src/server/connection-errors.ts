/** What a connection throws for misuse, and what it says when a limit ends it. */
import { codeOf, IomuxError, IomuxTypeError } from "../errors.ts";
import type { CloseReason } from "./close-reason.ts";
import type { Connection } from "./connection.ts";
import type { RefusedFrame } from "./framer.ts";
import type { ServerLimits } from "./options.ts";

export function notBytes(value: unknown, fd: number): IomuxTypeError {
  const what = typeof value === "string" ? "a string: use Buffer.from(text)" : typeof value;
  const message = `send to fd ${fd} takes a Uint8Array, not ${what}`;
  return new IomuxTypeError("IOMUX_BAD_ARGUMENT", message, { fd });
}

/** `what` says who gave, or answered, what is no framer. */
export function noFramer(value: unknown, what: string, fd: number): IomuxTypeError {
  const given = value === null ? "null" : typeof value;
  const message = `${what} ${given}: give a framer, an object with a method next`;
  return new IomuxTypeError("IOMUX_BAD_ARGUMENT", message, { fd });
}

/** `why` names the limit. */
export function cutOff(fd: number, why: string): IomuxError {
  return new IomuxError("IOMUX_CUT_OFF", `fd ${fd} ${why}: it was cut off`, { fd });
}

/** Why one is cut off whose next frame is too much. */
export function overHardLimit(backlog: number, { maxOutputBytes }: Readonly<ServerLimits>): string {
  const why = `had ${backlog} bytes of output waiting, and the next frame did not fit`;
  return `${why} (limit maxOutputBytes ${maxOutputBytes})`;
}

/** Why one is cut off that was sent more than fits behind a frame of any size. */
export function overUnfinishedSend({ maxOutputBytes }: Readonly<ServerLimits>): string {
  const why = "was sent a frame that does not fit behind an unfinished send()";
  return `${why}: await that one first (limit maxOutputBytes ${maxOutputBytes})`;
}

/** Why one is cut off that took too little for too long. */
export function overSoftLimit(limits: Readonly<ServerLimits>): string {
  const { softOutputBytes, softOutputMs } = limits;
  const why = `had more than ${softOutputBytes} bytes of output waiting for ${softOutputMs} ms`;
  return `${why} (limit softOutputBytes)`;
}

/**
 * What a wait rejects with when its connection is over. `code` is that of the connection's error
 * (`ECONNRESET`, `IOMUX_CUT_OFF`, ...), which is the cause; without one `IOMUX_CONNECTION_CLOSED`.
 */
export class ConnectionClosedError extends IomuxError {
  /** Why the connection was closed. */
  readonly reason: CloseReason;

  /** `doing`: what cannot be done any more. */
  constructor(
    { fd, state, reason, error }: Pick<Connection, "fd" | "state" | "reason" | "error">,
    doing: string,
  ) {
    const why = reason ?? "abort";
    const what = error === null ? "" : `: ${error.message}`;
    super(
      codeOf(error) ?? "IOMUX_CONNECTION_CLOSED",
      `cannot ${doing} fd ${fd}: it is ${state} (${why})${what}`,
      { fd, state, cause: error ?? undefined },
    );
    this.name = "ConnectionClosedError";
    this.reason = why;
  }
}

export function readTwice(fd: number): IomuxError {
  const message = `fd ${fd} is being read by another call already: await that one first`;
  return new IomuxError("IOMUX_READ_TWICE", message, { fd });
}

/** A frame that the framer has thrown away, for who waited for it. */
export function refused({ code, message }: RefusedFrame, fd: number): IomuxError {
  return new IomuxError(code, message, { fd });
}
