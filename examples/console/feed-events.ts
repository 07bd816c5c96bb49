/**
 * A look at all descriptors, as events: made piece by piece when the first viewer has read what was
 * before, so that no turn is long, and then shared by all.
 */
import { EncodedEvent } from "../http/server/event-stream.ts";
import type { TableRow } from "./descriptor-table.ts";
import type { FeedEvents } from "./feed.ts";
import { rounded } from "./milliseconds.ts";

/** Characters of rows from which on the rest is told in another event. */
export const PIECE_CHARACTERS = 32 * 1024;
/** Descriptors that are gone, in one event. */
const GONE_TOLD = 4000;

export class Look {
  readonly #nowMs: number;
  readonly #rows: Iterator<TableRow>;
  #next: IteratorResult<TableRow, unknown>;
  #gone: readonly number[];
  readonly #events: EncodedEvent[] = [];

  constructor(nowMs: number, changed: readonly TableRow[], gone: readonly number[]) {
    this.#nowMs = nowMs;
    this.#rows = changed[Symbol.iterator]();
    this.#next = this.#rows.next();
    this.#gone = gone;
  }

  /** Whether it has an event of this number, from 0 on. */
  has(index: number): boolean {
    return index < this.#events.length || this.#next.done !== true || this.#gone.length > 0;
  }

  /** One that it has; all before it were asked for. */
  event(index: number): EncodedEvent {
    const known = this.#events[index];
    if (known !== undefined) return known;
    const rows: string[] = [];
    for (let characters = 0; this.#next.done !== true; this.#next = this.#rows.next()) {
      if (characters >= PIECE_CHARACTERS) break;
      const { json } = this.#next.value;
      if (json === null) continue;
      rows.push(json);
      characters += json.length;
    }
    const event = lookEvent(this.#nowMs, rows, this.#gone.slice(0, GONE_TOLD));
    this.#gone = this.#gone.slice(GONE_TOLD);
    this.#events.push(event);
    return event;
  }
}

/** An event `look`, of rows that are JSON already. */
export function lookEvent(
  nowMs: number,
  changed: readonly string[],
  gone: readonly number[],
): EncodedEvent {
  const rows = `"changed":[${changed.join(",")}],"gone":[${gone.join(",")}]`;
  return jsonEvent("look", `{"nowMs":${rounded(nowMs)},${rows}}`);
}

/** An event `table`, of its first rows. */
export function tableEvent(nowMs: number, open: number, rows: readonly string[]): EncodedEvent {
  const head = `"nowMs":${rounded(nowMs)},"open":${open}`;
  return jsonEvent("table", `{${head},"descriptors":[${rows.join(",")}]}`);
}

export function encode<N extends keyof FeedEvents>(name: N, message: FeedEvents[N]): EncodedEvent {
  return jsonEvent(name, JSON.stringify(message));
}

function jsonEvent(event: keyof FeedEvents, data: string): EncodedEvent {
  return new EncodedEvent({ event, data });
}
