/**
 * A store in memory, for simulations and tests: it keeps the promises of the one on the disk, and
 * can be made slow, full and broken. What it does depends on nothing but its calls.
 */
import { StoreError } from "./file-store.ts";
import type { Entry, FileStore, Reader, StoreErrorCode, Upload, UploadMode } from "./file-store.ts";
import { MemoryUpload } from "./memory-upload.ts";
import { namesOf, placeOf, suffixed } from "./store-path.ts";

export interface MemoryFile {
  readonly kind: "file";
  readonly id: number;
  /** Never changed: an upload that replaces the file is another one. */
  readonly bytes: Buffer;
  modifiedMs: number;
  changedMs: number;
}

export interface MemoryFolder {
  readonly kind: "folder";
  readonly id: number;
  readonly children: Map<string, MemoryFile | MemoryFolder>;
  modifiedMs: number;
  changedMs: number;
  /** Uploads into it that run: it is not empty. */
  uploads: number;
}

/** What a store can be made to suffer; all of it can be changed at any time. */
export interface MemoryFaults {
  full: boolean;
  readsFail: boolean;
  writesFail: boolean;
  commitsFail: boolean;
}

export interface MemoryStoreOptions {
  /** Bytes of all files and uploads together: 64 MiB unless said. */
  readonly capacityBytes?: number;
  /** Milliseconds since 1970: always 0 unless said. */
  readonly nowMs?: () => number;
  /** Called before each operation is done, to make it slow: on a simulated clock. */
  readonly wait?: (operation: MemoryOperation) => Promise<void>;
}

export type MemoryOperation = "look" | "change" | "read" | "write" | "sync" | "commit" | "discard";

const CAPACITY_BYTES = 64 * 1024 * 1024;

export class MemoryStore implements FileStore {
  readonly faults: MemoryFaults = {
    full: false,
    readsFail: false,
    writesFail: false,
    commitsFail: false,
  };
  /** Readers and uploads that are open: 0 when all sessions are over. */
  readonly open = { readers: 0, uploads: 0 };
  readonly #capacityBytes: number;
  readonly #nowMs: () => number;
  readonly #wait: (operation: MemoryOperation) => Promise<void>;
  readonly #root: MemoryFolder;
  readonly #running = new Set<MemoryUpload>();
  readonly #leftovers = new Set<MemoryUpload>();
  #usedBytes = 0;
  #lastId = 0;

  constructor({ capacityBytes, nowMs, wait }: MemoryStoreOptions = {}) {
    this.#capacityBytes = capacityBytes ?? CAPACITY_BYTES;
    this.#nowMs = nowMs ?? (() => 0);
    this.#wait = wait ?? (() => Promise.resolve());
    this.#root = this.#newFolder();
  }

  async entry(path: string): Promise<Entry> {
    const names = namesOf(path);
    await this.#wait("look");
    return entryOf(names.at(-1) ?? "/", this.#find(path, names));
  }

  async *list(path: string): AsyncIterable<Entry> {
    const names = namesOf(path);
    await this.#wait("look");
    const folder = this.#find(path, names);
    if (folder.kind === "file") throw new StoreError("not-a-folder", path);
    for (const name of [...folder.children.keys()]) {
      await this.#wait("look");
      const node = folder.children.get(name);
      if (node !== undefined) yield entryOf(name, node);
    }
  }

  async openReader(path: string, offset: number): Promise<Reader> {
    const names = namesOf(path);
    await this.#wait("look");
    const file = this.#find(path, names);
    if (file.kind === "folder") throw new StoreError("not-a-file", path);
    if (offset > file.bytes.length) throw new StoreError("past-end", path);
    return this.#reader(path, file.bytes, offset);
  }

  async openUpload(path: string, mode: UploadMode): Promise<Upload> {
    const names = placeOf(path, "not-a-file");
    await this.#wait("change");
    const folder = this.#folderOf(path, names);
    let name = names.at(-1)!;
    if (mode.kind === "unique") {
      const wanted = name;
      for (let i = 1; folder.children.has(name) || i === 1; i++) name = suffixed(wanted, `.${i}`);
    }
    const there = `/${[...names.slice(0, -1), name].join("/")}`;
    const base = baseOf(there, folder.children.get(name), mode);
    const upload = new MemoryUpload({
      path: there,
      name,
      mode,
      folder,
      base,
      faults: this.faults,
      wait: this.#wait,
      take: (bytes) => this.#take(bytes),
      publish: (bytes) => this.#publish(folder, name, bytes),
      left: () => this.#left(upload),
    });
    this.#running.add(upload);
    this.open.uploads++;
    folder.uploads++;
    return upload;
  }

  async rename(from: string, to: string, { replace }: { replace: boolean }): Promise<void> {
    const [source, target] = [placeOf(from, "forbidden"), placeOf(to, "forbidden")];
    await this.#wait("change");
    const node = this.#find(from, source);
    const folder = this.#folderOf(to, target);
    const name = target.at(-1)!;
    const there = folder.children.get(name);
    const isSame = there === node;
    const fits =
      there === undefined || (node.kind === "folder" ? isSame : replace && there.kind === "file");
    if (!fits) throw new StoreError("exists", to);
    if (isSame) return;
    if (node.kind === "folder" && this.#leadsThrough(node, target)) {
      throw new StoreError("bad-name", to);
    }
    if (there?.kind === "file") this.#usedBytes -= there.bytes.length;
    this.#folderOf(from, source).children.delete(source.at(-1)!);
    folder.children.set(name, node);
  }

  async remove(path: string): Promise<void> {
    const names = placeOf(path, "not-a-file");
    await this.#wait("change");
    const node = this.#find(path, names);
    if (node.kind === "folder") throw new StoreError("not-a-file", path);
    this.#folderOf(path, names).children.delete(names.at(-1)!);
    this.#usedBytes -= node.bytes.length;
  }

  async makeFolder(path: string): Promise<void> {
    const names = placeOf(path, "forbidden");
    await this.#wait("change");
    const folder = this.#folderOf(path, names);
    if (folder.children.has(names.at(-1)!)) throw new StoreError("exists", path);
    if (this.faults.full) throw new StoreError("full", path);
    folder.children.set(names.at(-1)!, this.#newFolder());
  }

  async removeFolder(path: string): Promise<void> {
    const names = placeOf(path, "forbidden");
    await this.#wait("change");
    const node = this.#find(path, names);
    if (node.kind === "file") throw new StoreError("not-a-folder", path);
    if (node.children.size > 0 || node.uploads > 0) throw new StoreError("not-empty", path);
    this.#folderOf(path, names).children.delete(names.at(-1)!);
  }

  async setModified(path: string, modifiedMs: number): Promise<void> {
    const names = namesOf(path);
    await this.#wait("change");
    const node = this.#find(path, names);
    node.modifiedMs = modifiedMs;
    node.changedMs = this.#nowMs();
  }

  async freeBytes(): Promise<number | null> {
    await this.#wait("look");
    return this.faults.full ? 0 : this.#capacityBytes - this.#usedBytes;
  }

  async cleanUp(): Promise<number> {
    await this.#wait("change");
    const leftovers = [...this.#leftovers];
    this.#leftovers.clear();
    for (const upload of leftovers) await upload.discard();
    return leftovers.length;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** As if the process had been killed: running uploads fail, and are left behind. */
  crash(): void {
    for (const upload of this.#running) {
      upload.lose();
      this.#leftovers.add(upload);
    }
  }

  #newFolder(): MemoryFolder {
    const nowMs = this.#nowMs();
    const times = { modifiedMs: nowMs, changedMs: nowMs };
    return { kind: "folder", id: ++this.#lastId, ...times, children: new Map(), uploads: 0 };
  }

  #find(path: string, names: readonly string[]): MemoryFile | MemoryFolder {
    let node: MemoryFile | MemoryFolder | undefined = this.#root;
    for (const name of names) node = node?.kind === "folder" ? node.children.get(name) : undefined;
    if (node === undefined) throw new StoreError("not-found", path);
    return node;
  }

  #folderOf(path: string, names: readonly string[]): MemoryFolder {
    const folder = this.#find(path, names.slice(0, -1));
    if (folder.kind === "file") throw new StoreError("not-found", path);
    return folder;
  }

  #leadsThrough(folder: MemoryFolder, names: readonly string[]): boolean {
    return names.some((_, i) => this.#find("", names.slice(0, i)) === folder);
  }

  #reader(path: string, bytes: Buffer, from: number): Reader {
    let offset = from;
    let closed = false;
    this.open.readers++;
    return {
      size: bytes.length,
      read: async (into) => {
        await this.#wait("read");
        if (this.faults.readsFail) throw new StoreError("failed", path, "reads fail");
        const count = bytes.copy(into, 0, offset);
        offset += count;
        return count;
      },
      close: () => {
        if (!closed) this.open.readers--;
        closed = true;
        return Promise.resolve();
      },
    };
  }

  /** Null: there is room for them. A negative number gives them back. */
  #take(bytes: number): StoreErrorCode | null {
    if (bytes > 0 && this.faults.full) return "full";
    if (this.#usedBytes + bytes > this.#capacityBytes) return "full";
    this.#usedBytes += bytes;
    return null;
  }

  /** The bytes were counted while they came. */
  #publish(folder: MemoryFolder, name: string, bytes: Buffer): void {
    const old = folder.children.get(name);
    if (old?.kind === "file") this.#usedBytes -= old.bytes.length;
    const nowMs = this.#nowMs();
    const times = { modifiedMs: nowMs, changedMs: nowMs };
    folder.children.set(name, { kind: "file", id: ++this.#lastId, bytes, ...times });
  }

  #left(upload: MemoryUpload): void {
    this.#running.delete(upload);
    this.#leftovers.delete(upload);
    this.open.uploads--;
    upload.folder.uploads--;
  }
}

function entryOf(name: string, node: MemoryFile | MemoryFolder): Entry {
  const size = node.kind === "file" ? node.bytes.length : 0;
  const { kind, modifiedMs, changedMs, id } = node;
  return { name, kind, size, modifiedMs, changedMs, unique: `${id}` };
}

/** The file that an upload begins with; undefined: none. */
function baseOf(
  path: string,
  there: MemoryFile | MemoryFolder | undefined,
  mode: UploadMode,
): MemoryFile | undefined {
  if (there?.kind === "folder") throw new StoreError("not-a-file", path);
  if (there !== undefined && (mode.kind === "new" || mode.kind === "unique")) {
    throw new StoreError("exists", path);
  }
  if (mode.kind !== "resume") return there;
  if (there === undefined && mode.offset > 0) throw new StoreError("not-found", path);
  if (mode.offset > (there?.bytes.length ?? 0)) throw new StoreError("past-end", path);
  return there;
}
