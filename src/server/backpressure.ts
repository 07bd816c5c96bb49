/**
 * Who waits for whom, with the policy `pause-source`: a connection is not read while output that
 * came of it waits at another one. It may wait for many, and many may wait for it.
 */
/** Stops the reading of a connection, or lets it go on. */
interface Blockable {
  setBlocked(blocked: boolean): void;
}

export class Backpressure {
  readonly #reader: Blockable;
  readonly #waitsFor = new Set<Backpressure>();
  readonly #holdsUp = new Set<Backpressure>();
  #closed = false;

  constructor(reader: Blockable) {
    this.#reader = reader;
  }

  /** Our backlog came of `source`: it waits until that has drained, unless it is closed. */
  holdUp(source: Backpressure): void {
    if (source.#closed) return;
    this.#holdsUp.add(source);
    source.#waitsFor.add(this);
    if (source.#waitsFor.size === 1) source.#reader.setBlocked(true);
  }

  drained(): void {
    for (const source of this.#holdsUp) {
      source.#waitsFor.delete(this);
      if (source.#waitsFor.size === 0) source.#reader.setBlocked(false);
    }
    this.#holdsUp.clear();
  }

  close(): void {
    this.#closed = true;
    this.drained();
    for (const other of this.#waitsFor) other.#holdsUp.delete(this);
    this.#waitsFor.clear();
  }
}
