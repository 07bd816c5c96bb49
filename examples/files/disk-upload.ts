/**
 * An upload: written to a file of its own in the folder where it will be, synced, then renamed.
 * Until then its name is hidden, so that a broken one leaves the old file as it was.
 */
import { constants, type Stats } from "node:fs";
import fs, { type FileHandle } from "node:fs/promises";

import { together, told, unless } from "./disk-error.ts";
import { isSameFile, openFile, type Place } from "./disk-folder.ts";
import { leaveName, takeFreeName, type Turns } from "./disk-publish.ts";
import { StoreError, type Upload, type UploadMode } from "./file-store.ts";

/** Bytes that are copied at a time when an upload goes on from a file. */
export const COPY_BYTES = 256 * 1024;

/** Rights of a file that others may keep; set-user-id and the like are not handed on. */
const RIGHTS = 0o777;

export interface UploadSettings {
  readonly path: string;
  readonly mode: UploadMode;
  /** Where it will be. Left by the upload. */
  readonly place: Place;
  readonly temporary: string;
  readonly turns: Turns;
  /** Synced before it is published: else a crash of the machine can lose it. */
  readonly durable: boolean;
}

export class DiskUpload implements Upload {
  readonly #settings: UploadSettings;
  readonly #handle: FileHandle;
  readonly #base: Stats | null;
  #size = 0;
  #synced = false;
  #lost: { readonly error: unknown } | null = null;
  #over = false;
  #discarding: Promise<void> | null = null;
  #closing: Promise<void> | null = null;
  #last: Promise<void>;

  private constructor(settings: UploadSettings, handle: FileHandle, base: Base | null) {
    this.#settings = settings;
    this.#handle = handle;
    this.#base = base?.stats ?? null;
    // In the background: it can take long, and is heard of by who writes or commits.
    this.#last = base === null ? Promise.resolve() : this.#copy(base);
  }

  /** Leaves the place if it throws. */
  static async open(settings: UploadSettings): Promise<DiskUpload> {
    const { place } = settings;
    let base: Base | null = null;
    try {
      base = await openBase(settings);
      const handle = await createTemporary(settings, base?.stats ?? place.stats);
      return new DiskUpload(settings, handle, base);
    } catch (error) {
      await base?.handle.close();
      await place.leave();
      throw error;
    }
  }

  get path(): string {
    return this.#settings.path;
  }

  write(bytes: Uint8Array | readonly Uint8Array[]): Promise<void> {
    return this.#next(() => this.#append(bytes instanceof Uint8Array ? [bytes] : bytes));
  }

  sync(): Promise<void> {
    return this.#next(() => this.#sync());
  }

  async commit(): Promise<void> {
    await this.#next(async () => {
      await this.#sync();
      await this.#publish();
      this.#over = true;
    }).catch(async (error: unknown) => {
      await this.discard();
      throw error;
    });
    await this.#leave();
  }

  discard(): Promise<void> {
    this.#discarding ??= this.#last.then(() => this.#remove());
    return this.#discarding;
  }

  /** After what was called before. What fails makes the whole upload fail. */
  #next(work: () => Promise<void>): Promise<void> {
    const result = this.#last.then(async () => {
      if (this.#lost !== null) throw this.#lost.error;
      if (this.#over || this.#discarding !== null)
        throw new StoreError("failed", this.path, "it is over");
      await told(this.path, work);
    });
    this.#last = result.catch((error: unknown) => {
      this.#lost ??= { error };
    });
    return result;
  }

  async #sync(): Promise<void> {
    if (this.#settings.durable && !this.#synced) await this.#handle.sync();
    this.#synced = true;
  }

  /** A system call may take less than all, as just before the disk is full. */
  async #append(pieces: readonly Uint8Array[]): Promise<void> {
    this.#synced = false;
    for (let left = pieces; left.length > 0;) {
      const { bytesWritten } = await this.#handle.writev(left, this.#size);
      this.#size += bytesWritten;
      left = without(left, bytesWritten);
    }
  }

  async #copy({ handle, length }: Base): Promise<void> {
    try {
      await told(this.path, async () => {
        const buffer = Buffer.allocUnsafeSlow(Math.min(COPY_BYTES, length));
        while (this.#size < length && this.#discarding === null) {
          const most = Math.min(buffer.length, length - this.#size);
          const { bytesRead } = await handle.read(buffer, 0, most, this.#size);
          if (bytesRead === 0) throw new StoreError("changed", this.path);
          await this.#append([buffer.subarray(0, bytesRead)]);
        }
      });
    } catch (error) {
      this.#lost = { error };
    } finally {
      await handle.close();
    }
  }

  async #publish(): Promise<void> {
    const { place, temporary, mode, turns, durable } = this.#settings;
    const { folder, name } = place;
    await folder.check();
    const [from, to] = [folder.at(temporary), folder.at(name)];
    const closing = this.#close();
    const isTwice = await turns.take(await place.turn(), async () => {
      if (mode.kind === "new" || mode.kind === "unique") return takeFreeName(from, to);
      if (mode.kind !== "replace") {
        const now = await unless(fs.lstat(to), ["ENOENT"], null);
        if (!isUnchanged(this.#base, now)) throw new StoreError("changed", this.path);
        if (now === null) return takeFreeName(from, to);
      }
      await fs.rename(from, to);
      return false;
    });
    const rest = [closing];
    if (isTwice) rest.push(leaveName(from));
    if (durable) rest.push(folder.sync());
    await together(rest);
  }

  async #remove(): Promise<void> {
    if (this.#over) return;
    const { path, place, temporary } = this.#settings;
    await told(path, async () => {
      await unless(fs.unlink(place.folder.at(temporary)), ["ENOENT"], undefined);
    }).finally(() => this.#leave());
  }

  /** What close(2) could say is about bytes that were synced before, or that nobody wants. */
  #close(): Promise<void> {
    this.#closing ??= this.#handle.close().catch(() => undefined);
    return this.#closing;
  }

  async #leave(): Promise<void> {
    await this.#close();
    await this.#settings.place.leave();
  }
}

/** The file that an upload goes on from. */
interface Base {
  readonly handle: FileHandle;
  readonly stats: Stats;
  /** Bytes of it that are kept. */
  readonly length: number;
}

/** Null: the upload begins with nothing. */
async function openBase({ path, mode, place }: UploadSettings): Promise<Base | null> {
  if (mode.kind !== "resume" && mode.kind !== "append") return null;
  const offset = mode.kind === "resume" ? mode.offset : 0;
  if (place.stats === null && offset === 0) return null;
  const [handle, stats] = await openFile(place);
  const length = mode.kind === "resume" ? offset : stats.size;
  if (length <= stats.size) return { handle, stats, length };
  await handle.close();
  throw new StoreError("past-end", path);
}

/** With the rights of the file whose place it will take. */
async function createTemporary(
  { place: { folder }, temporary }: UploadSettings,
  old: Stats | null,
): Promise<FileHandle> {
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
  const handle = await fs.open(folder.at(temporary), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW);
  try {
    await folder.check();
    if (old !== null) await handle.chmod(old.mode & RIGHTS);
    return handle;
  } catch (error) {
    await handle.close();
    await fs.unlink(folder.at(temporary));
    throw error;
  }
}

function isUnchanged(base: Stats | null, now: Stats | null): boolean {
  if (base === null || now === null) return base === now;
  return isSameFile(base, now) && base.size === now.size && base.mtimeMs === now.mtimeMs;
}

/** What is left of `pieces` behind the first `bytes`. */
function without(pieces: readonly Uint8Array[], bytes: number): readonly Uint8Array[] {
  let skipped = 0;
  for (const [i, piece] of pieces.entries()) {
    if (skipped + piece.length > bytes) {
      return [piece.subarray(bytes - skipped), ...pieces.slice(i + 1)];
    }
    skipped += piece.length;
  }
  return [];
}
