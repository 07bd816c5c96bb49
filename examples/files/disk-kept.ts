/**
 * Folders that are kept open for whoever wants them next, so that not every path is walked to.
 *
 * They are looked at again each time: every name on the way must still be that of the same folder,
 * in the folder before it. These are the looks of the walk, but all at once, and nothing is opened.
 * A kept folder is no other's meanwhile: as long as it is open, its inode is its own.
 */
import fs from "node:fs/promises";

import { unlessSystem } from "./disk-error.ts";
import { isSameFile, type Folder } from "./disk-folder.ts";

/** Folders that are kept: the last ones that were walked to. Each has two descriptors at most. */
export const MAX_KEPT_FOLDERS = 32;
/** Milliseconds without use after which they are closed: what is open cannot be unmounted. */
export const KEPT_MS = 1000;

export class KeptFolders {
  readonly #root: Folder;
  /** By their names, from the root; those that were used last come last. */
  readonly #folders = new Map<string, Folder>();
  readonly #closing = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | null = null;
  #used = false;
  #closed = false;

  constructor(root: Folder) {
    this.#root = root;
  }

  /** `names` have led to this folder, and none of them is a link. */
  keep(names: readonly string[], folder: Folder): void {
    if (this.#closed) return;
    const key = names.join("/");
    this.#drop(key);
    this.#folders.set(key, folder.hold());
    for (const oldest of this.#folders.keys()) {
      if (this.#folders.size <= MAX_KEPT_FOLDERS) break;
      this.#drop(oldest);
    }
    this.#use();
  }

  /** Null: the names must be walked. */
  find(names: readonly string[]): KeptWay | null {
    const folders: Folder[] = [];
    // From the last one back: a folder is of no use without those before it.
    for (const key of keysOf(names)) {
      const folder = this.#folders.get(key);
      if (folder === undefined) return null;
      this.#folders.delete(key);
      this.#folders.set(key, folder);
      folders.unshift(folder);
    }
    this.#use();
    return new KeptWay([this.#root, ...folders], names);
  }

  /** They lead elsewhere, or nowhere. */
  forget(names: readonly string[]): void {
    for (const key of keysOf(names)) this.#drop(key);
  }

  /** Also those that were closed before. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#dropAll();
    await Promise.all(this.#closing);
  }

  #drop(key: string): void {
    const folder = this.#folders.get(key);
    if (folder === undefined) return;
    this.#folders.delete(key);
    // Nothing was written to it: there is nothing that could be lost.
    const closing = unlessSystem(folder.close(), undefined);
    this.#closing.add(closing);
    void closing.then(() => this.#closing.delete(closing));
  }

  #dropAll(): void {
    clearInterval(this.#timer ?? undefined);
    this.#timer = null;
    for (const key of this.#folders.keys()) this.#drop(key);
  }

  #use(): void {
    this.#used = true;
    this.#timer ??= setInterval(() => {
      if (!this.#used) this.#dropAll();
      this.#used = false;
    }, KEPT_MS).unref();
  }
}

/** Of the folder itself, then of those before it, up to the root. */
function* keysOf(names: readonly string[]): Generator<string> {
  for (let count = names.length; count > 0; count--) yield names.slice(0, count).join("/");
}

/** The folders from the root to the one that is wanted, held until they are left. */
export class KeptWay {
  readonly #folders: readonly Folder[];
  readonly #names: readonly string[];

  constructor(folders: readonly Folder[], names: readonly string[]) {
    this.#folders = folders.map((folder) => folder.hold());
    this.#names = names;
  }

  get folder(): Folder {
    return this.#folders.at(-1)!;
  }

  /** Whether its names still lead there. */
  async isStill(): Promise<boolean> {
    const looks = this.#names.map((name, i) =>
      isStillAt(this.#folders[i]!, name, this.#folders[i + 1]!),
    );
    return (await Promise.all(looks)).every((found) => found);
  }

  async leave(): Promise<void> {
    await Promise.all(this.#folders.map((folder) => folder.close()));
  }
}

function isStillAt(parent: Folder, name: string, folder: Folder): Promise<boolean> {
  const looks = Promise.all([fs.lstat(parent.at(name)), folder.stats()]);
  return unlessSystem(
    looks.then(([there, held]) => isSameFile(there, held)),
    false,
  );
}
