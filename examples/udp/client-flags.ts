/** The client's flags: arguments in, settings out, or one line that says what is wrong. */
import { Flags } from "../program/flags.ts";
import { TIMEOUT_MS, TRIES, type Operation } from "./asking.ts";
import { operationOf } from "./client-lines.ts";
import { DEFAULT_PORT } from "./server-flags.ts";

export interface ClientSettings {
  readonly server: { readonly host: string; readonly port: number };
  readonly tries: number;
  readonly timeoutMs: number;
  /** Null: lines of stdin say what. */
  readonly operation: Operation | null;
}

export const CLIENT_HELP = `A client of the UDP server. Without a command it takes lines of stdin as such.

  npm run udp-client -- [flags] [command]

  get KEY               prints the value
  set KEY VALUE         everything behind the key is the value
  del KEY
  incr KEY              adds 1, and prints the sum; a key that is not there is 0
  time                  prints the time of the server

  --host HOST           name or address of the server (127.0.0.1)
  --port N              its UDP port (${DEFAULT_PORT})
  --tries N             datagrams that are sent for one command (${TRIES})
  --timeout MS          milliseconds for one command (${TIMEOUT_MS})
  --help                this text

A datagram that is not answered is sent again, later and later. A key has up to 255
bytes, a value 893. Words that begin with - stand behind --.

Exit status, of several commands the highest: 0 done; 1 answered, but there is no such
key, or the value is no number, or the store is full; 2 wrong flags or commands; 3 not
done, and nothing has changed; 4 the outcome is unknown: it took effect once or not at
all.
`;

/** Null: help was asked for. Throws an Error whose message is one line. */
export function readClientSettings(args: readonly string[]): ClientSettings | null {
  const named = ["host", "port", "tries", "timeout"];
  const flags = new Flags(args, { named, switches: ["help"], words: true });
  if (flags.has("help")) return null;
  const host = flags.text("host") ?? "127.0.0.1";
  if (host === "") throw new Error("--host is empty: give a name or an address");
  const [command, key, ...values] = flags.words;
  const words = [command, key, ...(values.length > 0 ? [values.join(" ")] : [])];
  return {
    server: { host, port: flags.wholeNumber("port", DEFAULT_PORT, 1, 65_535) },
    tries: flags.wholeNumber("tries", TRIES, 1, 1000),
    timeoutMs: flags.wholeNumber("timeout", TIMEOUT_MS, 1, 3_600_000),
    operation:
      command === undefined ? null : operationOf(words.filter((word) => word !== undefined)),
  };
}
