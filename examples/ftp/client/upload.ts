/** A local file that is sent, piece by piece. */
import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";

import { printable } from "../replies.ts";
import { ClientFailure } from "./failure.ts";
import { localFailure } from "./failure-causes.ts";

export class Upload {
  readonly size: number;
  readonly modifiedMs: number;
  readonly #local: string;
  readonly #file: FileHandle;
  #position = 0;

  private constructor(local: string, file: FileHandle, size: number, modifiedMs: number) {
    this.#local = local;
    this.#file = file;
    this.size = size;
    this.modifiedMs = modifiedMs;
  }

  static async open(local: string): Promise<Upload> {
    try {
      // Of a pipe that nobody writes to, open(2) would wait.
      const file = await open(local, constants.O_RDONLY | constants.O_NONBLOCK);
      const { size, mtimeMs, ...kind } = await file.stat().then((stat) => ({
        size: stat.size,
        mtimeMs: stat.mtimeMs,
        isFile: stat.isFile(),
      }));
      if (kind.isFile) return new Upload(local, file, size, mtimeMs);
      await file.close();
      throw new ClientFailure("misuse", `${printable(local)} is no regular file: name a file`);
    } catch (error) {
      throw localFailure(error, local);
    }
  }

  /** Bytes from the beginning that are sent, or need not be. */
  get position(): number {
    return this.#position;
  }

  seek(position: number): void {
    this.#position = position;
  }

  /** A new buffer. Null: that was all. What grows is read a little further, and not without end. */
  async next(maxBytes: number): Promise<Buffer | null> {
    if (this.#position > this.size) return null;
    try {
      const piece = Buffer.allocUnsafeSlow(maxBytes);
      const { bytesRead } = await this.#file.read(piece, 0, maxBytes, this.#position);
      this.#position += bytesRead;
      return bytesRead === 0 ? null : piece.subarray(0, bytesRead);
    } catch (error) {
      throw localFailure(error, this.#local);
    }
  }

  /** Whether it is as long as it was, all of that was read, and nobody has written to it since. */
  async isUnchanged(): Promise<boolean> {
    try {
      const { size, mtimeMs } = await this.#file.stat();
      return size === this.size && mtimeMs === this.modifiedMs && this.#position === size;
    } catch (error) {
      throw localFailure(error, this.#local);
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
