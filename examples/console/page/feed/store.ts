/** What the page knows of the server, as signals. `feed-stream.ts` fills it. */
import { batch, signal } from "@preact/signals";

import type { FeedEvents, Hello, Incident, Load, TurnPicture } from "../../feed.ts";
import { withLoad, type LoadPoint } from "./load-history.ts";
import { Rows } from "./rows.ts";

export type Connection =
  | { readonly state: "connecting" | "live" | "resting" }
  | { readonly state: "retrying"; readonly seconds: number };

const MAX_INCIDENTS = 100;

export const connection = signal<Connection>({ state: "connecting" });
export const hello = signal<Hello | null>(null);
export const load = signal<Load | null>(null);
export const loadHistory = signal<readonly LoadPoint[]>([]);
export const turn = signal<TurnPicture | null>(null);
/** The newest first. */
export const incidents = signal<readonly Incident[]>([]);
/** All descriptors. `rowsLook` counts up whenever they have changed. */
export const rows = new Rows();
export const rowsLook = signal(0);

/** A time of the reactor's clock, in milliseconds since 1970. */
export function wallMsOf(at: number): number {
  const told = hello.peek();
  return told === null ? 0 : told.wallMs + at - told.nowMs;
}

const HANDLERS: { [K in keyof FeedEvents]: (event: FeedEvents[K]) => void } = {
  hello(told) {
    // Another process: what the last one did is not this one's past.
    const before = hello.peek();
    if (before !== null && before.startedMs !== told.startedMs) {
      loadHistory.value = [];
      incidents.value = [];
    }
    hello.value = told;
    connection.value = { state: "live" };
  },
  table(table) {
    rows.applyTable(table);
    rowsLook.value = rows.look;
  },
  look(look) {
    rows.applyLook(look);
    rowsLook.value = rows.look;
  },
  load(told) {
    load.value = told;
    loadHistory.value = withLoad(loadHistory.peek(), told, wallMsOf(told.nowMs));
  },
  turn(picture) {
    turn.value = picture;
  },
  incident(incident) {
    const known = incidents.peek();
    if (known.some(({ id }) => id === incident.id)) return;
    incidents.value = [incident, ...known]
      .sort((one, other) => other.id - one.id)
      .slice(0, MAX_INCIDENTS);
  },
};

export const FEED_EVENTS = Object.keys(HANDLERS) as (keyof FeedEvents)[];

export function apply<K extends keyof FeedEvents>(name: K, event: FeedEvents[K]): void {
  batch(() => HANDLERS[name](event));
}
