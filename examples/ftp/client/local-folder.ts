/** The folder of this machine in which a person stands, as `!cd` moves it: no other program's. */
import { mkdir, readdir, stat } from "node:fs/promises";
import { resolve } from "node:path";

import { localFailure } from "./failure-causes.ts";
import { ClientFailure } from "./failure.ts";
import type { RemoteEntry } from "./remote-entry.ts";
import { shownName } from "./shown-name.ts";

export class LocalFolder {
  readonly #home: string;
  #path: string;

  /** `home`: what `~` stands for. */
  constructor(path: string, home: string) {
    this.#path = path;
    this.#home = home;
  }

  get path(): string {
    return this.#path;
  }

  /** The absolute path of what was typed. */
  resolve(typed: string): string {
    const isHome = typed === "~" || typed.startsWith("~/");
    return isHome ? resolve(this.#home, `.${typed.slice(1)}`) : resolve(this.#path, typed);
  }

  async enter(folder: string): Promise<void> {
    if (!(await this.isFolder(folder))) {
      throw new ClientFailure("no-file", `${shownName(folder)}: there is no such folder here`);
    }
    this.#path = this.resolve(folder);
  }

  async isFolder(path: string): Promise<boolean> {
    try {
      return (await stat(this.resolve(path))).isDirectory();
    } catch {
      return false;
    }
  }

  make(folder: string): Promise<void> {
    return told(folder, () => mkdir(this.resolve(folder)));
  }

  /** Links are what they lead to. */
  list(folder: string): Promise<RemoteEntry[]> {
    return told(folder, async () => {
      const path = this.resolve(folder);
      const names = await readdir(path);
      return Promise.all(names.map((name) => entryOf(path, name)));
    });
  }

  /** With what is known without a look at each: links are links. */
  async names(folder: string): Promise<RemoteEntry[]> {
    const entries = await told(folder, () => {
      return readdir(this.resolve(folder), { withFileTypes: true });
    });
    return entries.map((entry) => ({
      name: entry.name,
      kind: entry.isDirectory() ? "folder" : entry.isFile() ? "file" : "link",
      ...UNKNOWN,
    }));
  }
}

const UNKNOWN = { size: null, modifiedMs: null };

async function entryOf(folder: string, name: string): Promise<RemoteEntry> {
  try {
    const found = await stat(resolve(folder, name));
    const kind = found.isDirectory() ? "folder" : found.isFile() ? "file" : "other";
    const size = kind === "file" ? found.size : null;
    return { name, kind, size, modifiedMs: found.mtimeMs };
  } catch {
    return { name, kind: "link", ...UNKNOWN };
  }
}

async function told<T>(path: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw localFailure(error, path);
  }
}
