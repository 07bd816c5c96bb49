/** The walk to a folder, name by name: disk-folder.ts says why. */
import fs from "node:fs/promises";

import { together, unless, unlessSystem } from "./disk-error.ts";
import { isShown, notFound, Place, type Folder } from "./disk-folder.ts";
import { KeptFolders } from "./disk-kept.ts";

/** Links on the way to one file, as for the kernel (path_resolution(7)). */
export const MAX_LINKS = 40;

export class Tree {
  readonly root: Folder;
  /** The path of the root: links to it are links into it. */
  readonly #path: string;
  /** By path nothing is kept: it would be looked up as often. */
  readonly #kept: KeptFolders | null;

  constructor(root: Folder, path: string) {
    this.root = root;
    this.#path = path;
    this.#kept = root.lookup === "handle" ? new KeptFolders(root) : null;
  }

  /**
   * Walks to the folder of the last name. If that is a link itself, it is followed unless
   * `keepLast`. The place must be left.
   *
   * @throws ENOENT if a folder on the way is missing, is none, or a link leaves the root.
   */
  async locate(names: readonly string[], keepLast = false): Promise<Place> {
    // Held, so that a store that is closed meanwhile lets this come to its end.
    const walk = new Walk(this.root, this.#path, this.#kept, names);
    try {
      let place = await this.#locateByKept(names, keepLast);
      if (place !== null) await walk.leave();
      while (place === null) place = await walk.step(keepLast);
      return place;
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

  /** Places that were located can still be used and left. */
  async close(): Promise<void> {
    await together([this.#kept?.close() ?? Promise.resolve(), this.root.close()]);
  }

  /** The same in one step, if the folder is kept. Null: it must be walked to. */
  async #locateByKept(names: readonly string[], keepLast: boolean): Promise<Place | null> {
    const [before, name] = [names.slice(0, -1), names.at(-1)];
    if (name === undefined || this.#kept === null) return null;
    const way = this.#kept.find(before);
    if (way === null) return null;
    try {
      // What is there is told to nobody before it is known that this is still the folder.
      const looking = unlessSystem(
        unless(fs.lstat(way.folder.at(name)), ["ENOENT"], null),
        undefined,
      );
      const [isStill, stats] = await Promise.all([way.isStill(), looking]);
      if (!isStill) this.#kept.forget(before);
      const isLink = stats?.isSymbolicLink() === true && !keepLast;
      if (!isStill || stats === undefined || isLink) return null;
      return new Place(way.folder.hold(), name, stats);
    } finally {
      await way.leave();
    }
  }
}

class Walk {
  readonly #root: Folder;
  readonly #rootPath: string;
  readonly #kept: KeptFolders | null;
  #folder: Folder;
  /** Names of folders, not of links, that lead from the root to `#folder`. */
  #behind: string[] = [];
  #ahead: string[];
  #links = 0;

  constructor(root: Folder, rootPath: string, kept: KeptFolders | null, names: readonly string[]) {
    this.#root = root;
    this.#rootPath = rootPath;
    this.#kept = kept;
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
    this.#kept?.keep(this.#behind, next);
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
