/** A folder of the disk as a store. Nothing in it blocks the loop: the system's calls run in threads. */
import { randomBytes } from "node:crypto";
import type { Stats } from "node:fs";
import fs from "node:fs/promises";

import { systemCode, told, toStoreError, unless } from "./disk-error.ts";
import { Folder, isSameFile, isShown, openFile, uniqueOf } from "./disk-folder.ts";
import type { Lookup, Place } from "./disk-folder.ts";
import { moveToFreeName, Turns } from "./disk-publish.ts";
import { DiskReader } from "./disk-reader.ts";
import { setTime } from "./disk-time.ts";
import { DiskUpload } from "./disk-upload.ts";
import { Tree } from "./disk-walk.ts";
import { StoreError } from "./file-store.ts";
import type { Entry, FileStore, Reader, StoreErrorCode } from "./file-store.ts";
import type { Upload, UploadMode } from "./file-store.ts";
import { isFit, namesOf, placeOf, suffixed, UPLOAD_PREFIX } from "./store-path.ts";
import { uploadOwner, type UploadOwner } from "./upload-owner.ts";

/** Entries of a folder that are looked at together. */
const LIST_BATCH = 32;

export interface DiskStoreOptions {
  /** Whether an upload is on the disk before it is told as done: yes unless said. */
  readonly durable?: boolean;
  /** By handle where there is `/proc/self/fd`, else by path. */
  readonly lookup?: Lookup;
}

/** @throws what `fs.realpath` and `fs.open` throw, if `root` is not a folder that can be opened. */
export async function openDiskStore(
  root: string,
  { durable = true, lookup }: DiskStoreOptions = {},
): Promise<FileStore> {
  const path = await fs.realpath(root);
  const folder = await Folder.open(path, lookup ?? (await defaultLookup()));
  return new DiskStore(new Tree(folder, path), await uploadOwner(), durable);
}

async function defaultLookup(): Promise<Lookup> {
  if (process.platform !== "linux") return "path";
  return fs.access("/proc/self/fd").then(
    () => "handle",
    () => "path",
  );
}

class DiskStore implements FileStore {
  readonly #tree: Tree;
  readonly #owner: UploadOwner;
  readonly #durable: boolean;
  readonly #turns = new Turns();
  #closed: Promise<void> | null = null;

  constructor(tree: Tree, owner: UploadOwner, durable: boolean) {
    this.#tree = tree;
    this.#owner = owner;
    this.#durable = durable;
  }

  async entry(path: string): Promise<Entry> {
    const names = namesOf(path);
    return this.#at(path, names, ({ stats }) => entryOf(names.at(-1) ?? "/", stats, path));
  }

  async *list(path: string): AsyncIterable<Entry> {
    const names = namesOf(path);
    try {
      const folder = await this.#tree.enter(names);
      try {
        yield* this.#entries(folder, names);
      } finally {
        await folder.close();
      }
    } catch (error) {
      throw toStoreError(error, path);
    }
  }

  async openReader(path: string, offset: number): Promise<Reader> {
    return this.#at(path, namesOf(path), async (place) => {
      const [handle, { size }] = await openFile(place);
      if (offset <= size) return new DiskReader(path, handle, offset, size);
      await handle.close();
      throw new StoreError("past-end", path);
    });
  }

  async openUpload(path: string, mode: UploadMode): Promise<Upload> {
    const names = placeOf(path, "not-a-file");
    let there = path;
    if (mode.kind === "unique") {
      names.push(suffixed(names.pop()!, `.${randomBytes(6).toString("hex")}`));
      there = `/${names.join("/")}`;
    }
    return told(there, async () => {
      const place = await this.#tree.locate(names);
      const refusal = refusalOf(place.stats, mode);
      if (refusal !== null) {
        await place.leave();
        throw new StoreError(refusal, there);
      }
      return DiskUpload.open({
        path: there,
        mode,
        place,
        temporary: this.#owner.newName(),
        turns: this.#turns,
        durable: this.#durable,
      });
    });
  }

  async rename(from: string, to: string, { replace }: { replace: boolean }): Promise<void> {
    const [source, target] = [placeOf(from, "forbidden"), placeOf(to, "forbidden")];
    await this.entry(from);
    const move = (old: Place) =>
      this.#atLink(to, target, (free) => this.#move(old, free, { from, to, replace }));
    await this.#atLink(from, source, move);
  }

  async remove(path: string): Promise<void> {
    const names = placeOf(path, "not-a-file");
    const { kind } = await this.entry(path);
    if (kind === "folder") throw new StoreError("not-a-file", path);
    await this.#atLink(path, names, ({ folder, name }) => fs.unlink(folder.at(name)));
  }

  async makeFolder(path: string): Promise<void> {
    const names = placeOf(path, "forbidden");
    await this.#atLink(path, names, ({ folder, name }) => fs.mkdir(folder.at(name)));
  }

  async removeFolder(path: string): Promise<void> {
    const names = placeOf(path, "forbidden");
    const { kind } = await this.entry(path);
    if (kind === "file") throw new StoreError("not-a-folder", path);
    await this.#atLink(path, names, async ({ folder, name, stats }) => {
      if (stats?.isSymbolicLink() === true) throw new StoreError("forbidden", path, "a link");
      await fs.rmdir(folder.at(name));
    });
  }

  async setModified(path: string, modifiedMs: number): Promise<void> {
    await this.#at(path, namesOf(path), async ({ folder, name, stats: old }) => {
      if (!isShown(old)) throw new StoreError("not-found", path);
      await setTime(folder.at(name), path, { old, modifiedMs });
    });
  }

  async freeBytes(): Promise<number | null> {
    const numbers = await fs.statfs(this.#tree.root.at(".")).catch(() => null);
    return numbers === null ? null : numbers.bavail * numbers.bsize;
  }

  async cleanUp(): Promise<number> {
    let removed = 0;
    const folders: string[][] = [[]];
    for (let names = folders.pop(); names !== undefined; names = folders.pop()) {
      removed += await this.#cleanFolder(names, folders);
    }
    return removed;
  }

  close(): Promise<void> {
    this.#closed ??= this.#tree.close();
    return this.#closed;
  }

  /** Does `work` where `names` lead, and tells the system's errors as those of `path`. */
  async #at<T>(
    path: string,
    names: readonly string[],
    work: (place: Place) => T | Promise<T>,
    keepLast = false,
  ): Promise<T> {
    return told(path, async () => {
      const place = await this.#tree.locate(names, keepLast);
      try {
        return await work(place);
      } finally {
        await place.leave();
      }
    });
  }

  /** The same, but a link is not followed, if the last name is one: it is what `work` is done to. */
  #atLink<T>(
    path: string,
    names: readonly string[],
    work: (place: Place) => Promise<T>,
  ): Promise<T> {
    return this.#at(path, names, work, true);
  }

  async *#entries(folder: Folder, names: readonly string[]): AsyncGenerator<Entry> {
    let batch: Promise<Entry | null>[] = [];
    for await (const { name } of await fs.opendir(folder.path, { bufferSize: LIST_BATCH })) {
      if (!isFit(name)) continue;
      batch.push(this.#shown(folder, names, name));
      if (batch.length < LIST_BATCH) continue;
      yield* (await Promise.all(batch)).filter((entry) => entry !== null);
      batch = [];
    }
    yield* (await Promise.all(batch)).filter((entry) => entry !== null);
  }

  /** Null for what clients do not see, and for what has vanished. */
  async #shown(folder: Folder, names: readonly string[], name: string): Promise<Entry | null> {
    const path = `/${[...names, name].join("/")}`;
    try {
      const stats = await told(path, async () => {
        const stats = await fs.lstat(folder.at(name));
        await folder.check();
        return stats;
      });
      return stats.isSymbolicLink() ? await this.entry(path) : entryOf(name, stats, path);
    } catch (error) {
      if (error instanceof StoreError) return null;
      throw error;
    }
  }

  async #move(
    source: Place,
    target: Place,
    { from, to, replace }: { from: string; to: string; replace: boolean },
  ): Promise<void> {
    const [oldPath, newPath] = [source.folder.at(source.name), target.folder.at(target.name)];
    await Promise.all([source.folder.check(), target.folder.check()]);
    await this.#turns.take(await target.turn(), async () => {
      const old = await fs.lstat(oldPath);
      if (!old.isDirectory() && !replace) return moveToFreeName(oldPath, newPath);
      const there = await unless(fs.lstat(newPath), ["ENOENT"], null);
      const fits = there === null || (old.isDirectory() ? isSameFile(old, there) : there.isFile());
      if (!fits) throw new StoreError("exists", to);
      // A link in the place of what it leads to would lead to itself, and the file be lost.
      if (there !== null && old.isSymbolicLink()) {
        const { unique } = await this.entry(from);
        if (unique === uniqueOf(there)) throw new StoreError("exists", to);
      }
      return fs.rename(oldPath, newPath);
    });
  }

  async #cleanFolder(names: readonly string[], folders: string[][]): Promise<number> {
    // What has gone meanwhile, or is not ours to enter, is passed by.
    const folder = await this.#tree.enter(names).catch((error: unknown) => {
      if (systemCode(error) === null) throw error;
      return null;
    });
    if (folder === null) return 0;
    let removed = 0;
    try {
      for await (const entry of await fs.opendir(folder.path)) {
        if (entry.isDirectory()) folders.push([...names, entry.name]);
        else if (await this.#isLeftover(folder, entry.name)) {
          await fs.unlink(folder.at(entry.name));
          removed++;
        }
      }
    } catch (error) {
      if (systemCode(error) === null) throw error;
    } finally {
      await folder.close();
    }
    return removed;
  }

  async #isLeftover(folder: Folder, name: string): Promise<boolean> {
    if (!name.startsWith(UPLOAD_PREFIX)) return false;
    const stats = await unless(fs.lstat(folder.at(name)), ["ENOENT"], null);
    if (stats?.isFile() !== true) return false;
    return this.#owner.isLeftover(name, stats.mtimeMs, Date.now());
  }
}

/** @throws StoreError `not-found` for what clients do not see. */
function entryOf(name: string, stats: Stats | null, path: string): Entry {
  if (!isShown(stats)) throw new StoreError("not-found", path);
  const kind = stats.isFile() ? "file" : "folder";
  const size = stats.isFile() ? stats.size : 0;
  const { mtimeMs: modifiedMs, ctimeMs: changedMs } = stats;
  return { name, kind, size, modifiedMs, changedMs, unique: uniqueOf(stats) };
}

/** Why an upload cannot begin where this is already; null: it can. */
function refusalOf(there: Stats | null, { kind }: UploadMode): StoreErrorCode | null {
  if (there === null) return null;
  if (there.isDirectory()) return "not-a-file";
  if (!there.isFile()) return "forbidden";
  return kind === "new" || kind === "unique" ? "exists" : null;
}
