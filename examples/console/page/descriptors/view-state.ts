/** What the table shows: its filter, its order, and whether it is held still. */
import { computed, effect, signal } from "@preact/signals";

import { known as live } from "../feed/store.ts";
import type { Row, Rows } from "../feed/rows.ts";
import { keepInWindow, keptInWindow } from "../kept.ts";
import { textOfView, viewOf } from "./kept-view.ts";
import { orderAfter, select, type Column, type Filter, type Order } from "./selection.ts";

const KEPT_AS = "descriptors";
const atFirst = viewOf(keptInWindow(KEPT_AS));

export const filter = signal<Filter>(atFirst.filter);
export const order = signal<Order>(atFirst.order);
effect(() => {
  keepInWindow(KEPT_AS, textOfView({ filter: filter.value, order: order.value }));
});

interface Picture {
  readonly rows: readonly Row[];
  readonly look: number;
  /** On the reactor's clock. */
  readonly nowMs: number;
}

/** The rows as they were when the picture was paused; null: they are live. */
const held = signal<Picture | null>(null);
export const paused = computed(() => held.value !== null);

const known = computed(() => {
  const { rows } = live.value;
  return held.value ?? pictureOf(rows);
});

/** What is shown, by which look it came, and of when it is. */
export const shownLook = computed(() => known.value.look);
export const shownMs = computed(() => known.value.nowMs);
export const knownCount = computed(() => known.value.rows.length);
export const shownRows = computed(() => select(known.value.rows, filter.value, order.value));

/** Whose descriptors there are, to choose from; and who is chosen, also when it has none. */
export const owners = computed(
  () => {
    const all = new Set(known.value.rows.map(({ descriptor }) => descriptor.owner));
    if (filter.value.owner !== null) all.add(filter.value.owner);
    return [...all].sort();
  },
  { name: "owners" },
);

export function togglePause(): void {
  held.value = paused.value ? null : pictureOf(live.value.rows);
}

function pictureOf(rows: Rows): Picture {
  return { rows: rows.list(), look: rows.look, nowMs: rows.nowMs };
}

export function setFilter(change: Partial<Filter>): void {
  filter.value = { ...filter.value, ...change };
}

export function sortBy(column: Column): void {
  order.value = orderAfter(order.value, column);
}
