/**
 * What servers list: facts (RFC 3659 section 7), or lines for people to read, of which there is no
 * standard. Those of Unix (`ls -l`) and of DOS are understood; times of these are in the server's
 * own zone, which nobody tells, and are taken for UTC.
 */
import { parseTime } from "../listing.ts";

export interface RemoteEntry {
  readonly name: string;
  readonly kind: "file" | "folder" | "link" | "other";
  /** Bytes; null: not told. */
  readonly size: number | null;
  /** Milliseconds since 1970; null: not told. */
  readonly modifiedMs: number | null;
}

/** A line of MLSD: `type=file;size=5; name`; those of MLST begin with one space more. Null: it is none. */
export function parseFacts(line: string): RemoteEntry | null {
  const [, facts, name] = /^([^ ]*) (.+)$/su.exec(line) ?? [];
  if (name === undefined || !/^(?:[\w.-]+=[^;]*;)*$/.test(facts!)) return null;
  const told = new Map(
    facts!
      .split(";")
      .filter((fact) => fact !== "")
      .map((fact) => {
        const at = fact.indexOf("=");
        return [fact.slice(0, at).toLowerCase(), fact.slice(at + 1)] as const;
      }),
  );
  const kind = FACT_KINDS[told.get("type")?.toLowerCase() ?? ""] ?? "other";
  const modify = told.get("modify");
  return {
    name,
    kind,
    size: kind === "file" ? byteCount(told.get("size") ?? told.get("sizd")) : null,
    modifiedMs: modify === undefined ? null : parseTime(modify),
  };
}

/** The folder itself, and the one above, are in the list too (RFC 3659 section 7.5.1). */
export function isListedFolderItself(line: string): boolean {
  return /^(?:[^ ]*;)?type=[cp]dir;/i.test(line);
}

const FACT_KINDS: Readonly<Record<string, RemoteEntry["kind"]>> = {
  file: "file",
  dir: "folder",
  cdir: "folder",
  pdir: "folder",
  "os.unix=symlink": "link",
  "os.unix=slink": "link",
};

const UNIX =
  /^([-dlbcps])[-rwxsStTl]{9}[+.@]?\s+\d+\s+\S+\s+(?:\S+\s+)?(\d+)\s+([A-Z][a-z]{2})\s+(\d{1,2})\s+(\d{4}|\d{1,2}:\d{2})\s(.+)$/su;
const DOS = /^(\d\d)-(\d\d)-(\d{2}|\d{4})\s+(\d\d):(\d\d)([AP]M)?\s+(?:<DIR>|(\d+))\s+(.+)$/su;

const UNIX_KINDS: Readonly<Record<string, RemoteEntry["kind"]>> = {
  "-": "file",
  d: "folder",
  l: "link",
};
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/** A line of LIST. `nowMs` decides the year where none is told. Null for what is no entry. */
export function parseListLine(line: string, nowMs: number): RemoteEntry | null {
  return parseUnix(line, nowMs) ?? parseDos(line);
}

function parseUnix(line: string, nowMs: number): RemoteEntry | null {
  const parts = UNIX.exec(line);
  if (parts === null) return null;
  const [, type, size, month, day, when, written] = parts as unknown as string[];
  const kind = UNIX_KINDS[type!] ?? "other";
  const [name] = kind === "link" ? written!.split(" -> ") : [written!];
  if (name === "." || name === "..") return null;
  return {
    name: name!,
    kind,
    size: kind === "file" ? byteCount(size) : null,
    modifiedMs: unixTime(MONTHS.indexOf(month!), Number(day), when!, nowMs),
  };
}

/** `ls` tells the hour of the last six months, and the year of what is older. */
function unixTime(month: number, day: number, when: string, nowMs: number): number | null {
  if (month === -1) return null;
  const [hour, minute] = when.split(":").map(Number);
  if (minute === undefined) return Date.UTC(hour!, month, day);
  const year = new Date(nowMs).getUTCFullYear();
  const time = Date.UTC(year, month, day, hour, minute);
  // A day of the future, in whatever zone, is one of last year.
  return time > nowMs + 86_400_000 ? Date.UTC(year - 1, month, day, hour, minute) : time;
}

function parseDos(line: string): RemoteEntry | null {
  const parts = DOS.exec(line);
  if (parts === null) return null;
  const [, month, day, years, hours, minutes, half, size, name] = parts as unknown as string[];
  if (name === "." || name === "..") return null;
  const year = Number(years) + (years!.length === 4 ? 0 : Number(years) < 70 ? 2000 : 1900);
  const hour = half === undefined ? Number(hours) : (Number(hours) % 12) + (half === "PM" ? 12 : 0);
  return {
    name: name!,
    kind: size === undefined ? "folder" : "file",
    size: byteCount(size),
    modifiedMs: Date.UTC(year, Number(month) - 1, Number(day), hour, Number(minutes)),
  };
}

function byteCount(digits: string | undefined): number | null {
  const bytes = digits === undefined || !/^\d{1,16}$/.test(digits) ? NaN : Number(digits);
  return Number.isSafeInteger(bytes) ? bytes : null;
}
