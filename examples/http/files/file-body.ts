/**
 * Bytes of a large file on their way to a client: read when those before have left, so that there
 * is never more than one piece of them in memory. The last piece waits for a look at the file: if
 * it was changed while it was read, the answer is broken off rather than wrong.
 */
import { FileSource } from "../../files/file-source.ts";
import { LARGE_BYTES, type BufferPool } from "../../files/buffer-pool.ts";
import { StoreError, type Entry, type FileStore } from "../../files/file-store.ts";
import type { HttpResponse } from "../server/http-response.ts";
import { isSameState } from "./entity-tag.ts";
import type { Lookups } from "./lookups.ts";
import { lengthOf, type Piece, type Range } from "./ranges.ts";

export interface FileBodySettings {
  readonly store: FileStore;
  readonly lookups: Lookups;
  readonly pool: BufferPool;
  readonly now: () => number;
}

export class FileBody {
  readonly #settings: FileBodySettings;
  readonly #path: string;
  readonly #entry: Entry;
  readonly #pieces: readonly Piece[];
  #source: FileSource | null = null;
  /** The last piece may not have left. */
  #inUse = false;

  /** `entry`: the state in which the file must be. */
  constructor(
    settings: FileBodySettings,
    file: { readonly path: string; readonly entry: Entry; readonly pieces: readonly Piece[] },
  ) {
    this.#settings = settings;
    this.#path = file.path;
    this.#entry = file.entry;
    this.#pieces = file.pieces;
  }

  /** Before the head is sent. Throws StoreError; `changed`: it is in another state by now. */
  async open(): Promise<void> {
    const first = this.#pieces.find((piece) => typeof piece !== "string");
    if (first !== undefined) await this.#openAt(first.start);
  }

  /** All of it. Throws StoreError, and what `response.write` rejects with. */
  async sendTo(response: HttpResponse): Promise<void> {
    const last = this.#pieces.findLastIndex((piece) => typeof piece !== "string");
    for (const [i, piece] of this.#pieces.entries()) {
      if (typeof piece === "string") await response.write(piece);
      else await this.#sendRange(piece, response, i === last);
    }
  }

  async close(): Promise<void> {
    const source = this.#source;
    this.#source = null;
    await source?.close(this.#inUse);
  }

  async #sendRange(range: Range, response: HttpResponse, isLast: boolean): Promise<void> {
    if (this.#source === null) await this.#openAt(range.start);
    for (let left = lengthOf(range); left > 0;) {
      const piece = await this.#source!.next(Math.min(left, LARGE_BYTES));
      if (piece === null) throw new StoreError("changed", this.#path);
      left -= piece.length;
      if (left === 0 && isLast) await this.#check();
      this.#inUse = true;
      await response.write(piece);
      this.#inUse = false;
    }
    await this.close();
  }

  async #openAt(offset: number): Promise<void> {
    const { store, lookups, pool, now } = this.#settings;
    const reader = await store.openReader(this.#path, offset);
    this.#source = new FileSource(reader, { offset, pool, now });
    const { entry } = await lookups.look(this.#path);
    if (!isStillOf(this.#entry, entry)) throw new StoreError("changed", this.#path);
  }

  /** What has taken its place, or its name, meanwhile, has not touched what is being read. */
  async #check(): Promise<void> {
    const { entry } = await this.#settings.lookups.look(this.#path).catch((error: unknown) => {
      if (error instanceof StoreError) return { entry: null };
      throw error;
    });
    if (entry?.unique !== this.#entry.unique) return;
    if (!isStillOf(this.#entry, entry)) throw new StoreError("changed", this.#path);
  }
}

/** Whether the bytes that `before` had are what the file begins with: it may have been appended to. */
export function isStillOf(before: Entry, now: Entry): boolean {
  if (isSameState(before, now)) return true;
  return now.kind === "file" && now.unique === before.unique && now.size > before.size;
}
