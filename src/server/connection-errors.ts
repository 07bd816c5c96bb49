/** What a connection throws for misuse, and what it says when a limit ends it. */
import { IomuxError, IomuxTypeError } from "../errors.ts";

export function notBytes(value: unknown, fd: number): IomuxTypeError {
  const what = typeof value === "string" ? "a string: use Buffer.from(text)" : typeof value;
  const message = `send to fd ${fd} takes a Uint8Array, not ${what}`;
  return new IomuxTypeError("IOMUX_BAD_ARGUMENT", message, { fd });
}

/** `why` names the limit. */
export function cutOff(fd: number, why: string): IomuxError {
  return new IomuxError("IOMUX_CUT_OFF", `fd ${fd} ${why}: it was cut off`, { fd });
}
