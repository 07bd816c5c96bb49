/** The status of the server as lines of text: who is connected, and what is moving at which rate. */
import { formatBytes, formatSeconds } from "../client/progress.ts";
import { shownName } from "../client/shown-name.ts";
import { columnsOf, cutText, shortenText } from "../client/text-width.ts";
import type { ServerStatus, SessionStatus, TransferStatus } from "./status.ts";

/** Infinity: nothing is cut. */
export interface Screen {
  readonly columns: number;
  readonly rows: number;
}

/** Columns of a user's name and of an address, at most. */
const NAME_COLUMNS = 16;
const ADDRESS_COLUMNS = 39;
const DAY_MS = 86_400_000;

/** `before`: what was so some time ago; what has moved since then is the rate. Null: there is none. */
export function statusLines(
  now: ServerStatus,
  before: ServerStatus | null,
  { columns, rows }: Screen,
): string[] {
  const head = sums(now, before);
  const [titles, ...table] = tableOf(now, before, columns);
  // Of an empty line, the titles, and how many more there are.
  const room = Math.max(0, rows - head.length - 3);
  const shown = table.slice(0, room);
  const more = now.sessions.taken - shown.length;
  const all = [
    ...head,
    ...(shown.length > 0 ? ["", titles!, ...shown] : []),
    ...(more > 0 ? [`and ${count(more, "session")} more`] : []),
  ];
  return all.slice(0, rows).map((line) => cutText(line.trimEnd(), columns));
}

function sums(now: ServerStatus, before: ServerStatus | null): string[] {
  const { sessions, transfers, refused, memory, buffers, logins } = now;
  const rate = (read: (status: ServerStatus) => number): string => {
    if (before === null) return "";
    return ` at ${formatRate(rateOf(read(now) - read(before), now.nowMs - before.nowMs))}`;
  };
  const up = formatSeconds((now.wallMs - now.startedMs) / 1000);
  return [
    `${now.addresses.map(shownName).join(", ")}, up ${up}`,
    `${sessions.taken} of ${count(sessions.of, "session")}, ` +
      `${count(transfers, "transfer")}, ${refused} refused`,
    `received ${formatBytes(now.received)}${rate(({ received }) => received)}, ` +
      `sent ${formatBytes(now.sent)}${rate(({ sent }) => sent)}`,
    `memory ${formatBytes(memory.taken)} of ${formatBytes(memory.of)}, ` +
      `large buffers ${buffers.taken} of ${buffers.of}, ` +
      `logins ${logins.running} running, ${logins.waiting} waiting`,
  ];
}

const TITLES = ["USER", "ADDRESS", "SINCE", "DOES", "BYTES", "OF", "RATE", "AVERAGE"] as const;
type Title = (typeof TITLES)[number];
const NUMBERS: ReadonlySet<Title> = new Set(["BYTES", "OF", "RATE", "AVERAGE"]);
/** What is left out, in this order, where there is no room for paths. */
const DISPENSABLE: readonly Title[] = ["AVERAGE", "SINCE", "OF", "ADDRESS"];
/** Columns of a path, at least. */
const PATH_COLUMNS = 16;
const GAP = "  ";

type Row = Readonly<Record<Title, string>> & { readonly path: string };

function tableOf(now: ServerStatus, before: ServerStatus | null, columns: number): string[] {
  const earlier = new Map(before?.told.map((session) => [session.id, session]));
  const passedMs = now.nowMs - (before?.nowMs ?? now.nowMs);
  const rows = now.told.map((session) => {
    return rowOf(session, earlier.get(session.id), { wallMs: now.wallMs, passedMs });
  });
  const widthOf = (title: Title): number =>
    Math.max(title.length, ...rows.map((row) => columnsOf(row[title])));
  const roomBeside = (titles: readonly Title[]): number =>
    titles.reduce((room, title) => room - widthOf(title) - GAP.length, columns);
  let titles: readonly Title[] = TITLES;
  for (const least of DISPENSABLE) {
    if (roomBeside(titles) < PATH_COLUMNS) titles = titles.filter((title) => title !== least);
  }
  const widths = titles.map(widthOf);
  const lineOf = (cells: readonly string[], path: string): string =>
    [...cells.map((cell, i) => padded(cell, widths[i]!, titles[i]!)), path].join(GAP);
  const room = Math.max(1, roomBeside(titles));
  return [
    lineOf(titles, "PATH"),
    ...rows.map((row) => {
      const cells = titles.map((title) => row[title]);
      return lineOf(cells, shortenText(row.path, room));
    }),
  ];
}

function padded(cell: string, width: number, title: Title): string {
  const space = " ".repeat(width - columnsOf(cell));
  return NUMBERS.has(title) ? space + cell : cell + space;
}

interface Moment {
  readonly wallMs: number;
  /** Since `earlier`. */
  readonly passedMs: number;
}

const NOTHING_MOVES = { BYTES: "", OF: "", RATE: "", AVERAGE: "", path: "" };

function rowOf(
  { user, host, sinceMs, doing }: SessionStatus,
  earlier: SessionStatus | undefined,
  { wallMs, passedMs }: Moment,
): Row {
  const who = {
    USER: user === null ? "-" : shortenText(shownName(user), NAME_COLUMNS),
    ADDRESS: shortenText(shownName(host), ADDRESS_COLUMNS),
    SINCE: formatSince(sinceMs, wallMs),
  };
  switch (doing.kind) {
    case "transfer":
      return { ...who, ...transferCells(doing, earlier, passedMs) };
    case "idle":
    case "works":
      return {
        ...who,
        DOES: `${doing.kind} ${formatSeconds(doing.forMs / 1000)}`,
        ...NOTHING_MOVES,
      };
    case "logs-in":
      return { ...who, DOES: "logs in", ...NOTHING_MOVES };
  }
}

function transferCells(
  transfer: TransferStatus,
  earlier: SessionStatus | undefined,
  passedMs: number,
): Omit<Row, "USER" | "ADDRESS" | "SINCE"> {
  const { verb, path, bytes, expected, forMs } = transfer;
  // One that began since then has moved all of it since then, in the time that it has had.
  const goesOn = earlier?.doing.kind === "transfer" && forMs >= passedMs;
  const [moved, inMs] = goesOn
    ? [bytes - earlier.doing.bytes, passedMs]
    : [bytes, Math.min(forMs, passedMs)];
  return {
    DOES: shownName(verb),
    BYTES: formatBytes(bytes),
    OF: expected === null ? "" : formatBytes(expected),
    RATE: passedMs === 0 ? "" : formatRate(rateOf(moved, inMs)),
    AVERAGE: formatRate(rateOf(bytes, forMs)),
    path: shownName(path),
  };
}

/** Bytes a second. */
function rateOf(bytes: number, inMs: number): number {
  return inMs > 0 ? (bytes / inMs) * 1000 : 0;
}

function formatRate(bytesPerSecond: number): string {
  return `${formatBytes(Math.round(Math.max(0, bytesPerSecond)))}/s`;
}

/** UTC, as in the log: `14:02:11`, or before today's and yesterday's hours `11-20 14:02`. */
function formatSince(ms: number, nowMs: number): string {
  const text = new Date(ms).toISOString();
  return nowMs - ms < DAY_MS ? text.slice(11, 19) : text.slice(5, 16).replace("T", " ");
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}
