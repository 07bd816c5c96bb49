/** What a connection throws for misuse, and what it says when a limit ends it. */
import { IomuxError, IomuxTypeError } from "../errors.ts";
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

/** Why one is cut off that took too little for too long. */
export function overSoftLimit(limits: Readonly<ServerLimits>): string {
  const { softOutputBytes, softOutputMs } = limits;
  const why = `had more than ${softOutputBytes} bytes of output waiting for ${softOutputMs} ms`;
  return `${why} (limit softOutputBytes)`;
}
