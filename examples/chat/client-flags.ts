/** The client's flags: arguments in, settings out, or one line that says what is wrong. */
import { BACKOFF, type Backoff } from "../program/backoff.ts";
import { Flags } from "../program/flags.ts";
import { CLIENT_TEXTS, type Locale } from "./client-texts.ts";
import { printable } from "./protocol.ts";

const MAX_BYTES = 1024 * 1024;
const MAX_MS = 3_600_000;

export const HELP = `The terminal client of the chat room. In a pipe it is as plain as nc -N.

  npm run chat -- [flags]

  --host HOST           the room's host (127.0.0.1)
  --port N              the room's TCP port (9000)
  --path FILE           the room's Unix-domain socket instead of TCP
  --name NAME           answers the room's question for a name
  --locale en|zh        language of what the client itself says (en)

  --retry               try again also if the first connection cannot be made;
                        a connection that was lost is always made again
  --retry-attempts N    attempts in a row before it gives up (${BACKOFF.attempts}); 0: none
  --retry-first-ms N    wait before the first of them (${BACKOFF.firstMs})
  --retry-factor N      each wait is so many times the one before (${BACKOFF.factor})
  --retry-max-ms N      the longest wait (${BACKOFF.maxMs})
  --retry-jitter N      share of a wait that is random, 0 to 1 (${BACKOFF.jitter})

  --connect-ms N        a connection must stand within this time (10000)
  --end-ms N            at the end, how long the room may stand still before
                        the client goes without its answer (5000)
  --queue-bytes N       what may wait for a room that does not read (65536):
                        more is refused; a pipe waits
  --line-bytes N        of a longer line of the room only the start is shown (8192)
  --help                this text

/quit, Ctrl-D and Ctrl-C end it, and so does the end of a pipe, once everything
is sent and answered. Lines of the room go to stdout. In a pipe, what the client
itself has to say goes to stderr.

A room says goodbye when it closes; without that the connection was lost, and
the client comes back.

Exit status: 0 ended by you; 2 wrong flags; 3 the name was refused and nobody
can be asked for another; 4 the room cannot be reached, or has closed; 130, 143,
129 a second SIGINT, SIGTERM, SIGHUP.
`;

const NAMED = [
  ...["port", "host", "path", "name", "locale", "connect-ms", "end-ms", "queue-bytes"],
  ...["line-bytes", "retry-attempts", "retry-first-ms", "retry-factor", "retry-max-ms"],
  "retry-jitter",
];

export interface ClientSettings {
  readonly address: { readonly path: string } | { readonly port: number; readonly host: string };
  readonly name: string | null;
  readonly locale: Locale;
  readonly retry: boolean;
  readonly backoff: Backoff;
  readonly connectMs: number;
  readonly endMs: number;
  readonly queueBytes: number;
  readonly lineBytes: number;
}

/** Null: help was asked for. Throws an Error whose message is one line. */
export function readSettings(args: readonly string[]): ClientSettings | null {
  const flags = new Flags(args, { named: NAMED, switches: ["retry", "help"] });
  if (flags.has("help")) return null;
  return {
    address: readAddress(flags),
    name: readName(flags.text("name")),
    locale: flags.oneOf("locale", Object.keys(CLIENT_TEXTS) as Locale[]) ?? "en",
    retry: flags.has("retry"),
    backoff: {
      attempts: flags.wholeNumber("retry-attempts", BACKOFF.attempts, 0, 1_000_000),
      firstMs: flags.wholeNumber("retry-first-ms", BACKOFF.firstMs, 1, MAX_MS),
      factor: decimal(flags, "retry-factor", BACKOFF.factor, 1, 100),
      maxMs: flags.wholeNumber("retry-max-ms", BACKOFF.maxMs, 1, MAX_MS),
      jitter: decimal(flags, "retry-jitter", BACKOFF.jitter, 0, 1),
    },
    connectMs: flags.wholeNumber("connect-ms", 10_000, 1, MAX_MS),
    endMs: flags.wholeNumber("end-ms", 5000, 1, MAX_MS),
    queueBytes: flags.wholeNumber("queue-bytes", 65_536, 256, MAX_BYTES),
    lineBytes: flags.wholeNumber("line-bytes", 8192, 256, MAX_BYTES),
  };
}

function readAddress(flags: Flags): ClientSettings["address"] {
  const [path, host] = [flags.text("path"), flags.text("host")];
  if (path !== null) {
    const others = flags.has("port") || flags.has("host");
    if (others) throw new Error("--path goes without --port and --host");
    if (path === "") throw new Error("--path is empty: give a file name");
    return { path };
  }
  if (host === "") throw new Error("--host is empty: give a name or an address");
  return { port: flags.wholeNumber("port", 9000, 1, 65_535), host: host ?? "127.0.0.1" };
}

/** Which names are good is the room's business; but a name must be a line. */
function readName(name: string | null): string | null {
  if (name === null) return null;
  if (name.trim() === "") throw new Error("--name is empty: give a name, or leave it out");
  if (printable(name) !== name) throw new Error("--name has control characters");
  if (Buffer.byteLength(name) > 255) throw new Error("--name is longer than 255 bytes");
  return name;
}

function decimal(flags: Flags, flag: string, usual: number, least: number, most: number): number {
  const given = flags.text(flag);
  if (given === null) return usual;
  const value = /^\d{1,9}(\.\d{1,9})?$/.test(given) ? Number(given) : NaN;
  if (value >= least && value <= most) return value;
  throw new Error(`--${flag} is "${given}": give a number from ${least} to ${most}`);
}
