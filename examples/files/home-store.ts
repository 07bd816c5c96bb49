/** A folder of a store as a store: what is above it cannot be named. */
import { StoreError } from "./file-store.ts";
import type { Entry, FileStore, Reader, Upload, UploadMode } from "./file-store.ts";
import { namesOf } from "./store-path.ts";

/**
 * Paths begin in `home`, a virtual path of `store`. Links in it are the operator's: they may lead
 * anywhere in `store`. Cleaning up and closing is for who has the whole store.
 */
export function homeStore(store: FileStore, home: string): FileStore {
  return home === "/" ? store : new HomeStore(store, `/${namesOf(home).join("/")}`);
}

/** Makes the folder `home`, with those above it, as far as they are missing. */
export async function makeHome(store: FileStore, home: string): Promise<void> {
  const names = home.split("/").filter((name) => name !== "");
  for (const [i] of names.entries()) {
    const path = `/${names.slice(0, i + 1).join("/")}`;
    await store.makeFolder(path).catch((error: unknown) => {
      if (!(error instanceof StoreError) || error.code !== "exists") throw error;
    });
  }
}

class HomeStore implements FileStore {
  readonly #store: FileStore;
  readonly #home: string;

  constructor(store: FileStore, home: string) {
    this.#store = store;
    this.#home = home;
  }

  async entry(path: string): Promise<Entry> {
    const entry = await this.#told(this.#store.entry(this.#in(path)));
    return path === "/" ? { ...entry, name: "/" } : entry;
  }

  async *list(path: string): AsyncIterable<Entry> {
    try {
      yield* this.#store.list(this.#in(path));
    } catch (error) {
      throw this.#ours(error);
    }
  }

  async openReader(path: string, offset: number): Promise<Reader> {
    const reader = await this.#told(this.#store.openReader(this.#in(path), offset));
    return {
      size: reader.size,
      read: (into) => this.#told(reader.read(into)),
      close: () => this.#told(reader.close()),
    };
  }

  async openUpload(path: string, mode: UploadMode): Promise<Upload> {
    this.#notHome(path, "not-a-file");
    const upload = await this.#told(this.#store.openUpload(this.#in(path), mode));
    return {
      path: this.#out(upload.path),
      write: (bytes) => this.#told(upload.write(bytes)),
      sync: () => this.#told(upload.sync()),
      commit: () => this.#told(upload.commit()),
      discard: () => this.#told(upload.discard()),
    };
  }

  async rename(from: string, to: string, options: { readonly replace: boolean }): Promise<void> {
    for (const path of [from, to]) this.#notHome(path, "forbidden");
    await this.#told(this.#store.rename(this.#in(from), this.#in(to), options));
  }

  async remove(path: string): Promise<void> {
    this.#notHome(path, "not-a-file");
    await this.#told(this.#store.remove(this.#in(path)));
  }

  async makeFolder(path: string): Promise<void> {
    this.#notHome(path, "forbidden");
    await this.#told(this.#store.makeFolder(this.#in(path)));
  }

  async removeFolder(path: string): Promise<void> {
    this.#notHome(path, "forbidden");
    await this.#told(this.#store.removeFolder(this.#in(path)));
  }

  async setModified(path: string, modifiedMs: number): Promise<void> {
    await this.#told(this.#store.setModified(this.#in(path), modifiedMs));
  }

  freeBytes(): Promise<number | null> {
    return this.#store.freeBytes();
  }

  cleanUp(): Promise<number> {
    return Promise.resolve(0);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** @throws StoreError `bad-name`, before anything is put in front of it. */
  #in(path: string): string {
    const names = namesOf(path);
    return names.length === 0 ? this.#home : `${this.#home}/${names.join("/")}`;
  }

  #out(path: string): string {
    return path === this.#home ? "/" : path.slice(this.#home.length);
  }

  /** To the store it is a folder like others; here it is the root. */
  #notHome(path: string, code: "not-a-file" | "forbidden"): void {
    if (path === "/") throw new StoreError(code, path);
  }

  async #told<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw this.#ours(error);
    }
  }

  #ours(error: unknown): unknown {
    if (!(error instanceof StoreError) || !`${error.path}/`.startsWith(`${this.#home}/`)) {
      return error;
    }
    return new StoreError(error.code, this.#out(error.path), error.detail, { cause: error });
  }
}
