/**
 * One who watches. What waits to be told is not queued for it: it has places in what all share, and
 * is told the next of it when the peer has read what was told before. So a peer that reads slowly
 * costs no memory; it misses what was new meanwhile, and then gets the whole table again.
 *
 *   hello -> incidents -> load, turn -> looks -> rows of the table, piece by piece
 */
import type { EncodedEvent, EventStream } from "../http/server/event-stream.ts";
import type { DescriptorTable } from "./descriptor-table.ts";
import { encode, lookEvent, PIECE_CHARACTERS, tableEvent, type Look } from "./feed-events.ts";
import type { Incidents } from "./incidents.ts";

/** What viewers share. */
export interface FeedHome {
  readonly table: DescriptorTable;
  readonly incidents: Incidents;
  readonly open: number;
  nowMs(): number;
  /** Runs `work` and notes what it costs. */
  charge(work: () => void): void;
}

export class FeedViewer {
  readonly stream: EventStream;
  readonly #home: FeedHome;
  #hello: EncodedEvent | null;
  /** The last one that was told. */
  #incident = 0;
  #load: EncodedEvent | null = null;
  #turn: EncodedEvent | null = null;
  #look: Look | null = null;
  /** Which of its events is the next one. */
  #lookAt = 0;
  /** Some look was not told: what it knows is old. */
  #isBehind = false;
  /** The place of the last row that was told; null: all were. */
  #place: number | null = 0;
  /** That of the last row to tell: of those that came behind its first event looks tell. */
  #lastPlace = 0;
  #waits = false;

  constructor(stream: EventStream, hello: EncodedEvent, home: FeedHome) {
    this.stream = stream;
    this.#hello = hello;
    this.#home = home;
  }

  load(event: EncodedEvent): void {
    this.#load = event;
  }

  turn(event: EncodedEvent): void {
    this.#turn = event;
  }

  /** What has changed since the last look. */
  look(look: Look): void {
    if (this.#look?.has(this.#lookAt) === true) this.#isBehind = true;
    this.#look = this.#isBehind ? null : look;
    this.#lookAt = 0;
    // A table that has begun is told to its end, so that even the slowest see all of it.
    if (!this.#isBehind || this.#place !== null) return;
    this.#isBehind = false;
    this.#place = 0;
  }

  /** Tells what there is to tell, as far as the peer reads it. */
  proceed(): void {
    const { stream } = this;
    while (!this.#waits && !stream.closed) {
      const drained = stream.drained();
      if (drained !== null) {
        this.#waits = true;
        void drained.then(() => {
          this.#waits = false;
          this.#home.charge(() => {
            this.proceed();
          });
        });
        return;
      }
      const event = this.#next();
      if (event === null) return;
      stream.send(event);
    }
  }

  #next(): EncodedEvent | null {
    return (
      this.#takeHello() ??
      this.#takeIncident() ??
      this.#takeNews() ??
      this.#takeLook() ??
      this.#takeRows()
    );
  }

  #takeHello(): EncodedEvent | null {
    const event = this.#hello;
    this.#hello = null;
    return event;
  }

  #takeIncident(): EncodedEvent | null {
    const incident = this.#home.incidents.after(this.#incident);
    if (incident === null) return null;
    this.#incident = incident.id;
    return encode("incident", incident);
  }

  #takeNews(): EncodedEvent | null {
    const event = this.#load ?? this.#turn;
    if (event === this.#load) this.#load = null;
    else this.#turn = null;
    return event;
  }

  #takeLook(): EncodedEvent | null {
    if (this.#look?.has(this.#lookAt) === true) return this.#look.event(this.#lookAt++);
    this.#look = null;
    return null;
  }

  #takeRows(): EncodedEvent | null {
    if (this.#place === null) return null;
    const { table } = this.#home;
    const isFirst = this.#place === 0;
    if (isFirst) this.#lastPlace = table.lastPlace;
    const rows: string[] = [];
    let place: number | null = null;
    let characters = 0;
    for (const row of table.after(this.#place)) {
      if (row.place > this.#lastPlace) break;
      const { json } = row;
      if (json === null) continue;
      characters += json.length;
      rows.push(json);
      if (characters < PIECE_CHARACTERS) continue;
      ({ place } = row);
      break;
    }
    this.#place = place;
    const nowMs = this.#home.nowMs();
    if (isFirst) return tableEvent(nowMs, this.#home.open, rows);
    return rows.length === 0 ? null : lookEvent(nowMs, rows, []);
  }
}
