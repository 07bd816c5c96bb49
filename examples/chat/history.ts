/** What was said last, bounded in lines and in bytes. */
import { clockTime } from "./moment.ts";

export interface HistoryLimits {
  readonly maxLines: number;
  /** UTF-8, with the time and the end of each line: what it takes to tell everything. */
  readonly maxBytes: number;
}

interface Entry {
  readonly line: string;
  readonly bytes: number;
}

export class History {
  readonly #limits: HistoryLimits;
  #entries: Entry[] = [];
  #bytes = 0;

  constructor(limits: HistoryLimits) {
    this.#limits = limits;
  }

  get lines(): number {
    return this.#entries.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The oldest make place. What is longer than all that may be kept is not kept. */
  add(text: string, minuteOfDay: number): void {
    const line = `[${clockTime(minuteOfDay)}] ${text}`;
    const bytes = Buffer.byteLength(line) + 1;
    const { maxLines, maxBytes } = this.#limits;
    if (bytes > maxBytes || maxLines === 0) return;
    this.#entries.push({ line, bytes });
    this.#bytes += bytes;
    while (this.#bytes > maxBytes || this.#entries.length > maxLines) {
      this.#bytes -= this.#entries.shift()!.bytes;
    }
  }

  /** The last `count`, or as many as there are, the oldest first. */
  last(count: number): string[] {
    return count === 0 ? [] : this.#entries.slice(-count).map(({ line }) => line);
  }
}
