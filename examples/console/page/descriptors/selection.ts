/** Which rows are shown, and in which order. */
import type { DescriptorRow } from "../../feed.ts";
import type { Row } from "../feed/rows.ts";
import { weightOf } from "./letters.ts";

export const COLUMNS = [
  "fd",
  "kind",
  "peer",
  "owner",
  "interest",
  "ready",
  "bytesIn",
  "bytesOut",
  "queued",
  "waited",
  "age",
  "reading",
  "writing",
] as const;

export type Column = (typeof COLUMNS)[number];

export interface Order {
  readonly column: Column;
  readonly descending: boolean;
}

/** A state, or a circumstance that one looks for. */
export type Circumstance = DescriptorRow["state"] | "ready" | "waits" | "queues" | "unarmed";

export const CIRCUMSTANCES: readonly Circumstance[] = [
  ...(["ready", "waits", "queues", "unarmed"] as const),
  ...(["open", "connecting", "hung-up", "failed", "closing"] as const),
];

export const KINDS = ["channel", "listener", "datagram", "signals", "messages"] as const;

export interface Filter {
  /** Words that must all be found in a row, in any case. */
  readonly text: string;
  /** Null: any. */
  readonly owner: string | null;
  readonly kind: DescriptorRow["kind"] | null;
  readonly circumstance: Circumstance | null;
}

export const NO_FILTER: Filter = { text: "", owner: null, kind: null, circumstance: null };
export const FIRST_ORDER: Order = { column: "fd", descending: false };

/** What a column sorts by. Sizes and counts begin with the largest when they are first chosen. */
const KEYS: Record<Column, (row: Row) => number | string> = {
  fd: ({ descriptor }) => descriptor.fd,
  kind: ({ descriptor }) => descriptor.kind,
  peer: ({ descriptor }) => addressKey(descriptor.peer ?? descriptor.local ?? ""),
  owner: ({ descriptor }) => descriptor.owner,
  interest: ({ descriptor }) => weightOf(descriptor.interest),
  ready: ({ descriptor }) => weightOf(descriptor.ready),
  bytesIn: ({ descriptor }) => descriptor.bytesIn,
  bytesOut: ({ descriptor }) => descriptor.bytesOut,
  queued: ({ descriptor }) => descriptor.queued,
  waited: ({ descriptor }) => descriptor.waitedTurns,
  // The oldest was opened first.
  age: ({ descriptor }) => -descriptor.openedAt,
  reading: ({ descriptor }) => descriptor.reading,
  writing: ({ descriptor }) => descriptor.writing,
};

const LARGEST_FIRST: ReadonlySet<Column> = new Set<Column>([
  "interest",
  "ready",
  "bytesIn",
  "bytesOut",
  "queued",
  "waited",
  "age",
]);

/** The order after a click on the head of a column. */
export function orderAfter(order: Order, column: Column): Order {
  if (order.column === column) return { column, descending: !order.descending };
  return { column, descending: LARGEST_FIRST.has(column) };
}

export function select(rows: readonly Row[], filter: Filter, order: Order): Row[] {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  return sorted(
    rows.filter(({ descriptor }) => matches(descriptor, filter, words)),
    order,
  );
}

function matches(row: DescriptorRow, filter: Filter, words: readonly string[]): boolean {
  if (filter.owner !== null && row.owner !== filter.owner) return false;
  if (filter.kind !== null && row.kind !== filter.kind) return false;
  if (filter.circumstance !== null && !isSo(row, filter.circumstance)) return false;
  if (words.length === 0) return true;
  const text = textOf(row);
  return words.every((word) => text.includes(word));
}

function isSo(row: DescriptorRow, circumstance: Circumstance): boolean {
  switch (circumstance) {
    case "ready":
      return row.reading === "ready" || row.writing === "ready";
    case "waits":
      return row.waitedTurns > 0;
    case "queues":
      return row.queued > 0;
    case "unarmed":
      return row.arming !== "armed";
    default:
      return row.state === circumstance;
  }
}

/** Rows stay the same object until they change, so each is made into text once. */
const textByRow = new WeakMap<DescriptorRow, string>();

function textOf(row: DescriptorRow): string {
  let text = textByRow.get(row);
  if (text === undefined) {
    const { fd, kind, owner, local, peer, state, arming, reading, writing, error } = row;
    text = [fd, kind, owner, local, peer, state, arming, reading, writing, error]
      .join(" ")
      .toLowerCase();
    textByRow.set(row, text);
  }
  return text;
}

function sorted(rows: Row[], { column, descending }: Order): Row[] {
  const keyOf = KEYS[column];
  const sign = descending ? -1 : 1;
  return rows
    .map((row) => ({ row, key: keyOf(row) }))
    .sort(
      (one, other) =>
        sign * compare(one.key, other.key) || one.row.descriptor.fd - other.row.descriptor.fd,
    )
    .map(({ row }) => row);
}

function compare(one: number | string, other: number | string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

/** Numbers in an address sort as numbers: port 9000 before 51312. */
function addressKey(address: string): string {
  return address.replace(/\d+/g, (digits) => digits.padStart(5, "0"));
}
