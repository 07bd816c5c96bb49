/**
 * What is in a folder, as LIST, NLST and MLSD tell it, and times as MDTM and MFMT write them.
 *
 * LIST has no standard: clients parse what `ls -l` prints. The time is UTC, with the hour within
 * six months and with the year beyond, as `ls` does it. MLSD has facts (RFC 3659 section 7).
 */
import type { Entry } from "../files/file-store.ts";
import { printable } from "./replies.ts";
import type { Rights } from "../accounts/rights.ts";

/** In the order in which they are told. */
export const FACTS = ["type", "size", "modify", "perm", "unique"] as const;

export type Fact = (typeof FACTS)[number];

export type Listing =
  | { readonly format: "long"; readonly rights: Rights }
  /** `prefix` stands before each name: RETR must find it so (RFC 1123 section 4.1.2.7). */
  | { readonly format: "names"; readonly prefix: string }
  | { readonly format: "facts"; readonly facts: ReadonlySet<Fact>; readonly rights: Rights };

/** One line of a listing, with its CR LF. `nowMs` decides what a long line tells of the time. */
export function formatEntry(entry: Entry, listing: Listing, nowMs: number): string {
  switch (listing.format) {
    case "long":
      return `${longLine(entry, listing.rights, nowMs)}\r\n`;
    case "names":
      return `${printable(listing.prefix + entry.name)}\r\n`;
    case "facts":
      return `${factsOf(entry, listing.facts, listing.rights)} ${printable(entry.name)}\r\n`;
  }
}

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
const HALF_A_YEAR_MS = 15_778_476_000;

/** As `ls -l` prints it, without a line's end. */
export function longLine(entry: Entry, rights: Rights, nowMs: number): string {
  const folder = entry.kind === "folder";
  const w = rights.has("write") ? "w" : "-";
  const mode = folder ? `dr${w}xr-xr-x` : `-r${w}-r--r--`;
  const date = dateOf(entry.modifiedMs);
  const age = nowMs - date.getTime();
  const recent = age >= -86_400_000 && age < HALF_A_YEAR_MS;
  const hour = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}`;
  const day = `${MONTHS[date.getUTCMonth()]!} ${String(date.getUTCDate()).padStart(2)}`;
  const time = `${day} ${recent ? hour : ` ${String(date.getUTCFullYear()).padStart(4, "0")}`}`;
  const links = folder ? 2 : 1;
  const size = String(entry.size).padStart(12);
  return `${mode} ${links} ftp      ftp      ${size} ${time} ${printable(entry.name)}`;
}

/** `type=file;size=5;`, without the space and the name that follow. */
export function factsOf(entry: Entry, facts: ReadonlySet<Fact>, rights: Rights): string {
  const told: Readonly<Record<Fact, string | null>> = {
    type: entry.kind === "folder" ? "dir" : "file",
    size: entry.kind === "folder" ? null : String(entry.size),
    modify: formatTime(entry.modifiedMs),
    perm: permissions(entry, rights),
    unique: entry.unique.replace(/[^\w.-]/g, "-"),
  };
  const lines = FACTS.filter((fact) => facts.has(fact) && told[fact] !== null);
  return lines.map((fact) => `${fact}=${told[fact]!};`).join("");
}

/** RFC 3659 section 7.5.5: which commands would be obeyed. */
function permissions({ kind }: Entry, rights: Rights): string {
  const [read, write, remove] = [rights.has("read"), rights.has("write"), rights.has("delete")];
  const create = write || rights.has("create");
  const letters: [string, boolean][] =
    kind === "folder"
      ? [
          ["c", create],
          ["d", remove],
          ["e", true],
          ["f", write],
          ["l", read],
          ["m", write],
          ["p", remove],
        ]
      : [
          ["a", write],
          ["d", remove],
          ["f", write],
          ["r", read],
          ["w", write],
        ];
  return letters.map(([letter, may]) => (may ? letter : "")).join("");
}

/** YYYYMMDDHHMMSS in UTC (RFC 3659 section 2.3), of years of four digits: else the nearest. */
export function formatTime(ms: number): string {
  return dateOf(ms).toISOString().slice(0, 19).replace(/\D/g, "");
}

/** YYYYMMDDHHMMSS, perhaps with a fraction of a second, in UTC; null for what is no time. */
export function parseTime(text: string): number | null {
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d{1,9}))?$/.exec(text);
  if (parts === null) return null;
  const [, year, month, day, hour, minute, second, fraction = ""] = parts;
  const ms = fraction.padEnd(3, "0").slice(0, 3);
  const iso = `${year!}-${month!}-${day!}T${hour!}:${minute!}:${second!}.${ms}Z`;
  const time = Date.parse(iso);
  // The 31st of April would be the 1st of May.
  return !Number.isNaN(time) && new Date(time).toISOString() === iso ? time : null;
}

const FIRST_MS = Date.parse("0000-01-01T00:00:00Z");
const LAST_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

function dateOf(ms: number): Date {
  if (Number.isNaN(ms)) return new Date(0);
  return new Date(Math.min(LAST_MS, Math.max(FIRST_MS, Math.floor(ms))));
}

function two(number: number): string {
  return String(number).padStart(2, "0");
}
