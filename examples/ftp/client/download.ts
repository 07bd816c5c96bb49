/**
 * A local file that comes: it grows beside its place under a name that says so, readable by nobody
 * else, and gets its own name when it is whole and on the disk. What is left of a broken one is
 * gone on with, if it is known to be of the same file.
 *
 *   NAME.20261121203000-0b1d2c3e.part   the server's time of the file stands in it, and a hash of
 *   NAME.0b1d2c3e.part                  where it is, so that whatever ends this process, the next
 *                                       one knows what the half file is half of
 */
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { lstat, open, readdir, rename, unlink, type FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

import { formatTime } from "../listing.ts";
import { ClientFailure } from "./failure.ts";
import { localFailure } from "./failure-causes.ts";
import { printable } from "../replies.ts";

/** Bytes of a name on the disk (NAME_MAX of most file systems). */
const MAX_NAME_BYTES = 255;
/** `.20261121203000-0b1d2c3e.part` */
const ENDING_BYTES = 29;
/** Hexadecimal digits of the hash of where it is. */
const ORIGIN_DIGITS = 8;
const PRIVATE_MODE = 0o600;
const NEW_MODE = 0o666;

const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK } = constants;

export interface DownloadSettings {
  /** Where the remote file is: server, user and path. Halves of others are not its own. */
  readonly origin: string;
  /** Bytes of the remote file; null: nobody knows. */
  readonly size: number | null;
  /** When it was changed last; null: nobody knows. */
  readonly modifiedMs: number | null;
  readonly resume: boolean;
}

export class Download {
  readonly #local: string;
  readonly #part: string;
  #file: FileHandle;
  readonly #mode: number;
  #length: number;

  private constructor(local: string, part: string, file: FileHandle, mode: number, length: number) {
    this.#local = local;
    this.#part = part;
    this.#file = file;
    this.#mode = mode;
    this.#length = length;
  }

  /** Rejects with a `ClientFailure` if `local` cannot be written. */
  static async open(local: string, settings: DownloadSettings): Promise<Download> {
    try {
      const mode = await modeOf(local);
      const part = join(dirname(local), partName(basename(local), settings));
      const kept = settings.resume ? await openKept(part, settings.size) : null;
      if (kept !== null) {
        const { size } = await kept.stat();
        return new Download(local, part, kept, mode, size);
      }
      await removeParts(local, settings.origin);
      return new Download(local, part, await openNew(part), mode, 0);
    } catch (error) {
      throw localFailure(error, local);
    }
  }

  /** Bytes that are there. */
  get length(): number {
    return this.#length;
  }

  async write(bytes: Buffer): Promise<void> {
    try {
      let rest = bytes;
      while (rest.length > 0) {
        const { bytesWritten } = await this.#file.write(rest, 0, rest.length, this.#length);
        this.#length += bytesWritten;
        rest = rest.subarray(bytesWritten);
      }
    } catch (error) {
      throw localFailure(error, this.#local);
    }
  }

  /** What is there is forgotten. Somebody else may write to it: to cut it would leave him a hole. */
  async beginAnew(): Promise<void> {
    try {
      await unlink(this.#part);
      const file = await openNew(this.#part);
      await this.#file.close();
      this.#file = file;
      this.#length = 0;
    } catch (error) {
      throw localFailure(error, this.#local);
    }
  }

  /** It is whole. */
  async commit(): Promise<void> {
    try {
      await this.#file.chmod(this.#mode);
      await this.#file.sync();
      await this.#checkOurs();
      await rename(this.#part, this.#local);
      await this.#file.close();
      await syncFolder(dirname(this.#local));
    } catch (error) {
      throw localFailure(error, this.#local);
    }
  }

  /** Somebody else who gets the same file may have put his own in its place. */
  async #checkOurs(): Promise<void> {
    if (await this.#isOurs()) return;
    const text = `${printable(this.#part)} is somebody else's now: see who else gets this file`;
    throw new ClientFailure("local-error", text);
  }

  async #isOurs(): Promise<boolean> {
    const there = await lstat(this.#part).catch(() => null);
    const ours = await this.#file.stat();
    return there !== null && ours.ino === there.ino && ours.dev === there.dev;
  }

  /** It is not whole. Answers where the half of it is, or null: there is nothing of it. */
  async keep(): Promise<string | null> {
    try {
      const isOurs = await this.#isOurs();
      await this.#file.close();
      if (!isOurs) return null;
      if (this.#length > 0) return this.#part;
      await unlink(this.#part);
    } catch {
      // Something else has failed already, and is told.
    }
    return null;
  }
}

/** What the file will have. A device, or a pipe, would be replaced by a file. */
async function modeOf(local: string): Promise<number> {
  const there = await lstat(local).catch((error: unknown) => {
    if ((error as { code?: unknown }).code === "ENOENT") return null;
    throw error;
  });
  if (there === null || there.isSymbolicLink()) return NEW_MODE & ~umask();
  if (there.isFile()) return there.mode & 0o777;
  const text = there.isDirectory() ? "a folder" : "no regular file";
  throw new ClientFailure("misuse", `${printable(local)} is ${text}: name a file`);
}

/** To ask for it is to set it twice, which only a file that is opened meanwhile notices: ours is not. */
function umask(): number {
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- there is no other way to ask
  return process.umask();
}

function partName(name: string, { modifiedMs, origin }: DownloadSettings): string {
  const stamp = modifiedMs === null ? "" : `${formatTime(modifiedMs)}-`;
  return `${rootOf(name)}.${stamp}${hashOf(origin, ORIGIN_DIGITS)}.part`;
}

function hashOf(text: string, digits: number): string {
  return createHash("sha256").update(text).digest("hex").slice(0, digits);
}

function openNew(part: string): Promise<FileHandle> {
  return open(part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, PRIVATE_MODE);
}

/** What the names of all parts begin with. A long name is cut, and told from others by its hash. */
function rootOf(name: string): string {
  const room = MAX_NAME_BYTES - ENDING_BYTES;
  if (Buffer.byteLength(name) <= room) return name;
  const hash = hashOf(name, 16);
  let cut = name;
  while (Buffer.byteLength(cut) > room - hash.length - 1)
    cut = Array.from(cut).slice(0, -1).join("");
  return `${cut}~${hash}`;
}

/** The half file, if it can be gone on with: ours, and no longer than the whole. */
async function openKept(part: string, size: number | null): Promise<FileHandle | null> {
  let file: FileHandle;
  try {
    file = await open(part, O_WRONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch {
    return null;
  }
  const there = await file.stat();
  const ours = there.isFile() && there.uid === process.getuid?.();
  if (ours && size !== null && there.size <= size) {
    await file.chmod(PRIVATE_MODE);
    return file;
  }
  await file.close();
  return null;
}

/** Halves of the same file, of whatever time. */
async function removeParts(local: string, origin: string): Promise<void> {
  const root = rootOf(basename(local));
  const folder = dirname(local);
  const ending = new RegExp(`^\\.(?:\\d{14}-)?${hashOf(origin, ORIGIN_DIGITS)}\\.part$`);
  for (const name of await readdir(folder)) {
    if (!name.startsWith(root) || !ending.test(name.slice(root.length))) continue;
    await unlink(join(folder, name));
  }
}

/** Or the new name may be gone after a crash. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
