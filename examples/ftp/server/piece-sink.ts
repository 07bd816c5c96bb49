/** Where the bytes of an upload go, gathered into large pieces as far as they come fast. */
import { AsciiReceiver } from "../ascii.ts";
import type { BufferPool } from "./buffer-pool.ts";
import type { Upload } from "../store/file-store.ts";

/** A piece as large says that more is coming. */
const FAST_BYTES = 32 * 1024;

export interface FileSinkOptions {
  readonly ascii: boolean;
  readonly pool: BufferPool;
}

export class FileSink {
  readonly #upload: Upload;
  readonly #pool: BufferPool;
  readonly #ascii: AsciiReceiver | null;
  #gathered: Buffer | null = null;
  #length = 0;

  constructor(upload: Upload, { ascii, pool }: FileSinkOptions) {
    this.#upload = upload;
    this.#pool = pool;
    this.#ascii = ascii ? new AsciiReceiver() : null;
  }

  /** Whether bytes wait to be written until `flush()`, or until more come. */
  get gathering(): boolean {
    return this.#gathered !== null;
  }

  /** A promise: they are the sink's until it settles. Throws or rejects with StoreError. */
  write(bytes: Buffer): Promise<void> | undefined {
    return this.#append(this.#ascii === null ? bytes : this.#ascii.convert(bytes));
  }

  #append(bytes: Buffer): Promise<void> | undefined {
    if (bytes.length === 0) return undefined;
    if (this.#gathered === null && bytes.length >= FAST_BYTES) {
      this.#gathered = this.#pool.takeNow();
    }
    const gathered = this.#gathered;
    if (gathered === null) return this.#upload.write(bytes);
    const taken = bytes.copy(gathered, this.#length);
    this.#length += taken;
    if (this.#length < gathered.length) return undefined;
    const rest = bytes.subarray(taken);
    return this.flush().then(() => this.#append(rest));
  }

  /** Writes what was gathered. */
  async flush(): Promise<void> {
    const gathered = this.#gathered;
    if (gathered === null) return;
    const bytes = gathered.subarray(0, this.#length);
    this.#gathered = null;
    this.#length = 0;
    try {
      await this.#upload.write(bytes);
    } finally {
      this.#pool.give(gathered);
    }
  }

  /** Nothing more comes: all of it is where it has to be. */
  async finish(): Promise<void> {
    await this.#append(this.#ascii?.end() ?? Buffer.alloc(0));
    await this.flush();
    await this.#upload.sync();
  }

  /** Publishes it, whole. */
  commit(): Promise<void> {
    return this.#upload.commit();
  }

  /** As if it had never begun. */
  async discard(): Promise<void> {
    await this.#upload.discard();
    if (this.#gathered !== null) this.#pool.give(this.#gathered);
    this.#gathered = null;
  }
}
