/** The tour's flags: arguments in, settings out, or one line that says what is wrong. */
import { Flags } from "../program/flags.ts";

export interface Settings {
  /** The peer is somebody with nc, who is told what to do. */
  readonly nc: boolean;
  readonly port: number;
}

export const HELP = `What select(), poll() and handlers say of the same bytes: level, edge, oneshot.

  npm run -s readiness-tour -- [flags]

  --nc                  you are the peer, with nc in a second terminal: the
                        tour says on stderr what to type, and waits for it
  --port N              TCP port of 127.0.0.1 to listen on; 0: any that is free
                        (with --nc 9000, else 0)
  --help                this text

Without --nc it is its own peer, and takes a second. What it prints is the same
both times. Exit status: 0, or 2 for wrong flags and a port that is taken.
`;

/** Null: help was asked for. Throws an Error whose message is one line. */
export function readSettings(args: readonly string[]): Settings | null {
  const flags = new Flags(args, { named: ["port"], switches: ["nc", "help"] });
  if (flags.has("help")) return null;
  const nc = flags.has("nc");
  return { nc, port: flags.wholeNumber("port", nc ? 9000 : 0, 0, 65_535) };
}
