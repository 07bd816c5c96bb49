/** The chat room's flags: arguments in, settings out, or one line that says what is wrong. */
import { flagOf, Flags, limitsHelp, type Limits } from "../program/flags.ts";
import { maxAddedBytes } from "./room.ts";
import { LOCALES, type Locale } from "./texts.ts";

type Address = { readonly path: string } | { readonly port: number; readonly host: string };

const POLICIES = ["close", "drop-newest", "drop-oldest", "pause-source"] as const;
type OutputPolicy = (typeof POLICIES)[number];

/** Whole numbers: the default, the least, the most, and what they say. */
const LIMITS = {
  maxLineBytes: [4096, 1, 1024 * 1024, "longest line that a member may send"],
  maxNameLength: [32, 1, 128, "longest name, in characters"],
  nameTries: [10, 1, 1000, "refused names that end a newcomer's visit"],
  linesPerSecond: [5, 0, 1_000_000, "lines a second from one member; 0: any number"],
  lineBurst: [10, 1, 1_000_000, "lines that it may send at once after a pause"],
  muteSeconds: [30, 1, 86_400, "mute for who is faster in spite of a warning"],
  maxMembers: [1000, 1, 1_000_000, "people in the room, with or without a name"],
  maxPerAddress: [100, 0, 1_000_000, "connections from one IP address; 0: any number"],
  joinsPerSecond: [100, 0, 1_000_000, "people let in each second; 0: any number"],
  joinSeconds: [60, 0, 86_400, "time to give a name; 0: any time"],
  idleSeconds: [3600, 0, 1_000_000, "time without a word from or to it; 0: any"],
  stallSeconds: [60, 0, 86_400, "time in which it takes no output; 0: any"],
  memoryBytes: [268_435_456, 65_536, 2 ** 40, "bytes held for all of them"],
  historyLines: [500, 0, 100_000, "lines that /history remembers"],
  historyBytes: [65_536, 0, 16 * 1024 * 1024, "bytes that it remembers"],
  drainSeconds: [2, 0, 3600, "time that members get for the last lines"],
} as const satisfies Limits;

type Limit = keyof typeof LIMITS;

export interface Settings extends Readonly<Record<Limit, number>> {
  readonly listen: readonly Address[];
  readonly locale: Locale;
  /** Null: not said. */
  readonly transcript: boolean | null;
  readonly backlogBytes: number;
  readonly backlogPolicy: OutputPolicy;
}

const NAMED = [
  ...["port", "host", "path", "locale", "transcript", "backlog-bytes", "backlog-policy"],
  ...Object.keys(LIMITS).map(flagOf),
];

const MAX_BACKLOG_BYTES = 1024 * 1024 * 1024;
const DEFAULT_BACKLOG_BYTES = 262_144;

export const HELP = `A chat room for nc, telnet and its own client.

  npm run chat-room -- [flags]

  --port N              TCP port to listen on; 0: any that is free (9000)
  --host ADDRESS        address to listen on (127.0.0.1: this machine only)
  --path FILE           Unix-domain socket to listen on: instead of TCP,
                        or as well if --port or --host is given
  --locale en|zh        language of the room (en)
  --transcript on|off   show here what is said (on if this is a terminal)
${limitsHelp(LIMITS)}
  --backlog-bytes N     output that may wait for one member (262144, or
                        more if a line may be longer)
  --backlog-policy P    what to do with more: close (disconnect the member),
                        drop-newest or drop-oldest (it misses lines), or
                        pause-source (who speaks must wait) (close)
  --help                this text

What is typed here the administrator says to all; /help lists its commands.
SIGINT or SIGTERM ends the chat: members are told, output drains, exit status 0.
A second one ends it at once. Wrong flags and addresses: exit status 2.
`;

/** Null: help was asked for. Throws an Error whose message is one line. */
export function readSettings(args: readonly string[]): Settings | null {
  const flags = new Flags(args, { named: NAMED, switches: ["help"] });
  if (flags.has("help")) return null;
  const limits = flags.limits(LIMITS);
  const least = minBacklogBytes(limits);
  const most = Math.max(DEFAULT_BACKLOG_BYTES, least);
  const transcript = flags.oneOf("transcript", ["on", "off"]);
  return {
    ...limits,
    listen: addresses(flags),
    locale: flags.oneOf("locale", Object.keys(LOCALES) as Locale[]) ?? "en",
    transcript: transcript === null ? null : transcript === "on",
    backlogBytes: flags.wholeNumber("backlog-bytes", most, least, MAX_BACKLOG_BYTES),
    backlogPolicy: flags.oneOf("backlog-policy", POLICIES) ?? "close",
  };
}

/**
 * The least backlog with which nobody who reads is taken for a slow reader. A sixteenth of it is
 * said in a turn, and one line more; and there is place for the history and the longest answer.
 */
export function minBacklogBytes(limits: Readonly<Record<Limit, number>>): number {
  const { maxLineBytes, maxNameLength, historyBytes } = limits;
  const said = maxLineBytes + 4 * maxNameLength + 64;
  return 16 * said + historyBytes + maxAddedBytes(maxNameLength);
}

function addresses(flags: Flags): Address[] {
  const listen: Address[] = [];
  const path = flags.text("path");
  const host = flags.text("host");
  if (path === null || flags.has("port") || host !== null) {
    const port = flags.wholeNumber("port", 9000, 0, 65_535);
    listen.push({ port, host: host ?? "127.0.0.1" });
  }
  if (path !== null) listen.push({ path });
  return listen;
}
