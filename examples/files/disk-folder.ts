/**
 * Folders that are held open while something is done in them.
 *
 * Checking a path and then using it leaves a moment in which a folder of it can become a link. So
 * a path is walked name by name: each folder is opened without following links, and the next name
 * is looked up in that open folder, wherever it is by then. Links are read and walked in the same
 * way, so that one that leaves the root is never followed at all: this is what `openat2` does with
 * RESOLVE_BENEATH, and Go's `os.Root`.
 *
 * Node has no `openat`. On Linux `/proc/self/fd/N/name` is as good (proc(5)). Elsewhere paths are
 * used, and checked again after each open: a folder that becomes a link and a folder again within
 * that moment is not noticed. Only who can write to the disk without the server can do that.
 */
import { constants, type Stats } from "node:fs";
import fs, { type FileHandle } from "node:fs/promises";

import { together, unless } from "./disk-error.ts";

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;
/** Linux: to look names up in a folder needs no right to list it. Node does not name the flag. */
const O_PATH = 0o10000000;

/** How names are looked up: in the open folder itself, or by its path. */
export type Lookup = "handle" | "path";

export class Folder {
  /** What the system takes for this folder. */
  readonly path: string;
  readonly #handle: FileHandle;
  readonly lookup: Lookup;
  #stats: Promise<Stats> | null = null;
  #listed: Promise<FileHandle | null> | null = null;
  #holders = 1;

  private constructor(handle: FileHandle, path: string, lookup: Lookup) {
    this.#handle = handle;
    this.lookup = lookup;
    this.path = lookup === "handle" ? `/proc/self/fd/${handle.fd}` : path;
  }

  static async open(path: string, lookup: Lookup): Promise<Folder> {
    const access = lookup === "handle" ? O_PATH : O_RDONLY;
    const handle = await fs.open(path, access | O_DIRECTORY | O_NOFOLLOW);
    const folder = new Folder(handle, path, lookup);
    try {
      await folder.check();
    } catch (error) {
      await folder.close();
      throw error;
    }
    return folder;
  }

  at(name: string): string {
    return `${this.path}/${name}`;
  }

  /** The folder of this name in this one. */
  enter(name: string): Promise<Folder> {
    return Folder.open(this.at(name), this.lookup);
  }

  /** By path: no link has got into it, and it still leads here. */
  async check(): Promise<void> {
    if (this.lookup === "handle") return;
    const [real, there, held] = await Promise.all([
      fs.realpath(this.path),
      fs.lstat(this.path),
      this.#handle.stat(),
    ]);
    if (real !== this.path || !isSameFile(there, held)) throw notFound("realpath");
  }

  /** As it was when this was asked for first: which file it is stays so. */
  stats(): Promise<Stats> {
    this.#stats ??= this.#handle.stat();
    return this.#stats;
  }

  /** What was renamed in it is on the disk then (fsync(2)). */
  async sync(): Promise<void> {
    const handle = await this.#syncable();
    await unless(handle?.sync() ?? Promise.resolve(), ["EINVAL", "ENOTSUP", "EBADF"], undefined);
  }

  /** Null: one that cannot be listed cannot be opened for this either. */
  #syncable(): Promise<FileHandle | null> {
    if (this.lookup === "path") return Promise.resolve(this.#handle);
    this.#listed ??= this.#list();
    return this.#listed;
  }

  async #list(): Promise<FileHandle | null> {
    try {
      return await unless(fs.open(this.path, O_RDONLY | O_DIRECTORY), ["EACCES"], null);
    } catch (error) {
      this.#listed = null;
      throw error;
    }
  }

  /**
   * For one more, who closes it too. Its number is in all that is looked up in it: closed too early,
   * it would be another folder's.
   */
  hold(): this {
    if (this.#holders === 0) throw new Error("the store is closed");
    this.#holders++;
    return this;
  }

  async close(): Promise<void> {
    if (--this.#holders > 0) return;
    const listed = await this.#listed?.catch(() => null);
    await together([this.#handle.close(), listed?.close() ?? Promise.resolve()]);
  }
}

/** Where a path has led: `name` in `folder`, and what is there. The root is "." in itself. */
export class Place {
  readonly folder: Folder;
  readonly name: string;
  /** Null: nothing is there. */
  readonly stats: Stats | null;

  constructor(folder: Folder, name: string, stats: Stats | null) {
    this.folder = folder;
    this.name = name;
    this.stats = stats;
  }

  /** The same for all who want this name in this folder: they take turns. */
  async turn(): Promise<string> {
    return `${uniqueOf(await this.folder.stats())}/${this.name}`;
  }

  leave(): Promise<void> {
    return this.folder.close();
  }
}

/** What leaves the root is not told from what is not there. */
export function notFound(syscall: string): NodeJS.ErrnoException {
  return Object.assign(new Error("ENOENT: not below the root"), { code: "ENOENT", syscall });
}

/** Whether clients see it: no links, which were followed before, no devices, FIFOs and sockets. */
export function isShown(stats: Stats | null): stats is Stats {
  return stats !== null && (stats.isFile() || stats.isDirectory());
}

export function isSameFile(one: Stats, other: Stats): boolean {
  return one.ino === other.ino && one.dev === other.dev;
}

export function uniqueOf({ dev, ino }: Stats): string {
  return `${dev.toString(36)}.${ino.toString(36)}`;
}

/**
 * Opens a file to read it, and nothing but a file: FIFOs, devices and links are told by lstat. One
 * that gets there meanwhile is opened without waiting for it, and closed as soon as it is known.
 */
export async function openFile({ folder, name, stats }: Place): Promise<[FileHandle, Stats]> {
  if (!isShown(stats)) throw notFound("lstat");
  if (stats.isDirectory()) throw isFolder();
  const { O_NONBLOCK, O_NOCTTY } = constants;
  const handle = await fs.open(folder.at(name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  try {
    const opened = await handle.stat();
    if (opened.isDirectory()) throw isFolder();
    if (!opened.isFile()) throw notFound("fstat");
    await folder.check();
    return [handle, opened];
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function isFolder(): NodeJS.ErrnoException {
  return Object.assign(new Error("EISDIR: a folder"), { code: "EISDIR", syscall: "open" });
}
