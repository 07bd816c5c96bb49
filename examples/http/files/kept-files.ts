/**
 * Small files in memory, so that those which are asked for often are not read each time. Nothing of
 * it is sent before a look has said that the file is still in the state in which it was read.
 */
import { isSameState } from "./entity-tag.ts";
import type { Entry } from "../../files/file-store.ts";

/** Bytes of a file that is read and sent as a whole; larger ones are sent piece by piece. */
export const WHOLE_BYTES = 128 * 1024;
/** Bytes of all files in memory, unless said; those that were asked for longest ago leave first. */
export const KEPT_BYTES = 64 * 1024 * 1024;

/** What a file counts for besides its bytes, so that empty ones are bounded too. */
const OVERHEAD_BYTES = 512;

export interface KeptFile {
  readonly entry: Entry;
  /** Never changed: those who send them share them. */
  readonly bytes: Buffer;
}

export class KeptFiles<T extends KeptFile> {
  readonly #maxBytes: number;
  /** By path, in the order in which they were asked for last. */
  readonly #files = new Map<string, T>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Null: it is not kept in the state of `entry`. */
  get(path: string, entry: Entry): T | null {
    const file = this.#files.get(path);
    if (file === undefined) return null;
    this.#drop(path, file);
    if (!isSameState(file.entry, entry)) return null;
    this.#add(path, file);
    return file;
  }

  keep(path: string, file: T): void {
    const old = this.#files.get(path);
    if (old !== undefined) this.#drop(path, old);
    this.#add(path, file);
    for (const [oldest, leaving] of this.#files) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#drop(oldest, leaving);
    }
  }

  #add(path: string, file: T): void {
    this.#files.set(path, file);
    this.#bytes += costOf(path, file);
  }

  #drop(path: string, file: T): void {
    this.#files.delete(path);
    this.#bytes -= costOf(path, file);
  }
}

function costOf(path: string, { bytes }: KeptFile): number {
  return bytes.length + path.length + OVERHEAD_BYTES;
}
