/** The stores that keep one contract, and what tests do with them. */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, onTestFinished } from "vitest";

import { openDiskStore } from "../../examples/files/disk-store.ts";
import { StoreError } from "../../examples/files/file-store.ts";
import type { Entry, FileStore, StoreErrorCode } from "../../examples/files/file-store.ts";
import type { UploadMode } from "../../examples/files/file-store.ts";
import { homeStore } from "../../examples/files/home-store.ts";
import { MemoryStore } from "../../examples/files/memory-store.ts";

export const NEW: UploadMode = { kind: "new" };
export const REPLACE: UploadMode = { kind: "replace" };
export const APPEND: UploadMode = { kind: "append" };
export const UNIQUE: UploadMode = { kind: "unique" };

/** A folder that is removed with all that is in it. */
export function temporaryFolder(): string {
  const folder = fs.mkdtempSync(join(tmpdir(), "iomux-store-"));
  onTestFinished(() => {
    fs.rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/** Closed when the test ends. */
export async function diskStore(
  root: string,
  options: Parameters<typeof openDiskStore>[1] = {},
): Promise<FileStore> {
  const store = await openDiskStore(root, { durable: false, ...options });
  onTestFinished(() => store.close());
  return store;
}

const LOOKUPS = [
  { name: "disk, by handle", lookup: "handle" },
  { name: "disk, by path", lookup: "path" },
] as const;

export const DISK_STORES = LOOKUPS.filter(
  ({ lookup }) => lookup === "path" || process.platform === "linux",
);

const STORES = [
  { name: "memory", open: () => Promise.resolve<FileStore>(new MemoryStore()) },
  { name: "a home", open: openHome },
  ...DISK_STORES.map(({ name, lookup }) => {
    return { name, open: () => diskStore(temporaryFolder(), { lookup }) };
  }),
];

/** Beside it are files that would be seen if a path led out of it. */
async function openHome(): Promise<FileStore> {
  const whole = new MemoryStore();
  await whole.makeFolder("/homes");
  await whole.makeFolder("/homes/alice");
  for (const name of ["/a", "/homes/a", "/homes/alice2"]) await put(whole, name, "ELSEWHERE");
  return homeStore(whole, "/homes/alice");
}

export function onEveryStore(tests: (open: () => Promise<FileStore>) => void): void {
  describe.each(STORES)("store: $name", ({ open }) => {
    tests(open);
  });
}

export async function put(
  store: FileStore,
  path: string,
  text: string,
  mode: UploadMode = REPLACE,
): Promise<string> {
  const upload = await store.openUpload(path, mode);
  try {
    await upload.write(Buffer.from(text));
    await upload.commit();
  } finally {
    await upload.discard();
  }
  return upload.path;
}

export async function get(store: FileStore, path: string, offset = 0): Promise<string> {
  const reader = await store.openReader(path, offset);
  const pieces: Buffer[] = [];
  try {
    for (;;) {
      const buffer = Buffer.alloc(7);
      const count = await reader.read(buffer);
      if (count === 0) return Buffer.concat(pieces).toString();
      pieces.push(buffer.subarray(0, count));
    }
  } finally {
    await reader.close();
  }
}

export async function entries(store: FileStore, path: string): Promise<Entry[]> {
  const all: Entry[] = [];
  for await (const entry of store.list(path)) all.push(entry);
  return all;
}

/** Sorted. */
export async function names(store: FileStore, path = "/"): Promise<string[]> {
  return (await entries(store, path)).map(({ name }) => name).sort();
}

/** The code of the failure; "done" if there is none. What is not a StoreError is thrown. */
export async function codeOf(work: Promise<unknown>): Promise<StoreErrorCode | "done"> {
  try {
    await work;
    return "done";
  } catch (error) {
    if (error instanceof StoreError) return error.code;
    throw error;
  }
}

/** What is under a folder, as paths of files with their text, and of folders with null. */
export async function treeOf(store: FileStore, path = "/"): Promise<Record<string, string | null>> {
  const tree: Record<string, string | null> = {};
  for (const { name, kind } of await entries(store, path)) {
    const below = path === "/" ? `/${name}` : `${path}/${name}`;
    tree[below] = kind === "file" ? await get(store, below) : null;
    if (kind === "folder") Object.assign(tree, await treeOf(store, below));
  }
  return tree;
}

/** All of a folder of the disk that a change would show in. */
export function snapshotOf(folder: string): unknown {
  const all = fs.readdirSync(folder, { recursive: true, withFileTypes: true });
  return all.map((entry) => {
    const path = join(entry.parentPath, entry.name);
    const { ino, mtimeMs, mode, nlink } = fs.lstatSync(path);
    return [path, ino, mtimeMs, mode, nlink, entry.isFile() ? fs.readFileSync(path, "utf8") : ""];
  });
}

export function canMount(): boolean {
  const folder = fs.mkdtempSync("/tmp/iomux-mount-");
  try {
    execFileSync("mount", ["-t", "tmpfs", "none", folder], { stdio: "ignore" });
    execFileSync("umount", [folder]);
    return true;
  } catch {
    return false;
  } finally {
    fs.rmdirSync(folder);
  }
}
