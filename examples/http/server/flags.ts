/** The HTTP server's flags: arguments in, settings out, or one line that says what is wrong. */
import { flagOf, Flags, identityOf, limitsHelp, type Limits } from "../../program/flags.ts";
import { isHostName } from "./allowed-hosts.ts";
import type { HttpLimits } from "./limits.ts";

export const LIMITS = {
  connections: [10_000, 1, 1_000_000, "connections at a time"],
  perAddress: [1000, 0, 1_000_000, "of them from one IP address; 0: any number"],
  headBytes: [16_384, 256, 1_048_576, "longest head of a request"],
  fields: [100, 1, 10_000, "fields of a head"],
  targetBytes: [8192, 16, 1_048_576, "longest target (URI)"],
  bodyBytes: [1_048_576, 0, 2 ** 40, "longest body, but for uploads"],
  uploadBytes: [17_179_869_184, 0, 2 ** 50, "longest upload"],
  pipelinedRequests: [16, 1, 1000, "requests of a connection answered in a row"],
  requests: [10_000, 0, 1e9, "requests of a connection; 0: any number"],
  headSeconds: [10, 1, 3600, "time for a head"],
  bodySeconds: [30, 1, 3600, "time in which some of a body must come"],
  bodyProgressBytes: [1024, 1, 1_048_576, "how much of it"],
  answerSeconds: [120, 0, 86_400, "time until an answer begins; 0: any"],
  idleSeconds: [60, 1, 86_400, "time without a request"],
  stallSeconds: [60, 1, 86_400, "time in which output must move"],
  outputBytes: [1_048_576, 4096, 2 ** 30, "output that waits for a connection"],
  discardBytes: [65_536, 0, 2 ** 30, "of a body that nobody wants"],
  lingerBytes: [67_108_864, 0, 2 ** 40, "dropped behind the last answer"],
  lingerSeconds: [10, 1, 3600, "and for how long"],
  poolBytes: [16_777_216, 0, 2 ** 34, "large buffers that files share"],
  memoryBytes: [268_435_456, 65_536, 2 ** 40, "bytes held for all connections"],
  logBytes: [10_485_760, 1024, 2 ** 40, "of the log, which is then put aside"],
  drainSeconds: [30, 0, 86_400, "time that requests get at the end"],
} as const satisfies Limits;

type Limit = keyof typeof LIMITS;

export interface Settings extends Readonly<Record<Limit, number>> {
  readonly listen: { readonly host: string; readonly port: number };
  /** Null: every host. */
  readonly allowedHosts: readonly string[] | null;
  /** Null: no files are served. */
  readonly root: string | null;
  readonly echo: boolean;
  readonly users: string | null;
  readonly writable: boolean;
  readonly listing: boolean;
  readonly precompressed: boolean;
  readonly plainPasswords: boolean;
  readonly tls: boolean;
  /** Files; null: made at the start. */
  readonly identity: { readonly cert: string; readonly key: string } | null;
  readonly log: string | null;
}

const NAMED = [
  ...["root", "host", "port", "users", "writable", "listing", "precompressed"],
  ...["plain-passwords", "tls", "cert", "key", "log"],
  ...Object.keys(LIMITS).map(flagOf),
];

export const HELP = `An HTTP/1.1 server of files.

  npm run http-server -- --root DIR [flags]

  --root DIR            the folder that is served
  --port N              TCP port to listen on; 0: any that is free (8080)
  --host ADDRESS        address to listen on (127.0.0.1: this machine only)
  --allow-host NAME     a host that requests may name, with or without its port;
                        several: again, or with commas (every host). Against
                        pages of other sites: localhost,127.0.0.1,[::1]
  --listing on|off      folders without index.html are shown as pages (off)
  --precompressed on|off
                        NAME.br and NAME.gz stand for NAME, if accepted (on)
  --users FILE          who may get files, and with --writable change them
                        (anybody may get them); lines as of the file server
  --writable on|off     PUT and DELETE, for users with the right (off)
  --plain-passwords on|off
                        passwords without TLS too, not only from this machine:
                        something in front of the server does TLS (off)
  --echo                / answers the body of any request, and /echo the fields
                        of its head, for testers
  --tls on|off          (off)
  --cert FILE --key FILE
                        certificate and key in PEM (a self-signed one, made at
                        the start)
  --log FILE            access log in the combined format (none)
${limitsHelp(LIMITS)}
  --help                this text

SIGINT or SIGTERM ends the server: no new requests, those that run are answered.
A second one ends it at once. Wrong flags and addresses: exit status 2.
`;

/** Null: help was asked for. Throws an Error whose message is one line. */
export function readSettings(args: readonly string[]): Settings | null {
  const names = { named: NAMED, listed: ["allow-host"], switches: ["help", "echo"] };
  const flags = new Flags(args, names);
  if (flags.has("help")) return null;
  const [root, echo] = [flags.text("root"), flags.has("echo")];
  if (root === null && !echo) throw new Error("nothing is to be served: give --root, or --echo");
  const users = flags.text("users");
  const isOn = (flag: string, usual = false): boolean =>
    (flags.oneOf(flag, ["on", "off"]) ?? (usual ? "on" : "off")) === "on";
  const writable = isOn("writable");
  if (writable && users === null) throw new Error("nobody could write: give --users too");
  const [tls, identity] = [isOn("tls"), identityOf(flags)];
  if (identity !== null && !tls) throw new Error("--cert and --key are for --tls on");
  return {
    ...flags.limits(LIMITS),
    listen: {
      host: flags.text("host") ?? "127.0.0.1",
      port: flags.wholeNumber("port", 8080, 0, 65_535),
    },
    allowedHosts: hostsOf(flags),
    ...{ root, echo, users, writable, tls, identity },
    listing: isOn("listing"),
    precompressed: isOn("precompressed", true),
    plainPasswords: isOn("plain-passwords"),
    log: flags.text("log"),
  };
}

function hostsOf(flags: Flags): readonly string[] | null {
  const hosts = flags.list("allow-host");
  const wrong = hosts?.find((host) => !isHostName(host));
  if (wrong === undefined) return hosts;
  throw new Error(`--allow-host is "${wrong}": give a host, such as localhost or [::1]:8080`);
}

/** What of them is the server's. */
export function limitsOf(settings: Settings): Partial<HttpLimits> {
  return {
    maxConnections: settings.connections,
    maxConnectionsPerAddress: settings.perAddress,
    maxHeadBytes: settings.headBytes,
    maxFields: settings.fields,
    maxTargetBytes: settings.targetBytes,
    maxBodyBytes: settings.bodyBytes,
    pipelinedRequests: settings.pipelinedRequests,
    maxRequests: settings.requests,
    headMs: settings.headSeconds * 1000,
    bodyMs: settings.bodySeconds * 1000,
    bodyProgressBytes: settings.bodyProgressBytes,
    answerMs: settings.answerSeconds * 1000,
    idleMs: settings.idleSeconds * 1000,
    writeProgressMs: settings.stallSeconds * 1000,
    maxOutputBytes: settings.outputBytes,
    discardBytes: settings.discardBytes,
    lingerBytes: settings.lingerBytes,
  };
}
