/**
 * Every command: where it is specified, what it needs, what it may be answered.
 *
 * The session checks in this order, and only then does what the command says:
 *
 *   no such verb 500, known but not done here 502
 *   TLS is required and not on: 534 (RFC 4217 section 4)
 *   not logged in: 530; PASS without USER, or RNTO right after anything but RNFR: 503
 *   an argument is missing, or there is one where none belongs: 501
 *   the account may not: 550
 *   a transfer, and ABOR waits behind it: 426; data must be protected and is not: 521; nobody has
 *   said how data goes: 425
 *
 * While a transfer runs, commands wait for its end, in their order: no RFC asks for more, and a
 * client that sends ahead is answered in the order in which it asked. Two do not wait (RFC 1123
 * section 4.1.3.3). ABOR ends the transfer at once; it is answered in its turn, so after the 426 of
 * what it ended. STAT without a path is answered at once if nothing waits before it.
 */
import type { Right } from "../accounts/rights.ts";

/** `safety` is TLS where it is required; `name` is that and USER before; `login` is all of it. */
type Needs = "nothing" | "safety" | "name" | "login";

export interface CommandRow {
  /** "959 4.1.1": RFC and section; or the draft's name. */
  readonly source: string;
  /** The argument; in brackets if it may be missing. Without it there is none. */
  readonly syntax?: string;
  readonly needs: Needs;
  readonly right?: Right;
  /** With an argument it needs a login, and this right. */
  readonly withArgument?: Right;
  /** The command that must come right before. */
  readonly after?: "RNFR";
  /** While a transfer runs. Without it the command waits. */
  readonly meanwhile?: "at once" | "aborts";
  /** Whether files go over a data connection. */
  readonly transfers?: true;
  /** Final replies of its own; `repliesOf()` adds those that many have. */
  readonly replies: readonly number[];
  /** The line of FEAT (RFC 2389). */
  readonly feature?: string;
  readonly does: string;
}

/** What a store may say to anything. */
const STORE = [451, 550, 553];
const TRANSFER = [...STORE, 226, 425, 426, 452, 521, 522];

// prettier-ignore
export const COMMANDS = {
  // Access
  USER: { source: "959 4.1.1", syntax: "name", needs: "safety",
    replies: [331], does: "Who logs in" },
  PASS: { source: "959 4.1.1", syntax: "[password]", needs: "name",
    replies: [230, 530, 503], does: "Logs in" },
  ACCT: { source: "959 4.1.1", syntax: "account", needs: "login",
    replies: [202], does: "No account is needed" },
  REIN: { source: "959 4.1.1", needs: "nothing",
    replies: [220, 502], does: "Starts anew, without TLS only" },
  QUIT: { source: "959 4.1.1", needs: "nothing", replies: [221], does: "Ends the session" },
  HOST: { source: "7151", syntax: "name", needs: "nothing",
    replies: [220, 503], feature: "HOST", does: "Which site is meant, before USER" },

  // Security
  AUTH: { source: "4217 4", syntax: "TLS", needs: "nothing",
    replies: [234, 503, 504, 534], does: "Protects the control connection" },
  PBSZ: { source: "4217 8", syntax: "0", needs: "nothing",
    replies: [200, 503], feature: "PBSZ", does: "Comes before PROT" },
  PROT: { source: "4217 9", syntax: "P or C", needs: "nothing",
    replies: [200, 503, 504, 534, 536], feature: "PROT", does: "Protects data connections or not" },
  CCC: { source: "4217 5", needs: "nothing",
    replies: [533, 534], does: "Is refused: what is protected stays so" },

  // How data goes
  TYPE: { source: "959 4.1.2", syntax: "A or I", needs: "login",
    replies: [200, 504], does: "Text with line ends converted, or bytes" },
  STRU: { source: "959 4.1.2", syntax: "F", needs: "login",
    replies: [200, 504], does: "Files have no structure" },
  MODE: { source: "959 4.1.2", syntax: "S", needs: "login",
    replies: [200, 504], does: "Data goes as a stream" },
  PORT: { source: "959 4.1.2", syntax: "h1,h2,h3,h4,p1,p2", needs: "login",
    replies: [200, 503, 504, 522], does: "Where the server connects to" },
  EPRT: { source: "2428 2", syntax: "|protocol|address|port|", needs: "login",
    replies: [200, 503, 504, 522], feature: "EPRT", does: "Where the server connects to" },
  PASV: { source: "959 4.1.2", needs: "login",
    replies: [227, 425, 503, 522], does: "The server listens, and says where" },
  EPSV: { source: "2428 3", syntax: "[1, 2 or ALL]", needs: "login",
    replies: [200, 229, 425, 522], feature: "EPSV",
    does: "The server listens, and says on which port" },

  // Transfers
  RETR: { source: "959 4.1.3", syntax: "path", needs: "login",
    right: "read", transfers: true, replies: [...TRANSFER, 554, 555], does: "Sends a file" },
  STOR: { source: "959 4.1.3", syntax: "path", needs: "login",
    right: "create", transfers: true, replies: [...TRANSFER, 554, 555], does: "Takes a file" },
  STOU: { source: "959 4.1.3", syntax: "[name]", needs: "login",
    right: "create", transfers: true, replies: [...TRANSFER, 503],
    does: "Takes a file under a new name" },
  APPE: { source: "959 4.1.3", syntax: "path", needs: "login",
    right: "write", transfers: true, replies: [...TRANSFER, 503], does: "Appends to a file" },
  REST: { source: "3659 5", syntax: "offset", needs: "login",
    replies: [350], feature: "REST STREAM", does: "Where the next transfer begins" },
  LIST: { source: "959 4.1.3", syntax: "[path]", needs: "login",
    right: "read", transfers: true, replies: TRANSFER, does: "Lists a folder as ls -l does" },
  NLST: { source: "959 4.1.3", syntax: "[path]", needs: "login",
    right: "read", transfers: true, replies: TRANSFER, does: "Lists names" },
  MLSD: { source: "3659 7", syntax: "[path]", needs: "login",
    right: "read", transfers: true, replies: TRANSFER, does: "Lists a folder with facts" },
  ALLO: { source: "959 4.1.3", syntax: "bytes", needs: "login",
    replies: [202], does: "No room need be allocated" },
  ABOR: { source: "959 4.1.3", needs: "nothing",
    meanwhile: "aborts", replies: [226], does: "Breaks a transfer off" },

  // Files
  CWD: { source: "959 4.1.1", syntax: "path", needs: "login",
    replies: [250, ...STORE], does: "Goes to a folder" },
  CDUP: { source: "959 4.1.1", needs: "login",
    replies: [250, ...STORE], does: "Goes to the folder above" },
  PWD: { source: "959 4.1.3", needs: "login", replies: [257], does: "The current folder" },
  MKD: { source: "959 4.1.3", syntax: "path", needs: "login",
    right: "write", replies: [257, 452, ...STORE], does: "Makes a folder" },
  RMD: { source: "959 4.1.3", syntax: "path", needs: "login",
    right: "delete", replies: [250, ...STORE], does: "Removes an empty folder" },
  DELE: { source: "959 4.1.3", syntax: "path", needs: "login",
    right: "delete", replies: [250, ...STORE], does: "Removes a file" },
  RNFR: { source: "959 4.1.3", syntax: "path", needs: "login",
    right: "write", replies: [350, ...STORE], does: "What RNTO renames" },
  RNTO: { source: "959 4.1.3", syntax: "path", needs: "login",
    right: "write", after: "RNFR", replies: [250, 452, ...STORE], does: "The new name" },
  SIZE: { source: "3659 4", syntax: "path", needs: "login",
    right: "read", replies: [213, ...STORE], feature: "SIZE", does: "Bytes of a file, in TYPE I" },
  MDTM: { source: "3659 3", syntax: "path", needs: "login",
    right: "read", replies: [213, ...STORE], feature: "MDTM", does: "When a file was modified" },
  MFMT: { source: "draft-somers-ftp-mfxx 3", syntax: "time path", needs: "login",
    right: "write", replies: [213, ...STORE], feature: "MFMT", does: "Sets when it was modified" },
  MLST: { source: "3659 7", syntax: "[path]", needs: "login",
    right: "read", replies: [250, ...STORE], feature: "MLST", does: "Facts of a file or folder" },
  AVBL: { source: "draft-peterson-streamlined-ftp 4", syntax: "[path]", needs: "login",
    right: "create", replies: [213, ...STORE], feature: "AVBL", does: "Free bytes" },

  // What is so
  SYST: { source: "959 4.1.3", needs: "nothing", replies: [215], does: "The kind of system" },
  STAT: { source: "959 4.1.3", syntax: "[path]", needs: "nothing",
    withArgument: "read", meanwhile: "at once", replies: [211, 212, 213, ...STORE],
    does: "The session and its transfer, or a listing" },
  FEAT: { source: "2389 3", needs: "nothing", replies: [211], does: "What this server can do" },
  OPTS: { source: "2389 4", syntax: "command options", needs: "nothing",
    replies: [200], does: "UTF8 ON; MLST with facts" },
  HELP: { source: "959 4.1.3", syntax: "[command]", needs: "nothing",
    replies: [214, 504], does: "This" },
  SITE: { source: "959 4.1.3", syntax: "command", needs: "nothing",
    replies: [214, 504], does: "HELP only" },
  NOOP: { source: "959 4.1.3", needs: "nothing", replies: [200], does: "Nothing" },
  CLNT: { source: "convention", syntax: "name", needs: "nothing",
    replies: [200], feature: "CLNT", does: "What the client is" },
  LANG: { source: "2640 4", syntax: "[language]", needs: "nothing",
    replies: [200, 504], feature: "LANG EN*", does: "The language of replies" },
} as const satisfies Readonly<Record<string, CommandRow>>;

export type Verb = keyof typeof COMMANDS;

/** RFC 775 and RFC 1123 section 4.1.3.1: names of the time before. */
const ALIASES: Readonly<Record<string, Verb>> = {
  XCUP: "CDUP",
  XCWD: "CWD",
  XMKD: "MKD",
  XPWD: "PWD",
  XRMD: "RMD",
};

/** Specified, and not done here: mounting, other protections, addresses and facts. */
const NOT_DONE = "ADAT CONF ENC LPRT LPSV MFCT MFF MIC SMNT".split(" ");

/** A browser that was led to speak to this port must get nothing done (as with SMTP and HTTP). */
const OF_HTTP = "CONNECT DELETE GET HEAD OPTIONS PATCH POST PUT TRACE".split(" ");

export type Known =
  | { readonly kind: "command"; readonly verb: Verb; readonly row: CommandRow }
  | { readonly kind: "not-done" | "http" | "unknown" };

/** What a verb in capitals is here. */
export function lookUp(verb: string): Known {
  const name = Object.hasOwn(ALIASES, verb) ? ALIASES[verb]! : verb;
  if (isVerb(name)) return { kind: "command", verb: name, row: COMMANDS[name] };
  if (NOT_DONE.includes(name)) return { kind: "not-done" };
  return { kind: OF_HTTP.includes(name) ? "http" : "unknown" };
}

function isVerb(name: string): name is Verb {
  return Object.hasOwn(COMMANDS, name);
}

export const VERBS = Object.keys(COMMANDS) as readonly Verb[];

/** Whether an argument must, may or must not be there. */
export function argumentOf({ syntax }: CommandRow): "none" | "optional" | "required" {
  if (syntax === undefined) return "none";
  return syntax.startsWith("[") ? "optional" : "required";
}

/** Every final reply that a command may get, in ascending order. 421 ends a session at any time. */
export function repliesOf(row: CommandRow): readonly number[] {
  const replies = new Set([421, 501, ...row.replies]);
  const needs = row.withArgument === undefined ? row.needs : "login";
  if (needs !== "nothing") replies.add(534);
  if (needs === "login") replies.add(530);
  if (row.after !== undefined) replies.add(503);
  if (row.right !== undefined || row.withArgument !== undefined) replies.add(550);
  return [...replies].sort((a, b) => a - b);
}

/** `STOR path`. */
export function usageOf(verb: Verb): string {
  const row: CommandRow = COMMANDS[verb];
  return row.syntax === undefined ? verb : `${verb} ${row.syntax}`;
}

const NEEDS: Readonly<Record<Needs, string>> = {
  nothing: "",
  safety: "TLS if required",
  name: "USER",
  login: "login",
};

/** The table of the manual, in Markdown. */
export function commandTable(): string {
  const rows = VERBS.map((verb) => {
    const row: CommandRow = COMMANDS[verb];
    const { source, needs, right, withArgument, after, meanwhile = "waits" } = row;
    const needed = [
      NEEDS[needs],
      right === undefined ? "" : `right \`${right}\``,
      withArgument === undefined ? "" : `with ${row.syntax!}: login, right \`${withArgument}\``,
      after ?? "",
    ];
    const where = /^\d/.test(source) ? `RFC ${source.replace(" ", " §")}` : source;
    return [
      `\`${usageOf(verb).replaceAll("|", "\\|")}\``,
      row.does,
      where,
      needed.filter((need) => need !== "").join(", "),
      meanwhile,
      repliesOf(row).join(" "),
    ];
  });
  const head = ["command", "what it does", "source", "needs", "in a transfer", "replies"];
  const lines = [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
  return `${lines.join("\n")}\n`;
}
