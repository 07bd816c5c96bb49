/** An upload of the store in memory. */
import { StoreError } from "./file-store.ts";
import type { StoreErrorCode, Upload, UploadMode } from "./file-store.ts";
import type { MemoryFaults, MemoryFile, MemoryFolder, MemoryOperation } from "./memory-store.ts";

export interface MemoryUploadSettings {
  readonly path: string;
  readonly name: string;
  readonly mode: UploadMode;
  readonly folder: MemoryFolder;
  readonly base: MemoryFile | undefined;
  readonly faults: MemoryFaults;
  readonly wait: (operation: MemoryOperation) => Promise<void>;
  /** Null: there is room for so many bytes. A negative number gives them back. */
  readonly take: (bytes: number) => StoreErrorCode | null;
  readonly publish: (bytes: Buffer) => void;
  readonly left: () => void;
}

export class MemoryUpload implements Upload {
  readonly #settings: MemoryUploadSettings;
  readonly #baseMs: number | undefined;
  readonly #pieces: Buffer[] = [];
  #size = 0;
  #lost: StoreError | null = null;
  #over = false;
  #discarding: Promise<void> | null = null;
  #last = Promise.resolve();

  constructor(settings: MemoryUploadSettings) {
    this.#settings = settings;
    this.#baseMs = settings.base?.modifiedMs;
    const kept = keptOf(settings);
    // Not heard of before the first write, as on the disk.
    const refusal = kept === undefined ? null : this.#add(kept);
    if (refusal !== null) this.#lost = new StoreError(refusal, settings.path);
  }

  get path(): string {
    return this.#settings.path;
  }

  get folder(): MemoryFolder {
    return this.#settings.folder;
  }

  write(bytes: Uint8Array | readonly Uint8Array[]): Promise<void> {
    return this.#next(async () => {
      await this.#settings.wait("write");
      if (this.#settings.faults.writesFail) {
        throw new StoreError("failed", this.path, "writes fail");
      }
      const refusal = this.#add(bytes instanceof Uint8Array ? bytes : Buffer.concat(bytes));
      if (refusal !== null) throw new StoreError(refusal, this.path);
    });
  }

  sync(): Promise<void> {
    return this.#next(() => this.#settings.wait("sync"));
  }

  async commit(): Promise<void> {
    await this.#next(async () => {
      await this.#settings.wait("commit");
      if (this.#lost !== null) throw this.#lost;
      if (this.#settings.faults.commitsFail) {
        throw new StoreError("failed", this.path, "commits fail");
      }
      this.#publish();
    }).catch(async (error: unknown) => {
      await this.discard();
      throw error;
    });
  }

  discard(): Promise<void> {
    this.#discarding ??= this.#last.then(async () => {
      if (this.#over) return;
      await this.#settings.wait("discard");
      this.#settings.take(-this.#size);
      this.#leave();
    });
    return this.#discarding;
  }

  /** The process is gone: nobody can go on with it. */
  lose(): void {
    this.#lost = new StoreError("failed", this.path, "crashed");
  }

  #next(work: () => Promise<void>): Promise<void> {
    const result = this.#last.then(async () => {
      if (this.#lost !== null) throw this.#lost;
      if (this.#over || this.#discarding !== null) {
        throw new StoreError("failed", this.path, "it is over");
      }
      await work();
    });
    this.#last = result.catch((error: unknown) => {
      if (error instanceof StoreError) this.#lost ??= error;
    });
    return result;
  }

  #add(bytes: Uint8Array): StoreErrorCode | null {
    const refusal = this.#settings.take(bytes.length);
    if (refusal !== null) return refusal;
    this.#pieces.push(Buffer.from(bytes));
    this.#size += bytes.length;
    return null;
  }

  #publish(): void {
    const { mode, folder, name, base } = this.#settings;
    const now = folder.children.get(name);
    if (mode.kind === "new" || mode.kind === "unique") {
      if (now !== undefined) throw new StoreError("exists", this.path);
    } else if (now?.kind === "folder") {
      throw new StoreError(mode.kind === "replace" ? "not-a-file" : "changed", this.path);
    } else if (mode.kind !== "replace" && (now !== base || now?.modifiedMs !== this.#baseMs)) {
      throw new StoreError("changed", this.path);
    }
    this.#settings.publish(Buffer.concat(this.#pieces));
    this.#leave();
  }

  #leave(): void {
    this.#over = true;
    this.#settings.left();
  }
}

/** What it begins with, of the file that is there. */
function keptOf({ mode, base }: MemoryUploadSettings): Buffer | undefined {
  if (mode.kind === "append") return base?.bytes;
  return mode.kind === "resume" ? base?.bytes.subarray(0, mode.offset) : undefined;
}
