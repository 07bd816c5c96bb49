/**
 * Folders that are held open while something is done in them, and the walk to them.
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

import { unless } from "./disk-error.ts";

/** Links on the way to one file, as for the kernel (path_resolution(7)). */
export const MAX_LINKS = 40;

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;
/** Linux: to look names up in a folder needs no right to list it. Node does not name the flag. */
const O_PATH = 0o10000000;

/** How names are looked up: in the open folder itself, or by its path. */
export type Lookup = "handle" | "path";

export class Folder {
  /** What the system takes for this folder. */
  readonly path: string;
  readonly #handle: FileHandle;
  readonly #lookup: Lookup;
  #holders = 1;

  private constructor(handle: FileHandle, path: string, lookup: Lookup) {
    this.#handle = handle;
    this.#lookup = lookup;
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
    return Folder.open(this.at(name), this.#lookup);
  }

  /** By path: no link has got into it, and it still leads here. */
  async check(): Promise<void> {
    if (this.#lookup === "handle") return;
    const [real, there, held] = await Promise.all([
      fs.realpath(this.path),
      fs.lstat(this.path),
      this.#handle.stat(),
    ]);
    if (real !== this.path || !isSameFile(there, held)) throw notFound("realpath");
  }

  /** The same for all that hold this folder. */
  async identity(): Promise<string> {
    return uniqueOf(await this.#handle.stat());
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
    if (--this.#holders === 0) await this.#handle.close();
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
    return `${await this.folder.identity()}/${this.name}`;
  }

  leave(): Promise<void> {
    return this.folder.close();
  }
}

export class Tree {
  readonly root: Folder;
  /** The path of the root: links to it are links into it. */
  readonly #path: string;

  constructor(root: Folder, path: string) {
    this.root = root;
    this.#path = path;
  }

  /**
   * Walks to the folder of the last name. If that is a link itself, it is followed unless
   * `keepLast`. The place must be left.
   *
   * @throws ENOENT if a folder on the way is missing, is none, or a link leaves the root.
   */
  async locate(names: readonly string[], keepLast = false): Promise<Place> {
    const walk = new Walk(this.root, this.#path, names);
    try {
      for (;;) {
        const place = await walk.step(keepLast);
        if (place !== null) return place;
      }
    } catch (error) {
      await walk.leave();
      throw error;
    }
  }

  /** The folder itself. It must be closed. */
  async enter(names: readonly string[]): Promise<Folder> {
    const place = await this.locate(names);
    if (place.name === ".") return place.folder;
    try {
      if (!isShown(place.stats)) throw notFound("lstat");
      return await place.folder.enter(place.name);
    } finally {
      await place.leave();
    }
  }
}

class Walk {
  readonly #root: Folder;
  readonly #rootPath: string;
  #folder: Folder;
  /** Names of folders, not of links, that lead from the root to `#folder`. */
  #behind: string[] = [];
  #ahead: string[];
  #links = 0;

  constructor(root: Folder, rootPath: string, names: readonly string[]) {
    this.#root = root;
    this.#rootPath = rootPath;
    this.#folder = root.hold();
    this.#ahead = [...names];
  }

  async step(keepLast: boolean): Promise<Place | null> {
    const name = this.#ahead[0];
    if (name === undefined) {
      return new Place(this.#folder, ".", await fs.lstat(this.#folder.at(".")));
    }
    if (name === "..") {
      if (this.#behind.length === 0) throw notFound("readlink");
      await this.#startAgain([...this.#behind.slice(0, -1), ...this.#ahead.slice(1)]);
      return null;
    }
    if (this.#ahead.length > 1) {
      await this.#enter(name);
      return null;
    }
    const stats = await unless(fs.lstat(this.#folder.at(name)), ["ENOENT"], null);
    await this.#folder.check();
    if (stats?.isSymbolicLink() !== true || keepLast) {
      return new Place(this.#folder, name, stats);
    }
    await this.#follow(name);
    return null;
  }

  leave(): Promise<void> {
    return this.#folder.close();
  }

  async #enter(name: string): Promise<void> {
    const next = await unless(this.#folder.enter(name), ["ENOTDIR", "ELOOP", "EMLINK"], null);
    if (next === null) {
      await this.#follow(name);
      return;
    }
    this.#behind.push(name);
    this.#ahead.shift();
    await this.#goTo(next);
  }

  async #follow(name: string): Promise<void> {
    if (++this.#links > MAX_LINKS) throw notFound("readlink");
    const target = await unless(fs.readlink(this.#folder.at(name)), ["EINVAL"], null);
    if (target === null) throw notFound("readlink");
    const rest = this.#ahead.slice(1);
    await this.#startAgain([...this.#namesOfTarget(target), ...rest]);
  }

  #namesOfTarget(target: string): string[] {
    const names = (path: string) => path.split("/").filter((name) => name !== "" && name !== ".");
    if (!target.startsWith("/")) return [...this.#behind, ...names(target)];
    const inside = this.#rootPath === "/" ? "/" : `${this.#rootPath}/`;
    if (!`${target}/`.startsWith(inside)) throw notFound("readlink");
    return names(target.slice(inside.length - 1));
  }

  async #startAgain(ahead: string[]): Promise<void> {
    this.#behind = [];
    this.#ahead = ahead;
    await this.#goTo(this.#root.hold());
  }

  async #goTo(folder: Folder): Promise<void> {
    const before = this.#folder;
    this.#folder = folder;
    await before.close();
  }
}

/** What leaves the root is not told from what is not there. */
function notFound(syscall: string): NodeJS.ErrnoException {
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
