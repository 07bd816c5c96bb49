/** How a file gets its name: whole, and in one order for all who want the same one. */
import { constants } from "node:fs";
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

/**
 * Gives a file another name, unless something has it: EEXIST. rename(2) would replace it, and
 * Node has no `renameat2`; link(2) does not. Without hard links it is looked for, which is exact
 * only among those who take turns.
 */
export async function moveToFreeName(from: string, to: string): Promise<void> {
  try {
    await fs.link(from, to);
  } catch (error) {
    if (!NO_LINKS.includes(systemCode(error) ?? "")) throw error;
    if ((await unless(fs.lstat(to), ["ENOENT"], null)) !== null) throw nameTaken();
    await fs.rename(from, to);
    return;
  }
  // It has its name. The old one too until now: after a crash here, `cleanUp()` takes it away.
  await unless(fs.unlink(from), ["ENOENT"], undefined);
}

function nameTaken(): NodeJS.ErrnoException {
  return Object.assign(new Error("EEXIST: the name is taken"), { code: "EEXIST", syscall: "link" });
}

/** What was renamed in a folder is on the disk once the folder is (fsync(2)). */
export async function syncFolder(path: string): Promise<void> {
  // One that cannot be listed cannot be opened for this either.
  const handle = await unless(
    fs.open(path, constants.O_RDONLY | constants.O_DIRECTORY),
    ["EACCES"],
    null,
  );
  if (handle === null) return;
  try {
    await unless(handle.sync(), ["EINVAL", "ENOTSUP", "EBADF"], undefined);
  } finally {
    await handle.close();
  }
}
