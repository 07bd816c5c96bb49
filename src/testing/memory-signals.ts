/** The signals of a process in memory. */
import type { SignalName } from "iomux";

export class MemorySignals {
  /** Those that came while nobody watched them. */
  readonly unwatched: SignalName[] = [];
  readonly #watching = new Set<(name: SignalName) => boolean>();

  /** Answers how to watch no more. */
  watch(names: readonly SignalName[], onSignal: (name: SignalName) => void): () => void {
    const watcher = (name: SignalName): boolean => {
      const mine = names.includes(name);
      if (mine) onSignal(name);
      return mine;
    };
    this.#watching.add(watcher);
    return () => this.#watching.delete(watcher);
  }

  tell(name: SignalName): void {
    const heard = [...this.#watching].filter((watcher) => watcher(name));
    if (heard.length === 0) this.unwatched.push(name);
  }

  /** Nobody watches any more. */
  forget(): void {
    this.#watching.clear();
  }
}
