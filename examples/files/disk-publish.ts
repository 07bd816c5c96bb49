/** How a file gets its name: whole, and in one order for all who want the same one. */
import fs from "node:fs/promises";

import { systemCode, unless } from "./disk-error.ts";

/** What file systems without hard links say. */
const NO_LINKS = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"];

/** One at a time for each key, in the order of the calls. */
export class Turns {
  readonly #last = new Map<string, Promise<void>>();

  async take<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key);
    const mine = (before ?? Promise.resolve()).then(work);
    const over = mine.then(
      () => undefined,
      () => undefined,
    );
    this.#last.set(key, over);
    try {
      return await mine;
    } finally {
      if (this.#last.get(key) === over) this.#last.delete(key);
    }
  }
}

/** Gives a file another name, unless something has it: EEXIST. */
export async function moveToFreeName(from: string, to: string): Promise<void> {
  if (await takeFreeName(from, to)) await leaveName(from);
}

/**
 * The same, but for the last step: true if it has its old name too, which it must leave then.
 *
 * rename(2) would replace what is there, and Node has no `renameat2`; link(2) does not. Without hard
 * links it is looked for, which is exact only among those who take turns.
 */
export async function takeFreeName(from: string, to: string): Promise<boolean> {
  try {
    await fs.link(from, to);
    return true;
  } catch (error) {
    if (!NO_LINKS.includes(systemCode(error) ?? "")) throw error;
    if ((await unless(fs.lstat(to), ["ENOENT"], null)) !== null) throw nameTaken();
    await fs.rename(from, to);
    return false;
  }
}

/** After a crash before this, `cleanUp()` takes it away. */
export async function leaveName(name: string): Promise<void> {
  await unless(fs.unlink(name), ["ENOENT"], undefined);
}

function nameTaken(): NodeJS.ErrnoException {
  return Object.assign(new Error("EEXIST: the name is taken"), { code: "EEXIST", syscall: "link" });
}
