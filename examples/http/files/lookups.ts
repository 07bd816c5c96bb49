/**
 * What is where, asked of a store. Many who ask for the same path at once have one answer; but
 * nobody has one that was begun before he asked: it may be older than what he knows.
 */
import type { Entry, FileStore } from "../../files/file-store.ts";

export interface Look {
  readonly entry: Entry;
  /** Milliseconds since 1970, just before. */
  readonly lookedAtMs: number;
}

interface Turn {
  /** Fulfilled when this look is over, however it ended. */
  readonly over: Promise<void>;
  /** For those who asked while it ran. */
  next: Promise<Look> | null;
}

export class Lookups {
  readonly #store: FileStore;
  readonly #wallMs: () => number;
  readonly #turns = new Map<string, Turn>();

  constructor(store: FileStore, wallMs: () => number) {
    this.#store = store;
    this.#wallMs = wallMs;
  }

  /** Paths that are being looked up. */
  get running(): number {
    return this.#turns.size;
  }

  /** Throws StoreError, as `entry()` of the store. */
  look(path: string): Promise<Look> {
    const turn = this.#turns.get(path);
    if (turn === undefined) return this.#begin(path);
    turn.next ??= turn.over.then(() => this.#begin(path));
    return turn.next;
  }

  #begin(path: string): Promise<Look> {
    const lookedAtMs = this.#wallMs();
    const look = this.#store.entry(path).then((entry) => ({ entry, lookedAtMs }));
    const end = (): void => {
      if (turn.next === null) this.#turns.delete(path);
    };
    const turn: Turn = { over: look.then(end, end), next: null };
    this.#turns.set(path, turn);
    return look;
  }
}
