/**
 * One line of the control connection: a verb, and after one space its argument (RFC 959 section
 * 5.3). All that follows that space belongs to the argument: names may begin or end with spaces.
 *
 * The text is UTF-8 (RFC 2640), checked strictly. NUL and other controls are refused, among them a
 * CR that ends no line: as part of a name they could only do harm.
 */
import { FIRST_TELNET_BYTE } from "./telnet.ts";

export interface Command {
  readonly kind: "command";
  /** In capitals. */
  readonly verb: string;
  /** "" if there is none. */
  readonly argument: string;
}

export interface RefusedLine {
  readonly kind: "refused";
  readonly reason: "too-long" | "empty" | "no-verb" | "control" | "not-utf8";
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The bytes of a line, without its ending. What telnet has lost of a Synch is left out. */
export function readCommand(line: Uint8Array): Command | RefusedLine {
  const start = line.findIndex((byte) => byte < FIRST_TELNET_BYTE);
  return start === -1 ? { kind: "refused", reason: "empty" } : read(line.subarray(start));
}

function read(bytes: Uint8Array): Command | RefusedLine {
  if (bytes.some((byte) => byte < 0x20 || byte === 0x7f)) {
    return { kind: "refused", reason: "control" };
  }
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    return { kind: "refused", reason: "not-utf8" };
  }
  const parts = /^([A-Za-z]{3,8})(?: (.*))?$/su.exec(text);
  if (parts === null) return { kind: "refused", reason: "no-verb" };
  return { kind: "command", verb: parts[1]!.toUpperCase(), argument: parts[2] ?? "" };
}
