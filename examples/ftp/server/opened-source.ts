/** What was opened for a data connection, until it is moved or dropped. */
import type { Channel } from "iomux";

import type { BufferPool } from "../../files/buffer-pool.ts";
import { AsciiReceiver, AsciiSender } from "../ascii.ts";
import type { Moved, Opened, Source } from "../effects.ts";
import type { Entry, FileStore } from "../../files/file-store.ts";
import { matchesPattern } from "../paths.ts";
import { FileSink } from "../../files/file-sink.ts";
import { FileSource } from "../../files/file-source.ts";
import { ListingSource } from "./listing-source.ts";
import { Receiving, Sending, type TransferSettings } from "./transfer.ts";

export interface OpenedSource {
  readonly opened: Opened;
  /** Null: it is no file. */
  readonly direction: "download" | "upload" | null;
  /** Bytes that will be moved, unless they are converted; null: nobody knows. */
  readonly expected: number | null;
  /** Begins to move it; from then on it is the transfer's. */
  move(channel: Channel, ascii: boolean, settings: TransferSettings): Moving;
  drop(): Promise<void>;
}

/** A transfer that runs. */
interface Moving {
  readonly done: Promise<Moved>;
  abort(): void;
}

export interface SourceSettings {
  readonly pool: BufferPool;
  /** Entries that a listing has at most. */
  readonly maxEntries: number;
  /** Milliseconds since 1970. */
  readonly wallMs: () => number;
}

/** Throws StoreError. */
export function openSource(
  source: Source,
  store: FileStore,
  settings: SourceSettings,
): Promise<OpenedSource> {
  switch (source.kind) {
    case "retrieve":
      return openFile(source, store, settings);
    case "store":
      return openUpload(source, store, settings);
    case "list":
      return Promise.resolve(openListing(source, store, settings));
  }
}

async function openFile(
  { path, offset }: Source & { kind: "retrieve" },
  store: FileStore,
  { pool }: SourceSettings,
): Promise<OpenedSource> {
  const reader = await store.openReader(path, offset);
  return {
    opened: { size: reader.size, path },
    direction: "download",
    expected: reader.size - offset,
    drop: () => reader.close(),
    move: (channel, ascii, settings) => {
      const now = (): number => settings.reactor.now();
      const converter = ascii ? new AsciiSender() : null;
      const file = new FileSource(reader, { offset, converter, pool, now });
      return new Sending(channel, file, settings);
    },
  };
}

async function openUpload(
  { path, mode }: Source & { kind: "store" },
  store: FileStore,
  { pool }: SourceSettings,
): Promise<OpenedSource> {
  const upload = await store.openUpload(path, mode);
  return {
    opened: { size: 0, path: upload.path },
    direction: "upload",
    expected: null,
    drop: () => upload.discard(),
    move: (channel, ascii, settings) => {
      const converter = ascii ? new AsciiReceiver() : null;
      return new Receiving(channel, new FileSink(upload, { converter, pool }), settings);
    },
  };
}

function openListing(
  { from, listing }: Source & { kind: "list" },
  store: FileStore,
  { maxEntries, wallMs }: SourceSettings,
): OpenedSource {
  return {
    opened: { size: 0, path: "folder" in from ? from.folder : from.name },
    direction: null,
    expected: null,
    drop: () => Promise.resolve(),
    move: (channel, _, settings) => {
      const entries = "folder" in from ? matching(store, from) : [from].values();
      const source = new ListingSource(entries, { listing, nowMs: wallMs(), maxEntries });
      return new Sending(channel, source, settings);
    },
  };
}

export async function* matching(
  store: FileStore,
  { folder, pattern }: { readonly folder: string; readonly pattern: string | null },
): AsyncGenerator<Entry> {
  for await (const entry of store.list(folder)) {
    if (pattern === null || matchesPattern(entry.name, pattern)) yield entry;
  }
}
