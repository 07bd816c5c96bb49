/**
 * How far a transfer is: a bar that is drawn again and again on a terminal, a line now and then in
 * a pipe, nothing if nobody wants to know.
 */
import type { Transferred } from "./ftp-client.ts";
import { formatBytes, formatSeconds, progressLine, rateOf, type Progress } from "./progress.ts";
import { shortenText } from "./text-width.ts";

/** Between two lines in a pipe. */
export const LINE_MS = 10_000;

/** Columns of a line in a pipe: too few for a bar. */
const PLAIN_COLUMNS = 60;

export interface ProgressOutput {
  /** Of the terminal, now; null: there is none. */
  readonly columns: number | null;
  /** A row that is drawn in the place of the last one. Null: none. */
  draw(row: string | null): void;
  /** A line that stays. */
  remark(line: string): void;
}

/** One transfer. */
export class ProgressDisplay {
  readonly #output: ProgressOutput;
  /** For people; safe for a terminal. */
  readonly #name: string;
  #last: Progress | null = null;
  #toldMs = 0;

  constructor(output: ProgressOutput, name: string) {
    this.#output = output;
    this.#name = name;
    const { columns } = output;
    // Until the first byte comes.
    if (columns !== null) output.draw(shortenText(name, columns - 1));
  }

  moved(progress: Progress): void {
    this.#last = { ...progress, name: this.#name };
    const { columns } = this.#output;
    if (columns !== null) {
      // A terminal goes to the next row when the last column is written.
      this.#output.draw(progressLine(this.#last, columns - 1));
    } else if (progress.elapsedMs - this.#toldMs >= LINE_MS) {
      this.#toldMs = progress.elapsedMs;
      this.#output.remark(progressLine(this.#last, PLAIN_COLUMNS));
    }
  }

  /** It was whole. `did` is what became of the file: "got" or "put". */
  whole(did: string, { bytes, resumedAt }: Transferred): void {
    this.over();
    const last = this.#last;
    const time = last === null ? "" : ` in ${formatSeconds(last.elapsedMs / 1000)}`;
    const rate = last === null ? "" : `, ${formatBytes(rateOf(last))}/s`;
    const from = resumedAt > 0 ? `, from ${formatBytes(resumedAt)} on` : "";
    this.#output.remark(`${did} ${this.#name}: ${formatBytes(bytes)}${time}${rate}${from}`);
  }

  /** No bar is left. */
  over(): void {
    if (this.#output.columns !== null) this.#output.draw(null);
  }
}
