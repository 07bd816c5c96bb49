/** The file server's flags: arguments in, settings out, or one line that says what is wrong. */
import { isIPv4 } from "node:net";

import { flagOf, Flags, identityOf, limitsHelp, type Limits } from "../../program/flags.ts";
import { RIGHTS, type Right } from "../../accounts/rights.ts";
import type { StatusPlace } from "./status-path.ts";
import type { TlsPolicy } from "../state.ts";

export const LIMITS = {
  sessions: [1000, 1, 1_000_000, "sessions at a time"],
  perAddress: [100, 0, 1_000_000, "of them from one IP address; 0: any number"],
  sessionsPerSecond: [200, 0, 1_000_000, "sessions let in each second; 0: any number"],
  loginSeconds: [60, 1, 86_400, "time to log in"],
  idleSeconds: [300, 0, 1_000_000, "time without a command or a transfer; 0: any"],
  connectSeconds: [30, 1, 3600, "time in which a data connection must stand"],
  stallSeconds: [120, 1, 86_400, "time in which nothing moves: then it is over"],
  commandBytes: [8192, 512, 1_048_576, "longest command"],
  waitingCommands: [16, 1, 1000, "commands that wait for the one before"],
  passwordTries: [3, 1, 100, "wrong passwords that end a session"],
  wrongPasswordSeconds: [3, 0, 60, "delay of the answer to one"],
  listingEntries: [100_000, 1, 100_000_000, "entries of a folder that are listed"],
  statusEntries: [1000, 1, 100_000, "entries that STAT lists"],
  sessionBytesPerSecond: [0, 0, 2 ** 40, "rate of a transfer; 0: any"],
  totalBytesPerSecond: [0, 0, 2 ** 40, "rate of all transfers together; 0: any"],
  poolBytes: [16_777_216, 0, 2 ** 34, "bytes of large buffers that transfers share"],
  memoryBytes: [268_435_456, 65_536, 2 ** 40, "bytes held for all connections"],
  logBytes: [10_485_760, 1024, 2 ** 40, "bytes of the log, which is then put aside"],
  drainSeconds: [30, 0, 86_400, "time that transfers get at the end"],
} as const satisfies Limits;

type Limit = keyof typeof LIMITS;

export interface ServerSettings extends Readonly<Record<Limit, number>> {
  readonly listen: { readonly host: string; readonly port: number };
  readonly passivePorts: readonly [first: number, last: number];
  readonly passiveHost: string | null;
}

export interface Settings extends ServerSettings {
  readonly kind: "serve";
  /** Null: a folder of its own, to try it out. */
  readonly root: string | null;
  readonly users: string | null;
  /** Null: nobody comes in without a name. */
  readonly anonymous: readonly Right[] | null;
  readonly tls: TlsPolicy;
  /** Files; null: made at the start. */
  readonly identity: { readonly cert: string; readonly key: string } | null;
  readonly log: string | null;
  /** Where the status is told; null: where `--status` looks for it, `none`: nowhere. */
  readonly statusSocket: string | null;
}

/** Who is connected is to be shown. */
export interface StatusSettings extends StatusPlace {
  readonly kind: "status";
}

/** A line for the users' file is wanted; the password is asked for. */
export interface NewUserSettings {
  readonly kind: "new-user";
  readonly name: string;
  readonly home: string;
  readonly rights: readonly Right[];
}

const NAMED = [
  ...["root", "host", "port", "passive-ports", "passive-host", "users", "anonymous"],
  ...["anonymous-upload", "tls", "cert", "key", "log", "new-user", "home", "rights"],
  "status-socket",
  ...Object.keys(LIMITS).map(flagOf),
];

export const HELP = `A file server for FTP clients: curl, wget, lftp, FileZilla and others.

  npm run file-server -- [flags]

  --root DIR            the folder that is served; without it a new one, with
                        uploads by anybody, to try it out
  --port N              TCP port to listen on; 0: any that is free (2121)
  --host ADDRESS        address to listen on (127.0.0.1: this machine only)
  --passive-ports A-B   ports for data connections (49152-65535)
  --passive-host IPV4   address that clients are told for them, behind a NAT
  --users FILE          who may log in (nobody but anonymous)
  --anonymous on|off    anybody may list and get (on)
  --anonymous-upload on|off
                        and upload new files, never overwriting one (off)
  --tls POLICY          none, offered, login (nobody logs in without it) or data
                        (and nothing moves without it) (offered)
  --cert FILE --key FILE
                        certificate and key in PEM (a self-signed one, made at
                        the start)
  --status-socket PATH  where --status asks who is connected; none: nowhere (in
                        a folder that only you may use, by host and port)
  --log FILE            log of transfers in the format of xferlog(5) (none)
${limitsHelp(LIMITS)}
  --help                this text

  npm run file-server -- --new-user NAME [--home PATH] [--rights LIST]

prints a line for the users' file. The password is asked for, or read from a
pipe. The home is a path below the root (/NAME). The rights are some of
${RIGHTS.join(",")} (all of them).

  npm run file-server -- --status [--host ADDRESS] [--port N]
                                  [--status-socket PATH]

shows who is connected to the server that was started with the same flags, and
what is moving at which rate: again and again on a terminal, once in a pipe.

SIGUSR1 makes the server say that itself, once. SIGINT or SIGTERM ends it: no
new sessions, transfers that run may finish. A second one ends it at once.
Wrong flags and addresses: exit status 2.
`;

/** Null: help was asked for. Throws an Error whose message is one line. */
export function readSettings(
  args: readonly string[],
): Settings | NewUserSettings | StatusSettings | null {
  const flags = new Flags(args, { named: NAMED, switches: ["help", "status"] });
  if (flags.has("help")) return null;
  if (flags.has("status")) return statusSettings(flags);
  const name = flags.text("new-user");
  return name === null ? serverSettings(flags) : newUser(flags, name);
}

function serverSettings(flags: Flags): Settings {
  for (const flag of ["home", "rights"]) {
    if (flags.has(flag)) throw new Error(`--${flag} is for --new-user`);
  }
  const root = flags.text("root");
  const anonymous = flags.oneOf("anonymous", ["on", "off"]) ?? "on";
  const upload = flags.oneOf("anonymous-upload", ["on", "off"]) ?? (root === null ? "on" : "off");
  const rights: readonly Right[] = upload === "on" ? ["read", "create"] : ["read"];
  return {
    ...flags.limits(LIMITS),
    kind: "serve",
    listen: address(flags),
    passivePorts: portRange(flags.text("passive-ports")),
    passiveHost: ipv4(flags.text("passive-host")),
    root,
    users: flags.text("users"),
    anonymous: anonymous === "on" ? rights : null,
    tls: flags.oneOf<TlsPolicy>("tls", ["none", "offered", "login", "data"]) ?? "offered",
    identity: identityOf(flags),
    log: flags.text("log"),
    statusSocket: flags.text("status-socket"),
  };
}

function address(flags: Flags): { host: string; port: number } {
  const host = flags.text("host") ?? "127.0.0.1";
  return { host, port: flags.wholeNumber("port", 2121, 0, 65_535) };
}

const STATUS_FLAGS = ["host", "port", "status-socket"];

function statusSettings(flags: Flags): StatusSettings {
  const other = NAMED.find((flag) => flags.has(flag) && !STATUS_FLAGS.includes(flag));
  if (other !== undefined) throw new Error(`--${other} is for the server: leave it out`);
  return { kind: "status", socket: flags.text("status-socket"), ...address(flags) };
}

function newUser(flags: Flags, name: string): NewUserSettings {
  const rights = (flags.text("rights") ?? RIGHTS.join(",")).split(",");
  const unknown = rights.find((right) => !(RIGHTS as readonly string[]).includes(right));
  if (unknown !== undefined) {
    throw new Error(`--rights has "${unknown}": give some of ${RIGHTS.join(", ")}, with commas`);
  }
  const home = flags.text("home") ?? `/${name}`;
  return { kind: "new-user", name, home, rights: rights as Right[] };
}

/**
 * Those that nobody has a right to (RFC 6335 section 6). One is drawn here: the system's own choice
 * among all that are free takes milliseconds once thousands of connections have just been closed.
 */
const DYNAMIC_PORTS = [49_152, 65_535] as const;

function portRange(range: string | null): readonly [first: number, last: number] {
  if (range === null) return DYNAMIC_PORTS;
  const [first, last] = (/^(\d{1,5})-(\d{1,5})$/.exec(range) ?? []).slice(1).map(Number);
  const sound = first !== undefined && last !== undefined && first >= 1 && last <= 65_535;
  if (sound && first <= last) return [first, last];
  throw new Error(`--passive-ports is "${range}": give two ports, like 40000-40099`);
}

function ipv4(host: string | null): string | null {
  if (host === null || isIPv4(host)) return host;
  throw new Error(`--passive-host is "${host}": give an IPv4 address, like 192.0.2.1`);
}
