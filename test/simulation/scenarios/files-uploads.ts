/** What visitors have sent, what was published of it, and what a name may hold. */
import assert from "node:assert/strict";

import type { MemoryStore } from "../../../examples/files/memory-store.ts";
import type {
  Entry,
  FileStore,
  Reader,
  Upload,
  UploadMode,
} from "../../../examples/files/file-store.ts";

/** An upload that a visitor has begun. */
export interface Sent {
  /** Where; of STOU what its name begins with. */
  readonly path: string;
  readonly unique: boolean;
  /** All that is to be sent, as a file has it. */
  readonly body: Buffer;
  /** What the file is then: more than `body`, if it is appended. */
  readonly content: Buffer;
  /** The visitor's process was killed while it sent: its end says nothing. */
  killed: boolean;
  published: boolean;
  /** Somebody was told 226 for what was published. */
  told: boolean;
}

/** A store that looks at everything that is published. */
export class WatchedStore implements FileStore {
  readonly sent: Sent[] = [];
  /** Every content that a file may have. */
  readonly contents = new Map<string, Buffer>();
  /** What was published last under a name. */
  readonly last = new Map<string, Buffer>();
  readonly memory: MemoryStore;
  /** Whether the end of a killed visitor's data may come long before that of its commands. */
  readonly #endsDrift: boolean;

  constructor(memory: MemoryStore, endsDrift: boolean) {
    this.memory = memory;
    this.#endsDrift = endsDrift;
  }

  /** A file that is there from the beginning. */
  async put(path: string, content: Buffer): Promise<void> {
    const upload = await this.memory.openUpload(path, { kind: "new" });
    await upload.write(content);
    await upload.commit();
    this.#note(path, content);
  }

  async openUpload(path: string, mode: UploadMode): Promise<Upload> {
    const upload = await this.memory.openUpload(path, mode);
    const written: Buffer[] = [];
    return {
      path: upload.path,
      write: async (bytes) => {
        const pieces = bytes instanceof Uint8Array ? [bytes] : bytes;
        const copy = Buffer.concat(pieces);
        await upload.write(bytes);
        assert.ok(
          copy.equals(Buffer.concat(pieces)),
          `${path}: bytes were changed while they were written`,
        );
        written.push(copy);
      },
      sync: () => upload.sync(),
      commit: async () => {
        await upload.commit();
        this.#published(upload.path, mode, Buffer.concat(written));
      },
      discard: () => upload.discard(),
    };
  }

  #published(path: string, { kind }: UploadMode, body: Buffer): void {
    const meant = this.sent.filter((sent) =>
      sent.unique ? kind === "unique" && path.startsWith(sent.path) : sent.path === path,
    );
    const whole = meant.find((sent) => sent.body.equals(body) && !sent.published);
    if (whole !== undefined) {
      whole.published = true;
      this.#note(path, whole.content);
      return;
    }
    const cut = meant.find(({ killed, body: all }) => {
      return killed && all.subarray(0, body.length).equals(body);
    });
    const whoever = meant.map((sent) => `${sent.body.length}${sent.killed ? " killed" : ""}`);
    const what = `${path} shows ${body.length} bytes, and was sent ${whoever.join(", ")}`;
    assert.ok(cut !== undefined && this.#endsDrift, what);
    const before = cut.content.subarray(0, cut.content.length - cut.body.length);
    this.#note(path, Buffer.concat([before, body]));
  }

  /** Whether it is there for `sent`, and for no other one of the same bytes: those of one byte. */
  has(sent: Sent): boolean {
    const same = (other: Sent): boolean => {
      return other.path === sent.path && other.body.equals(sent.body) && other.published;
    };
    const found = this.sent.find((other) => same(other) && !other.told);
    if (found !== undefined) found.told = true;
    return found !== undefined;
  }

  #note(path: string, content: Buffer): void {
    this.contents.set(keyOf(content), content);
    this.last.set(path, content);
  }

  isWhole(content: Buffer): boolean {
    return this.contents.get(keyOf(content))?.equals(content) === true;
  }

  /** All files below the root, with their contents. */
  async files(): Promise<Map<string, Buffer>> {
    const found = new Map<string, Buffer>();
    for await (const { name, size } of this.memory.list("/")) {
      const reader = await this.memory.openReader(`/${name}`, 0);
      const content = Buffer.alloc(size);
      await reader.read(content);
      await reader.close();
      found.set(`/${name}`, content);
    }
    return found;
  }

  entry(path: string): Promise<Entry> {
    return this.memory.entry(path);
  }
  list(path: string): AsyncIterable<Entry> {
    return this.memory.list(path);
  }
  openReader(path: string, offset: number): Promise<Reader> {
    return this.memory.openReader(path, offset);
  }
  rename(from: string, to: string, options: { readonly replace: boolean }): Promise<void> {
    return this.memory.rename(from, to, options);
  }
  remove(path: string): Promise<void> {
    return this.memory.remove(path);
  }
  makeFolder(path: string): Promise<void> {
    return this.memory.makeFolder(path);
  }
  removeFolder(path: string): Promise<void> {
    return this.memory.removeFolder(path);
  }
  setModified(path: string, modifiedMs: number): Promise<void> {
    return this.memory.setModified(path, modifiedMs);
  }
  freeBytes(): Promise<number | null> {
    return this.memory.freeBytes();
  }
  cleanUp(): Promise<number> {
    return this.memory.cleanUp();
  }
  close(): Promise<void> {
    return this.memory.close();
  }
}

/** Contents differ in their first line, or in their length. */
function keyOf(content: Buffer): string {
  return `${content.length}:${content.subarray(0, 200).toString("latin1")}`;
}
