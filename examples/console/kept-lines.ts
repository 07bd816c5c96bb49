/**
 * What was told last, numbered from 1 on, so that whoever comes again gets what it has missed.
 *
 * Nobody says what arrived. So lines are kept behind their leaving too, and the oldest are given up
 * when there are more than a limit says.
 */
import type { Line } from "./chat-messages.ts";

/** Lines that are kept for one member. */
export const MAX_KEPT_LINES = 1000;
/** Bytes of them, as events. Above what `/history` tells at once. */
export const MAX_KEPT_BYTES = 128 * 1024;

/** Bytes of an event besides its data: the names of its fields, its id, and the ends of lines. */
export const EVENT_BYTES = 48;

/** A `Line` on its way: one for all who are told it. */
export interface EncodedLine {
  /** JSON. */
  readonly data: string;
  readonly bytes: number;
}

export function encodeLine(line: Line): EncodedLine {
  const data = JSON.stringify(line);
  return { data, bytes: Buffer.byteLength(data) + EVENT_BYTES };
}

export interface KeptLine {
  readonly id: number;
  readonly data: string;
}

export interface KeptLinesLimits {
  readonly maxLines?: number;
  readonly maxBytes?: number;
}

export class KeptLines {
  readonly #maxLines: number;
  readonly #maxBytes: number;
  #lines: EncodedLine[] = [];
  #bytes = 0;
  /** The number of the first one that is kept; with none kept, of the next one. */
  #first = 1;

  constructor({ maxLines = MAX_KEPT_LINES, maxBytes = MAX_KEPT_BYTES }: KeptLinesLimits = {}) {
    this.#maxLines = maxLines;
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get count(): number {
    return this.#lines.length;
  }

  /** The number of the last one that was told; 0: there was none. */
  get last(): number {
    return this.#first + this.#lines.length - 1;
  }

  /** The newest is always kept. */
  add(line: EncodedLine): KeptLine {
    this.#lines.push(line);
    this.#bytes += line.bytes;
    let gone = 0;
    while (
      this.#lines.length - gone > 1 &&
      (this.#lines.length - gone > this.#maxLines || this.#bytes > this.#maxBytes)
    ) {
      this.#bytes -= this.#lines[gone++]!.bytes;
    }
    if (gone > 0) this.#lines.splice(0, gone);
    this.#first += gone;
    return { id: this.last, data: line.data };
  }

  /** What was told after `id`, and how many of that are kept no longer: they were the first. */
  after(id: number): { readonly missed: number; readonly lines: readonly KeptLine[] } {
    const from = Math.max(id + 1, this.#first);
    const lines = this.#lines.slice(from - this.#first);
    return {
      missed: Math.max(0, this.#first - id - 1),
      lines: lines.map(({ data }, at) => ({ id: from + at, data })),
    };
  }

  /** Bytes of what was told after `id` and is kept. */
  bytesAfter(id: number): number {
    const lines = this.#lines.slice(Math.max(0, id + 1 - this.#first));
    return lines.reduce((sum, { bytes }) => sum + bytes, 0);
  }
}
