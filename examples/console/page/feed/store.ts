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
const rows = new Rows();
/** All descriptors; told anew when they have changed, at most once for each frame that is drawn. */
export const known = signal({ rows });

/** A time of the reactor's clock, in milliseconds since 1970. */
export function wallMsOf(at: number): number {
  const told = hello.peek();
  return told === null ? 0 : told.wallMs + at - told.nowMs;
}

const HANDLERS: { [K in keyof FeedEvents]: (event: FeedEvents[K]) => void } = {
  hello(told) {
    // Another process: what the last one did is not this one's past.
    if (hello.peek()?.startedMs !== told.startedMs) loadHistory.value = [];
    incidents.value = [];
    hello.value = told;
    connection.value = { state: "live" };
  },
  table(table) {
    rows.applyTable(table);
    showRows();
  },
  look(look) {
    rows.applyLook(look);
    showRows();
  },
  load(told) {
    load.value = told;
    loadHistory.value = withLoad(loadHistory.peek(), told, wallMsOf(told.nowMs));
  },
  turn(picture) {
    turn.value = picture;
  },
  incident(incident) {
    incidents.value = [incident, ...incidents.peek()].slice(0, MAX_INCIDENTS);
  },
};

let isDrawing = false;

/** A large table comes in many pieces. */
function showRows(): void {
  if (isDrawing) return;
  isDrawing = true;
  requestAnimationFrame(() => {
    isDrawing = false;
    known.value = { rows };
  });
}

export const FEED_EVENTS = Object.keys(HANDLERS) as (keyof FeedEvents)[];

export function apply<K extends keyof FeedEvents>(name: K, event: FeedEvents[K]): void {
  batch(() => HANDLERS[name](event));
}
