/** What a channel throws for misuse, and what it says of its failures. */
import type { Channel } from "./descriptor.ts";
import { IomuxError, IomuxRangeError, IomuxTypeError } from "./errors.ts";

export function checkMaxBytes(maxBytes: unknown, fd: number): void {
  if (typeof maxBytes !== "number") {
    const message = `read of fd ${fd}: maxBytes must be a number, not ${typeof maxBytes}`;
    throw new IomuxTypeError("IOMUX_BAD_ARGUMENT", message, { fd });
  }
  if (maxBytes >= 0 && (Number.isInteger(maxBytes) || maxBytes === Infinity)) return;
  const message = `read of fd ${fd}: maxBytes is ${maxBytes}, give a whole number from 0`;
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

export function notConnected({ fd, state }: Channel, timeoutMs: number): IomuxError {
  const message =
    `fd ${fd}: no connection after ${timeoutMs} ms; ` + `check the address, or raise timeoutMs`;
  return new IomuxError("ETIMEDOUT", message, { fd, state });
}

export function borrowedChanged({ fd, state }: Channel): IomuxError {
  const message =
    `fd ${fd}: bytes over 1 KiB given to write() were changed before they had left: ` +
    `leave them alone, or write with { copy: true }`;
  return new IomuxError("IOMUX_BORROWED_BYTES_CHANGED", message, { fd, state });
}
