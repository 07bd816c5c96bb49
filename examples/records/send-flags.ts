/** The sender's flags: arguments in, settings out, or one line that says what is wrong. */
import { Flags, limitsHelp, type Limits } from "../program/flags.ts";
import { DEFAULT_PATH, pathOf } from "./receive-flags.ts";

const LIMITS = {
  waitSeconds: [10, 1, 3600, "time in which the receiver must answer"],
} as const satisfies Limits;

export interface SendSettings extends Readonly<Record<keyof typeof LIMITS, number>> {
  readonly path: string;
  /** What is to be sent; empty: the lines of standard input. */
  readonly lines: readonly string[];
}

export const HELP = `Sends readings of thermometers over a Unix-domain socket.

  npm run -s unix-send -- [flags] [name,temperature[,time] ...]

  --path FILE           the socket of the receiver (${DEFAULT_PATH})
${limitsHelp(LIMITS)}
  --help                this text

Without readings it sends the lines of standard input, as they come; empty lines
and those that begin with # are left out. A time is one such as
2026-01-01T12:00:00Z; without it the reading is of now. Of arguments nothing is
sent if one is wrong; a wrong line ends the input, and what came before is sent.
Exit status: 0 the receiver has taken all of them, else 2.
`;

/** Null: help was asked for. Throws an Error whose message is one line. */
export function readSettings(args: readonly string[]): SendSettings | null {
  const named = ["path", "wait-seconds"];
  const flags = new Flags(args, { named, switches: ["help"], words: true });
  if (flags.has("help")) return null;
  return { path: pathOf(flags), lines: flags.words, ...flags.limits(LIMITS) };
}
