/** Lines of a transfer log as wu-ftpd wrote them, which many programs read (xferlog(5)). */

export interface TransferRecord {
  /** When it ended: milliseconds since 1970. */
  readonly endedMs: number;
  readonly tookMs: number;
  /** The address of the client. */
  readonly host: string;
  /** That were transferred. */
  readonly bytes: number;
  readonly path: string;
  readonly type: "ascii" | "binary";
  readonly direction: "download" | "upload" | "delete";
  readonly access: "anonymous" | "user";
  /** The name of the user. */
  readonly user: string;
  readonly isComplete: boolean;
}

/** Characters of a user's name in a line; the rest of a longer one is left out. */
export const MAX_LOGGED_USER = 128;

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] as const;
const MONTHS = [
  ...(["Jan", "Feb", "Mar", "Apr", "May", "Jun"] as const),
  ...(["Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const),
];
const DIRECTIONS = { download: "o", upload: "i", delete: "d" } as const;

/** Without its end. The time is UTC. No field has a space in it, so that a line has always as many. */
export function xferlogLine(record: TransferRecord): string {
  return [
    timeOf(record.endedMs),
    Math.round(Math.max(0, record.tookMs) / 1000),
    escaped(record.host),
    record.bytes,
    escaped(record.path),
    record.type === "ascii" ? "a" : "b",
    "_",
    DIRECTIONS[record.direction],
    record.access === "anonymous" ? "a" : "r",
    escaped(Array.from(record.user).slice(0, MAX_LOGGED_USER).join("")),
    "ftp",
    "0",
    "*",
    record.isComplete ? "c" : "i",
  ].join(" ");
}

/** As ctime(3) writes it: `Mon Nov  2 03:04:05 2026`. */
function timeOf(ms: number): string {
  const date = new Date(ms);
  const two = (value: number) => String(value).padStart(2, "0");
  const day = String(date.getUTCDate()).padStart(2, " ");
  const time = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].map(two).join(":");
  return `${DAYS[date.getUTCDay()]} ${MONTHS[date.getUTCMonth()]} ${day} ${time} ${date.getUTCFullYear()}`;
}

/**
 * As in URLs: what ends a field or a line, moves a cursor, turns the direction of writing or cannot
 * be seen is written as %XX, and so is the percent sign. Letters of all languages stay.
 */
function escaped(text: string): string {
  if (text === "") return "-";
  const wellFormed = Buffer.from(text).toString();
  return wellFormed.replace(/[\p{C}\p{Z}%]/gu, (character) =>
    Buffer.from(character).reduce(
      (all, byte) => `${all}%${byte.toString(16).toUpperCase().padStart(2, "0")}`,
      "",
    ),
  );
}
