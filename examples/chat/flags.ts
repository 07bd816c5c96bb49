/** The chat room's flags: arguments in, settings out, or one line that says what is wrong. */
import { parseArgs } from "node:util";

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
} as const satisfies Record<string, readonly [number, number, number, string]>;

type Limit = keyof typeof LIMITS;

export interface Settings extends Readonly<Record<Limit, number>> {
  readonly listen: readonly Address[];
  readonly locale: Locale;
  /** Null: not said. */
  readonly transcript: boolean | null;
  readonly backlogBytes: number;
  readonly backlogPolicy: OutputPolicy;
}

const MAX_BACKLOG_BYTES = 1024 * 1024 * 1024;
const DEFAULT_BACKLOG_BYTES = 262_144;

const limitsHelp = Object.entries(LIMITS).map(
  ([limit, [fallback, , , does]]) => `  ${`--${flagOf(limit)} N`.padEnd(22)}${does} (${fallback})`,
);

export const HELP = `A chat room for nc, telnet and its own client.

  npm start -- [flags]

  --port N              TCP port to listen on; 0: any that is free (9000)
  --host ADDRESS        address to listen on (127.0.0.1: this machine only)
  --path FILE           Unix-domain socket to listen on: instead of TCP,
                        or as well if --port or --host is given
  --locale en|zh        language of the room (en)
  --transcript on|off   show here what is said (on if this is a terminal)
${limitsHelp.join("\n")}
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
  const values = parse(args);
  if (values.help === true) return null;
  const number = (flag: string, fallback: number, least: number, most: number): number =>
    wholeNumber(flag, values[flag], fallback, least, most);
  const word = <Word extends string>(flag: string, words: readonly Word[]): Word | null =>
    oneOf(flag, values[flag], words);
  const limits = Object.fromEntries(
    Object.entries(LIMITS).map(([limit, [fallback, least, most]]) => {
      return [limit, number(flagOf(limit), fallback, least, most)];
    }),
  ) as Record<Limit, number>;
  const least = minBacklogBytes(limits);
  const most = Math.max(DEFAULT_BACKLOG_BYTES, least);
  const transcript = word("transcript", ["on", "off"]);
  return {
    ...limits,
    listen: addresses(values),
    locale: word("locale", Object.keys(LOCALES) as Locale[]) ?? "en",
    transcript: transcript === null ? null : transcript === "on",
    backlogBytes: number("backlog-bytes", most, least, MAX_BACKLOG_BYTES),
    backlogPolicy: word("backlog-policy", POLICIES) ?? "close",
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

type Values = Readonly<Record<string, string | boolean | undefined>>;

function addresses({ path, port, host }: Values): Address[] {
  const listen: Address[] = [];
  if (path === undefined || (port ?? host) !== undefined) {
    const number = wholeNumber("port", port, 9000, 0, 65_535);
    listen.push({ port: number, host: host === undefined ? "127.0.0.1" : String(host) });
  }
  if (path !== undefined) listen.push({ path: String(path) });
  return listen;
}

function wholeNumber(
  flag: string,
  value: string | boolean | undefined,
  fallback: number,
  least: number,
  most: number,
): number {
  if (value === undefined) return fallback;
  const number = /^\d{1,15}$/.test(String(value)) ? Number(value) : NaN;
  if (number >= least && number <= most) return number;
  throw new Error(`--${flag} is "${value}": give a whole number from ${least} to ${most}`);
}

function oneOf<Word extends string>(
  flag: string,
  value: string | boolean | undefined,
  words: readonly Word[],
): Word | null {
  if (value === undefined) return null;
  const word = words.find((candidate) => candidate === value);
  if (word !== undefined) return word;
  throw new Error(`--${flag} is "${value}": give one of ${words.join(", ")}`);
}

/** `maxLineBytes` is set by `--max-line-bytes`. */
function flagOf(limit: string): string {
  return limit.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function parse(args: readonly string[]): Values {
  const words = ["port", "host", "path", "locale", "transcript", "backlog-bytes", "backlog-policy"];
  const flags = [...words, ...Object.keys(LIMITS).map(flagOf)];
  const options = Object.fromEntries(flags.map((flag) => [flag, { type: "string" }] as const));
  try {
    return parseArgs({ args: [...args], options: { ...options, help: { type: "boolean" } } })
      .values;
  } catch (error) {
    // Node explains a wrong flag at length; the first sentence says it.
    throw new Error((error as Error).message.split(/\n|\. /, 1)[0], { cause: error });
  }
}
