/** A file of the disk that is being read, as long as it was when it was opened. */
import type { FileHandle } from "node:fs/promises";

import { told } from "./disk-error.ts";
import { StoreError, type Reader } from "./file-store.ts";

export class DiskReader implements Reader {
  readonly size: number;
  readonly #path: string;
  readonly #handle: FileHandle;
  #offset: number;
  #closed: Promise<void> | null = null;

  constructor(path: string, handle: FileHandle, offset: number, size: number) {
    this.#path = path;
    this.#handle = handle;
    this.#offset = offset;
    this.size = size;
  }

  read(into: Buffer): Promise<number> {
    const most = Math.min(into.length, this.size - this.#offset);
    if (most === 0) return Promise.resolve(0);
    return told(this.#path, async () => {
      const { bytesRead } = await this.#handle.read(into, 0, most, this.#offset);
      if (bytesRead === 0) throw new StoreError("changed", this.#path);
      this.#offset += bytesRead;
      return bytesRead;
    });
  }

  close(): Promise<void> {
    // The handle waits for the reads that run.
    this.#closed ??= this.#handle.close();
    return this.#closed;
  }
}
