/**
 * What the file server needs of a place for files. Paths are virtual: absolute, normalised,
 * `/` between the names, and `/` alone is the root. No name leads out of the root, and what is
 * not a file or a folder is not there at all.
 */

const EXPLANATIONS = {
  "not-found": "no such file or folder",
  exists: "the name is taken: choose another, or remove what has it",
  "not-a-file": "this is a folder, not a file",
  "not-a-folder": "this is a file, not a folder",
  "not-empty": "the folder is not empty: remove what is in it first",
  forbidden: "the system does not allow it: the operator can see to the permissions",
  full: "no space is left: free some, then try again",
  "bad-name": "this cannot be a name here: leave out control characters, or make it shorter",
  "past-end": "the file ends before this offset: ask for its size, and begin there or before",
  changed: "the file was changed meanwhile: try again",
  failed: "the storage failed: the operator's log says how",
} as const;

export type StoreErrorCode = keyof typeof EXPLANATIONS;

/** What the world did to an operation. Nothing of it was done, unless the operation says else. */
export class StoreError extends Error {
  override readonly name = "StoreError";
  readonly code: StoreErrorCode;
  /** The virtual path. The message has no other path. */
  readonly path: string;
  /** For the operator, like `EIO: fsync`. */
  readonly detail: string | undefined;

  constructor(code: StoreErrorCode, path: string, detail?: string, options?: ErrorOptions) {
    const more = detail === undefined ? "" : ` (${detail})`;
    super(`${JSON.stringify(path)}: ${EXPLANATIONS[code]}${more}`, options);
    this.code = code;
    this.path = path;
    this.detail = detail;
  }
}

export interface Entry {
  readonly name: string;
  readonly kind: "file" | "folder";
  /** Bytes; of a folder 0. */
  readonly size: number;
  /** Milliseconds since 1970, UTC. */
  readonly modifiedMs: number;
  /** When anything of it was changed last, also its time or its rights: nobody can set it back. */
  readonly changedMs: number;
  /** The same for two paths of one file (RFC 3659, section 7.5.2). */
  readonly unique: string;
}

/** The bytes of a file as long as it was when it was opened; what is appended later is left out. */
export interface Reader {
  /** Bytes of the whole file, whatever the offset. */
  readonly size: number;
  /**
   * Fills the front of `into` and answers how many bytes it has got; 0 is the end. `into` is the
   * store's until this settles. One at a time.
   *
   * @throws StoreError `changed` if the file has become shorter, so that bytes are missing.
   */
  read(into: Buffer): Promise<number>;
  /** Waits for a read that runs. May be called again. */
  close(): Promise<void>;
}

/** A file that nobody sees before `commit()`. Calls are done in their order, one at a time. */
export interface Upload {
  /** Where it will be published: what was asked for, but for `unique`. */
  readonly path: string;
  /**
   * All of them, in one piece or in several, or it throws, and the upload is lost. They are the
   * store's until then.
   */
  write(bytes: Uint8Array | readonly Uint8Array[]): Promise<void>;
  /** Everything that was written is on the disk: what is left for `commit()` takes no time. */
  sync(): Promise<void>;
  /**
   * Publishes it under its name, whole and synced. If this throws, the upload is gone, and the name is as
   * it was.
   */
  commit(): Promise<void>;
  /** As if it had never begun. Does nothing after `commit()`; may be called again. */
  discard(): Promise<void>;
}

/**
 * - `new`: nothing is overwritten. Of two at once one is published, the other one told `exists`.
 * - `replace`: of two at once both are published; the last one stays, whole.
 * - `unique`: a new name that begins with the one given (RFC 959, STOU).
 * - `resume`: the first `offset` bytes of the file, then what is written, and nothing after it.
 * - `append`: all of the file, if there is one, then what is written.
 *
 * The last two begin with a copy. They end with `changed` if the file is not the same any more.
 */
export type UploadMode =
  | { readonly kind: "new" | "replace" | "unique" | "append" }
  | { readonly kind: "resume"; readonly offset: number };

/** All of them throw `StoreError`, and nothing else for what the world or a client does. */
export interface FileStore {
  entry(path: string): Promise<Entry>;
  /** In no order, a few at a time. What vanishes meanwhile is left out. */
  list(path: string): AsyncIterable<Entry>;
  openReader(path: string, offset: number): Promise<Reader>;
  openUpload(path: string, mode: UploadMode): Promise<Upload>;
  /** A file takes the place of another only if `replace`; a folder never takes anyone's place. */
  rename(from: string, to: string, options: { readonly replace: boolean }): Promise<void>;
  remove(path: string): Promise<void>;
  makeFolder(path: string): Promise<void>;
  removeFolder(path: string): Promise<void>;
  /** Times before 1970 are negative. One that the store cannot keep is `forbidden`. */
  setModified(path: string, modifiedMs: number): Promise<void>;
  /** Null: not known. */
  freeBytes(): Promise<number | null>;
  /** Removes what crashes have left of uploads, and answers how much: at start, or any time. */
  cleanUp(): Promise<number>;
  /** Readers and uploads that are open can be finished. Nothing else may be called after it. */
  close(): Promise<void>;
}
