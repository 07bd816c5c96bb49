/** The server's flags: arguments in, settings out, or one line that says what is wrong. */
import { Flags, flagOf, limitsHelp } from "../program/flags.ts";
import { protocolOf } from "../program/host-address.ts";
import { LIMITS, type ServiceLimits } from "./limits.ts";

export const DEFAULT_PORT = 9700;

export interface ServerSettings {
  readonly listen: { readonly host: string; readonly port: number };
  readonly limits: ServiceLimits;
}

export const SERVER_HELP = `Keys, values and the time, by datagrams (UDP). Each request takes effect once, however
often it is sent. What is kept is lost when the server ends.

  npm run udp-server -- [flags]

  --port N              UDP port; 0: any that is free (${DEFAULT_PORT})
  --host ADDRESS        IP address to receive at (127.0.0.1: this machine only)
${limitsHelp(LIMITS)}
  --help                this text

SIGINT (Ctrl-C) or SIGTERM ends it, exit status 0. Wrong flags and addresses: 2.
`;

/** Null: help was asked for. Throws an Error whose message is one line. */
export function readServerSettings(args: readonly string[]): ServerSettings | null {
  const named = ["port", "host", ...Object.keys(LIMITS).map(flagOf)];
  const flags = new Flags(args, { named, switches: ["help"] });
  if (flags.has("help")) return null;
  const host = flags.text("host") ?? "127.0.0.1";
  if (protocolOf(host.replace(/%.*$/, "")) === null) {
    throw new Error(`--host is "${host}": give an IP address`);
  }
  const limits = flags.limits(LIMITS);
  if (limits.ticketMs >= limits.rememberMs) {
    throw new Error("--ticket-ms is not less than --remember-ms: requests could take effect twice");
  }
  return { listen: { host, port: flags.wholeNumber("port", DEFAULT_PORT, 0, 65_535) }, limits };
}
