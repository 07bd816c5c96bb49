/** The lines on the screen: the last of them, each once, whatever comes again. */
import type { Gap, Line } from "../../chat-messages.ts";

export const MAX_SHOWN_LINES = 1000;

export type ShownLine =
  | ({ readonly kind: "line"; readonly key: number } & Line)
  | { readonly kind: "gap"; readonly key: number; readonly lines: number };

/** A line of the history, apart: when it was said, and what. */
export function pastLine(text: string): { readonly time: string; readonly said: string } {
  const [, time = "", said = text] = /^\[(\d\d:\d\d)\] (.*)$/s.exec(text) ?? [];
  return { time, said };
}

export class ShownLines {
  #lines: readonly ShownLine[] = [];
  /** The number of the last one that came. */
  #last = 0;

  get lines(): readonly ShownLine[] {
    return this.#lines;
  }

  addLine(id: number, line: Line): void {
    if (id > this.#last) this.#add({ kind: "line", key: id, ...line });
  }

  /** `id`: the number of the last one that is missing. Some of them may have come before. */
  addGap(id: number, { lines }: Gap): void {
    const missing = Math.min(lines, id - this.#last);
    if (missing > 0) this.#add({ kind: "gap", key: id, lines: missing });
  }

  clear(): void {
    this.#lines = [];
    this.#last = 0;
  }

  #add(line: ShownLine): void {
    this.#last = line.key;
    this.#lines = [...this.#lines, line].slice(-MAX_SHOWN_LINES);
  }
}
