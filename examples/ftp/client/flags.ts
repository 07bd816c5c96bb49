/** The file client's flags: arguments in, settings out, or one line that says what is wrong. */
import { flagOf, Flags, limitsHelp, type Limits } from "../../program/flags.ts";
import { parseFtpAddress, type FtpAddress } from "./ftp-address.ts";

export const LIMITS = {
  connectSeconds: [30, 1, 3600, "time in which a connection must stand"],
  stallSeconds: [120, 1, 86_400, "time in which nothing moves or answers"],
  listingEntries: [100_000, 1, 10_000_000, "entries of a folder that are listed"],
} as const satisfies Limits;

export type Command =
  | { readonly kind: "get"; readonly address: FtpAddress; readonly local: string | null }
  | { readonly kind: "put"; readonly locals: readonly string[]; readonly address: FtpAddress }
  | { readonly kind: "list"; readonly address: FtpAddress; readonly all: boolean }
  /** Interactive. `address` as it was written; null: none yet. */
  | { readonly kind: "open"; readonly address: string | null };

export interface ClientSettings extends Readonly<Record<keyof typeof LIMITS, number>> {
  readonly command: Command;
  readonly quiet: boolean;
  readonly resume: boolean;
  /** Null: in plain. `ca`: a file of authorities' certificates, or null. */
  readonly tls: { readonly check: boolean; readonly ca: string | null } | null;
}

const SWITCHES = ["tls", "insecure", "resume", "all", "quiet", "help"];
const NAMED = ["ca", ...Object.keys(LIMITS).map(flagOf)];
const SECRET = ["password", "pass", "passwd"];

export const HELP = `A file client for FTP servers.

  npm run file-client -- [flags] get ftp://host/path [LOCAL]
  npm run file-client -- [flags] put LOCAL... ftp://host/folder/
  npm run file-client -- [flags] list ftp://host/folder/
  npm run file-client -- [flags] [open [ftp://host/folder]]

The last one asks for commands: help lists them. An address may name a user
and a port: ftp://ann@host:2121/. A path goes from where the server lets the
user in; ftp://host//etc goes from its root.

  --tls                 encrypt everything (AUTH TLS), and check the certificate
  --insecure            with --tls: take any certificate
  --ca FILE             with --tls: trust these authorities (PEM)
  -c, --resume          go on with what a broken get or put has left
  --all                 list folders and all else there is, not only files
  -q, --quiet           nothing but what was asked for, and what went wrong
${limitsHelp(LIMITS)}
  --help                this text

The password is asked for, or read from ~/.netrc (or the file that NETRC names;
nobody else may be able to read it), or from IOMUX_FTP_PASSWORD. Without a user
it is anonymous. Ctrl-C breaks off; the exit status says what went wrong:
docs/file-client.md lists them.
`;

/** Null: help was asked for. Throws an Error whose message is one line. */
export function readSettings(args: readonly string[]): ClientSettings | null {
  const flags = new Flags(args, {
    named: [...NAMED, ...SECRET],
    switches: SWITCHES,
    short: { resume: "c", quiet: "q" },
    words: true,
  });
  if (flags.has("help")) return null;
  const secret = SECRET.find((flag) => flags.has(flag));
  if (secret !== undefined) {
    throw new Error(
      `--${secret} would be seen by all who list processes: leave it out ` +
        `(a password is asked for, or read from ~/.netrc or IOMUX_FTP_PASSWORD)`,
    );
  }
  return {
    ...flags.limits(LIMITS),
    command: commandOf(flags),
    quiet: flags.has("quiet"),
    resume: flags.has("resume"),
    tls: tlsOf(flags),
  };
}

function tlsOf(flags: Flags): ClientSettings["tls"] {
  const [check, ca] = [!flags.has("insecure"), flags.text("ca")];
  if (flags.has("tls")) {
    if (check || ca === null) return { check, ca };
    throw new Error("--insecure checks nothing, and --ca says by whom: give one of them");
  }
  if (check && ca === null) return null;
  throw new Error(`--${check ? "ca" : "insecure"} is for --tls: give that too`);
}

function commandOf(flags: Flags): Command {
  const [first = "open", ...rest] = flags.words;
  // As other clients take it: an address alone.
  const [name, words] = first.startsWith("ftp://") ? ["open", flags.words] : [first, rest];
  const all = flags.has("all");
  if (all && name !== "list") throw new Error("--all is for list");
  switch (name) {
    case "get":
      return getOf(words);
    case "put":
      return putOf(words);
    case "list":
      if (words.length !== 1) throw new Error("list takes one address: list ftp://host/folder/");
      return { kind: "list", address: parseFtpAddress(words[0]!), all };
    case "open":
      if (words.length > 1) throw new Error("open takes one address: open ftp://host/folder/");
      return { kind: "open", address: words[0] ?? null };
    default:
      throw new Error(`"${name}" is no command: give get, put, list or open`);
  }
}

function getOf([address, local, ...more]: readonly string[]): Command {
  if (address === undefined || more.length > 0) {
    throw new Error("get takes an address and a name here: get ftp://host/path [LOCAL]");
  }
  if (local === "") throw new Error("the name here is empty: give one, or leave it out");
  return { kind: "get", address: parseFtpAddress(address), local: local ?? null };
}

function putOf(words: readonly string[]): Command {
  const locals = words.slice(0, -1);
  if (locals.length === 0 || locals.includes("")) {
    throw new Error("put takes files and an address: put LOCAL... ftp://host/folder/");
  }
  const address = parseFtpAddress(words.at(-1)!);
  if (locals.length > 1 && !isFolder(address)) {
    throw new Error("several files go to a folder: end the address with a slash");
  }
  return { kind: "put", locals, address };
}

/** Whether it is a folder by how it is written. */
export function isFolder({ path }: FtpAddress): boolean {
  return path === "" || path.endsWith("/");
}
