/** What the table shows: its filter, its order, and whether it is held still. */
import { computed, signal } from "@preact/signals";

import { rows, rowsLook } from "../feed/store.ts";
import type { Row } from "../feed/rows.ts";
import {
  NO_FILTER,
  orderAfter,
  select,
  type Column,
  type Filter,
  type Order,
} from "./selection.ts";

export const filter = signal<Filter>(NO_FILTER);
export const order = signal<Order>({ column: "fd", descending: false });

/** The rows as they were when the picture was paused; null: they are live. */
const held = signal<{ readonly rows: readonly Row[]; readonly look: number } | null>(null);
export const paused = computed(() => held.value !== null);

const known = computed(() => {
  const look = rowsLook.value;
  return held.value ?? { rows: rows.list(), look };
});

/** What is shown, and by which look it came. */
export const shownLook = computed(() => known.value.look);
export const knownCount = computed(() => known.value.rows.length);
export const shownRows = computed(() => select(known.value.rows, filter.value, order.value));

/** Whose descriptors there are: to choose from. */
export const owners = computed(
  () => [...new Set(known.value.rows.map(({ descriptor }) => descriptor.owner))].sort(),
  { name: "owners" },
);

export function togglePause(): void {
  held.value = paused.value ? null : { rows: rows.list(), look: rowsLook.value };
}

export function setFilter(change: Partial<Filter>): void {
  filter.value = { ...filter.value, ...change };
}

export function sortBy(column: Column): void {
  order.value = orderAfter(order.value, column);
}
