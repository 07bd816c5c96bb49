/** What the operator sees, bounded: a terminal or a pipe that nobody reads must not fill memory. */

/** Bytes that may wait for the operator. */
export const MAX_UNREAD_BYTES = 256 * 1024;

/** `process.stdout` is one. */
export interface OperatorOutput {
  /** Bytes that it has not got rid of. */
  readonly writableLength: number;
  write(text: string): unknown;
}

export class OperatorLog {
  readonly #output: OperatorOutput;
  readonly #leftOut: (lines: number) => string;
  #missing = 0;

  /** `leftOut` makes the line that stands for so many. */
  constructor(output: OperatorOutput, leftOut: (lines: number) => string) {
    this.#output = output;
    this.#leftOut = leftOut;
  }

  write(line: string): void {
    if (this.#output.writableLength > MAX_UNREAD_BYTES) {
      this.#missing++;
      return;
    }
    if (this.#missing > 0) this.#output.write(`${this.#leftOut(this.#missing)}\n`);
    this.#missing = 0;
    this.#output.write(`${line}\n`);
  }
}
