/** The receiver's flags: arguments in, settings out, or one line that says what is wrong. */
import { Flags, limitsHelp, type Limits } from "../program/flags.ts";
import { FORMATS, type Format } from "./text.ts";

export const DEFAULT_PATH = "records.sock";

const DEFAULT_MODE = "600";

const LIMITS = {
  maxSenders: [100, 1, 100_000, "senders at the same time"],
  idleSeconds: [0, 0, 86_400, "time without a record; 0: any"],
} as const satisfies Limits;

export interface ReceiveSettings extends Readonly<Record<keyof typeof LIMITS, number>> {
  readonly path: string;
  /** Of the file of the socket. */
  readonly mode: number;
  readonly format: Format;
}

export const HELP = `Receives readings of thermometers over a Unix-domain socket, and prints them.

  npm run -s unix-receive -- [flags]

  --path FILE           the socket (${DEFAULT_PATH})
  --mode OCTAL          who may send: the mode of its file (${DEFAULT_MODE}: only you)
  --format table|json   what is printed: a table, or a line of JSON each (table)
${limitsHelp(LIMITS)}
  --help                this text

A record that is none costs its sender the connection; a line on stderr says why.
A path that a dead receiver has left is taken over, a live one is not. SIGINT or
SIGTERM ends it and removes the path. Exit status: 0, or 2 if it cannot begin or
nobody takes what it prints.
`;

/** Null: help was asked for. Throws an Error whose message is one line. */
export function readSettings(args: readonly string[]): ReceiveSettings | null {
  const named = ["path", "mode", "format", "max-senders", "idle-seconds"];
  const flags = new Flags(args, { named, switches: ["help"] });
  if (flags.has("help")) return null;
  return {
    path: pathOf(flags),
    mode: modeOf(flags.text("mode") ?? DEFAULT_MODE),
    format: flags.oneOf("format", FORMATS) ?? "table",
    ...flags.limits(LIMITS),
  };
}

export function pathOf(flags: Flags): string {
  const path = flags.text("path") ?? DEFAULT_PATH;
  if (path === "") throw new Error("--path is empty: give a file name");
  return path;
}

function modeOf(text: string): number {
  if (/^0?[0-7]{3}$/.test(text)) return Number.parseInt(text, 8);
  throw new Error(`--mode is "${text}": give three octal digits, such as 660`);
}
