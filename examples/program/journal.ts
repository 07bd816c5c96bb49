/** What the operator is told, without a flood of it: what is too much is counted instead. */
export interface JournalOptions {
  /** A `TokenBucket` is one. */
  readonly limiter: { take(lines: number, nowMs: number): boolean };
  readonly write: (line: string) => void;
  /** The line that stands for so many that were left out. */
  readonly leftOut: (lines: number) => string;
}

export class Journal {
  readonly #options: JournalOptions;
  #leftOut = 0;

  constructor(options: JournalOptions) {
    this.#options = options;
  }

  note(line: string, nowMs: number): void {
    if (!this.#options.limiter.take(1, nowMs)) {
      this.#leftOut++;
      return;
    }
    this.flush();
    this.#options.write(line);
  }

  /** Says how many lines were left out, if any. */
  flush(): void {
    if (this.#leftOut > 0) this.#options.write(this.#options.leftOut(this.#leftOut));
    this.#leftOut = 0;
  }
}
