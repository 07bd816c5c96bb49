/**
 * All descriptors that are open, as they were at the last look: one table for all viewers, which
 * tells what has changed since then. A row becomes JSON once, for everybody, and not before somebody
 * needs it.
 */
import type { Descriptor, Reactor } from "iomux";

import { WatchedDescriptor } from "./descriptor-row.ts";

/** New descriptors that one look takes in: what is more is for the next one, so that none is long. */
export const MAX_NEW_ROWS = 1000;

/** What has changed between two looks. */
export interface Changes {
  /** New ones, and those of which anything has changed, in the order of the table. */
  readonly changed: readonly TableRow[];
  readonly gone: readonly number[];
}

export class TableRow extends WatchedDescriptor {
  /** Its place in the table: counts up. */
  readonly place: number;
  #json: string | null = null;
  /** It was seen different since the last look, which has not told it. */
  #isAhead = false;

  constructor(reactor: Reactor, descriptor: Descriptor, place: number) {
    super(reactor, descriptor);
    this.place = place;
  }

  /** Whether it is different from what the last look has told of it. */
  look(): boolean {
    const differs = this.changed() || this.#isAhead;
    this.#isAhead = false;
    if (differs) this.#json = null;
    return differs;
  }

  /** As it was at the last look or later; null: it is closed by now. */
  get json(): string | null {
    if (this.#json !== null) return this.#json;
    if (this.descriptor.state === "closed") return null;
    // Those who know it from the last look must hear of it, though it may look as it did then.
    if (this.changed()) this.#isAhead = true;
    this.#json = JSON.stringify(this.row());
    return this.#json;
  }
}

export class DescriptorTable {
  readonly #reactor: Reactor;
  /** In the order in which the reactor has them, so that one walk compares both. */
  #rows: TableRow[] = [];
  #lastPlace = 0;
  /** Whether the last look has taken in all that is new. */
  isWhole = true;

  constructor(reactor: Reactor) {
    this.#reactor = reactor;
  }

  get size(): number {
    return this.#rows.length;
  }

  /** The place of the last row that was taken in. */
  get lastPlace(): number {
    return this.#lastPlace;
  }

  /** Compares all that are open with the last look. */
  look(): Changes {
    const before = this.#rows;
    const rows: TableRow[] = [];
    const changed: TableRow[] = [];
    const gone: number[] = [];
    const lastPlace = this.#lastPlace + MAX_NEW_ROWS;
    this.isWhole = true;
    let at = 0;
    for (const descriptor of this.#reactor.descriptors.values()) {
      while (at < before.length && before[at]!.descriptor !== descriptor)
        gone.push(before[at++]!.fd);
      const known = before[at++];
      if (known === undefined && this.#lastPlace === lastPlace) {
        this.isWhole = false;
        break;
      }
      const row = known ?? new TableRow(this.#reactor, descriptor, ++this.#lastPlace);
      rows.push(row);
      if (known === undefined || row.look()) changed.push(row);
    }
    for (; at < before.length; at++) gone.push(before[at]!.fd);
    this.#rows = rows;
    return { changed, gone };
  }

  /** Rows behind a place of the table, from its beginning with 0. */
  *after(place: number): Generator<TableRow, void> {
    for (let at = this.#first(place); at < this.#rows.length; at++) yield this.#rows[at]!;
  }

  /** Where the rows behind `place` begin. */
  #first(place: number): number {
    let [low, high] = [0, this.#rows.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#rows[middle]!.place <= place) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Nobody looks any more. */
  clear(): void {
    this.#rows = [];
  }
}
