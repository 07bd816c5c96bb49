/** The registry: which fd is registered, and which descriptors are open at all. */
import type { Descriptor } from "./descriptor.ts";
import { MapView } from "./map-view.ts";
import type { Entry, Registration } from "./registration.ts";

export class Registry {
  readonly #entries = new Map<number, Entry>();
  /** What users see of it: live, and nothing in it can change it. */
  readonly view: ReadonlyMap<number, Registration> = new MapView(this.#entries);

  get size(): number {
    return this.#entries.size;
  }

  get(fd: number): Entry | undefined {
    return this.#entries.get(fd);
  }

  add(entry: Entry): void {
    this.#entries.set(entry.fd, entry);
  }

  remove(entry: Entry): boolean {
    return this.#entries.get(entry.fd) === entry && this.#entries.delete(entry.fd);
  }

  entries(): IterableIterator<Entry> {
    return this.#entries.values();
  }

  assertInvariants(open: ReadonlyMap<number, Descriptor>): void {
    for (const [fd, entry] of this.#entries) {
      if (fd !== entry.fd || !entry.active) throw new Error(`Registry: fd ${fd} is stale`);
      if (open.get(fd) !== entry.descriptor) throw new Error(`Registry: fd ${fd} is not open`);
    }
  }
}
