/** Where the bytes of an upload go, gathered into large writes as far as they come fast. */
import { LARGE_BYTES, type BufferPool, type Room } from "./buffer-pool.ts";
import type { Converter } from "./converter.ts";
import type { Upload } from "./file-store.ts";

/** A piece as large says that more is coming. */
const FAST_BYTES = 32 * 1024;
/** What comes at once at most; if there is no room for as much, what was gathered is written. */
const PIECE_BYTES = 64 * 1024;
/** Pieces that are gathered; many small ones cost more than their bytes. */
export const MAX_PIECES = 64;

export interface FileSinkOptions {
  /** Of the bytes that come. Null: they are written as they are. */
  readonly converter?: Converter | null;
  readonly pool: BufferPool;
}

export class FileSink {
  readonly #upload: Upload;
  readonly #pool: BufferPool;
  readonly #converter: Converter | null;
  /** For what is gathered, and for what is being written of it. */
  #room: Room | null = null;
  #gathered: Buffer[] = [];
  #length = 0;

  constructor(upload: Upload, { converter = null, pool }: FileSinkOptions) {
    this.#upload = upload;
    this.#pool = pool;
    this.#converter = converter;
  }

  /** Whether bytes wait to be written until `flush()`, or until more come. */
  get gathering(): boolean {
    return this.#length > 0;
  }

  /** A promise: they are the sink's until it settles. Throws or rejects with StoreError. */
  write(bytes: Buffer): Promise<void> | undefined {
    return this.#append(this.#converter?.convert(bytes) ?? bytes);
  }

  #append(bytes: Buffer): Promise<void> | undefined {
    if (bytes.length === 0) return undefined;
    if (this.#room === null && bytes.length >= FAST_BYTES) this.#room = this.#pool.takeRoom();
    if (this.#room === null) return this.#upload.write(bytes);
    this.#gathered.push(bytes);
    this.#length += bytes.length;
    const fits = this.#length + PIECE_BYTES <= LARGE_BYTES && this.#gathered.length < MAX_PIECES;
    return fits ? undefined : this.flush();
  }

  /** Writes what was gathered. */
  async flush(): Promise<void> {
    const pieces = this.#gathered;
    this.#gathered = [];
    this.#length = 0;
    try {
      if (pieces.length > 0) await this.#upload.write(pieces);
    } finally {
      this.#giveRoom();
    }
  }

  #giveRoom(): void {
    if (this.#room !== null) this.#pool.giveRoom(this.#room);
    this.#room = null;
  }

  /** Nothing more comes: all of it is where it has to be. */
  async finish(): Promise<void> {
    await this.#append(this.#converter?.end() ?? Buffer.alloc(0));
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
    this.#gathered = [];
    this.#length = 0;
    this.#giveRoom();
  }
}
