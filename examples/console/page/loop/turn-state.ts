/** Which turn is shown: the busiest of the last second, one of those before, or the one held. */
import { effect, signal } from "@preact/signals";

import type { TurnPicture } from "../../feed.ts";
import { known, turn } from "../feed/store.ts";
import { busier, linesFor } from "./turn-layout.ts";

/** A picture stands this long, so that it can be read. */
const STANDS_MS = 1000;
const MAX_RECENT = 40;

/** The last that were shown, the newest last. */
export const recentTurns = signal<readonly TurnPicture[]>([]);
/** The one that is held; null: the newest is shown. */
export const heldTurn = signal<TurnPicture | null>(null);

export function shownTurn(): TurnPicture | null {
  return heldTurn.value ?? recentTurns.value.at(-1) ?? null;
}

/** Lines of calls that there is room for. */
export const lines = signal(0);

effect(() => {
  lines.value = linesFor(lines.peek(), shownTurn(), known.value.rows.size);
});

let best: TurnPicture | null = null;
let shownAt = -Infinity;

effect(() => {
  const told = turn.value;
  if (told === null) return;
  best = busier(best, told);
  const now = performance.now();
  if (now - shownAt < STANDS_MS) return;
  shownAt = now;
  recentTurns.value = [...recentTurns.peek(), best].slice(-MAX_RECENT);
  best = null;
});

export function holdTurn(held: TurnPicture | null): void {
  heldTurn.value = held;
}

/** One turn back (-1) or on (1) among those that are kept. */
export function stepTurn(step: -1 | 1): void {
  const shown = shownTurn();
  const recent = recentTurns.peek();
  const index = recent.findIndex((one) => one === shown);
  const next = recent[Math.min(recent.length - 1, Math.max(0, index + step))];
  if (next !== undefined) holdTurn(next);
}
