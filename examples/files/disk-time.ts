/** When a file was changed, as its disk can keep it. */
import type { Stats } from "node:fs";
import fs from "node:fs/promises";

import { StoreError } from "./file-store.ts";

/** File systems round: FAT, the coarsest, to two seconds. */
const ROUNDING_MS = 2_000;

/**
 * The system reports success for times that a file system cannot keep, and sets the nearest one
 * that it can: ext4 ends in 1901 and in 2446. So the time is read back, and the old one put back if
 * it is another. `path` is the system's, `virtual` the client's.
 *
 * @throws StoreError `forbidden`: the disk does not keep this time.
 */
export async function setTime(
  path: string,
  virtual: string,
  { old, modifiedMs }: { readonly old: Stats; readonly modifiedMs: number },
): Promise<void> {
  // Not as a number: Node takes one below 0 for the time that it is now.
  const time = new Date(modifiedMs);
  await fs.lutimes(path, time, time);
  const { mtimeMs } = await fs.lstat(path);
  if (Math.abs(mtimeMs - modifiedMs) < ROUNDING_MS) return;
  await fs.lutimes(path, old.atime, old.mtime);
  throw new StoreError("forbidden", virtual, "the file system does not keep this time");
}
