/**
 * The budget: how many bytes a whole loop may hold for its peers, in and out.
 *
 * Limits of single connections do not add up to a limit of the process: ten thousand peers, each
 * within its own, may still hold gigabytes. So every byte held is counted here, once, and at the
 * end of a turn that finds too many, the largest offenders are shed first (Redis frees the clients
 * with the most memory: `maxmemory-clients`).
 */

/** Of the limit, to which the loop sheds: sheds are rare then, though each looks at all peers. */
const SHED_TO = 7 / 8;

/** Who holds bytes. */
export interface Holder {
  /** What is freed, or soon will be, when it is shed. */
  readonly buffered: number;
}

export class Budget {
  readonly limit: number;
  readonly #onExceeded: () => void;
  #held = 0;

  /** `onExceeded` is called whenever bytes are added and it is, or stays, exceeded. */
  constructor(limit: number, onExceeded: () => void) {
    this.limit = limit;
    this.#onExceeded = onExceeded;
  }

  /** Bytes held now. What several hold together counts once. */
  get held(): number {
    return this.#held;
  }

  add(bytes: number): void {
    this.#held += bytes;
    if (this.#held > this.limit) this.#onExceeded();
  }

  remove(bytes: number): void {
    this.#held -= bytes;
  }

  get exceeded(): boolean {
    return this.#held > this.limit;
  }

  /** Sheds the largest of `holders` until enough is free. Answers how many that were. */
  shed<H extends Holder>(holders: Iterable<H>, shed: (holder: H) => void): number {
    const target = this.limit * SHED_TO;
    const largestFirst = [...holders].sort((a, b) => b.buffered - a.buffered);
    let count = 0;
    for (const holder of largestFirst) {
      if (this.#held <= target || holder.buffered === 0) break;
      shed(holder);
      count++;
    }
    return count;
  }

  assertInvariants(): void {
    if (this.#held < 0) throw new Error(`Budget: ${this.#held} bytes held`);
  }
}
