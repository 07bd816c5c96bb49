/**
 * A link that takes the place of a folder or a file while a store is at work: before each single
 * call of the system, so that there is no moment which is not tried.
 */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import promises from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";

import { StoreError } from "../../examples/files/file-store.ts";
import type { FileStore } from "../../examples/files/file-store.ts";
import { APPEND, DISK_STORES, diskStore, get, names, NEW, put, REPLACE } from "./files-stores.ts";
import { snapshotOf, temporaryFolder } from "./files-stores.ts";

const CALLS = [
  ...(["open", "lstat", "readlink", "realpath", "link", "rename", "unlink"] as const),
  ...(["mkdir", "rmdir", "lutimes", "opendir"] as const),
];

afterEach(() => {
  vi.restoreAllMocks();
});

type Call = (...given: unknown[]) => unknown;

/** Runs `swap` before call number `at`, and answers how many calls there were. */
function swapBefore(at: number, swap: () => void): () => number {
  let calls = 0;
  const system = promises as unknown as Record<(typeof CALLS)[number], Call>;
  for (const name of CALLS) {
    const original = system[name];
    vi.spyOn(system, name).mockImplementation((...given) => {
      if (calls++ === at) swap();
      return original(...given);
    });
  }
  return () => calls;
}

type Work = (store: FileStore) => Promise<unknown>;

const READING: Record<string, Work> = {
  entry: async (store) => (await store.entry("/folder/file")).size,
  list: (store) => names(store, "/folder"),
  read: (store) => get(store, "/folder/file"),
};

const WRITING: Record<string, Work> = {
  new: (store) => put(store, "/folder/new", "mine", NEW),
  replace: (store) => put(store, "/folder/file", "mine", REPLACE),
  append: (store) => put(store, "/folder/file", "mine", APPEND),
  remove: (store) => store.remove("/folder/file"),
  "rename from": (store) => store.rename("/folder/file", "/moved", { replace: false }),
  "rename to": (store) => store.rename("/other", "/folder/file", { replace: true }),
  makeFolder: (store) => store.makeFolder("/folder/made"),
  removeFolder: (store) => store.removeFolder("/folder/empty"),
  setModified: (store) => store.setModified("/folder/file", 1_000_000_000_000),
};

const SWAPS: Record<string, (root: string) => void> = {
  "the folder": (root) => {
    fs.renameSync(join(root, "folder"), join(root, "before"));
    fs.symlinkSync("../outside", join(root, "folder"));
  },
  "the file": (root) => {
    fs.rmSync(join(root, "folder/file"), { force: true });
    fs.symlinkSync("../../outside/file", join(root, "folder/file"));
  },
};

interface Kind {
  readonly lookup: "handle" | "path";
  /** The store was in the folder just before, and has kept it. */
  readonly keeps: boolean;
}

/** Tries `work` with a swap before each call that it makes. */
async function tryAll(
  { lookup, keeps }: Kind,
  work: Work,
  swap: (root: string) => void,
): Promise<unknown[]> {
  const results: unknown[] = [];
  for (let at = 0; ; at++) {
    const base = fs.realpathSync(temporaryFolder());
    const root = join(base, "root");
    fs.mkdirSync(join(root, "folder/empty"), { recursive: true });
    fs.mkdirSync(join(base, "outside/empty"), { recursive: true });
    fs.writeFileSync(join(root, "folder/file"), "inside");
    fs.writeFileSync(join(root, "other"), "other");
    for (const name of ["file", "secret"]) {
      fs.writeFileSync(join(base, "outside", name), "SECRET, and longer");
    }
    const before = snapshotOf(join(base, "outside"));
    const store = await diskStore(root, { lookup });
    if (keeps) await store.entry("/folder/file");
    const calls = swapBefore(at, () => swap(root));
    results.push(
      await work(store).catch((error: unknown) => {
        if (error instanceof StoreError) return error.code;
        throw error;
      }),
    );
    vi.restoreAllMocks();
    expect(snapshotOf(join(base, "outside"))).toEqual(before);
    if (calls() <= at) return results;
  }
}

const KINDS = [
  ...DISK_STORES.map((kind) => ({ ...kind, keeps: false })),
  { name: "disk, by a kept handle", lookup: "handle", keeps: true } as const,
].filter(({ lookup }) => DISK_STORES.some((kind) => kind.lookup === lookup));

describe.each(KINDS)("store: $name", (kind) => {
  describe.each(Object.keys(SWAPS))("a link takes the place of %s", (swapped) => {
    it.each(Object.keys(READING))("%s: nothing of outside is told", async (name) => {
      const results = await tryAll(kind, READING[name]!, SWAPS[swapped]!);
      const inside = { entry: 6, list: ["empty", "file"], read: "inside" }[name];
      expect(results.at(-1)).toEqual(inside);
      const without = ["not-found", "not-a-folder", ["empty"], ["file"], []];
      expect(results).not.toEqual(Array(results.length).fill(inside));
      for (const result of results) {
        expect([inside, ...without]).toContainEqual(result);
      }
    });
  });
});

// By path there is a moment between the check and the use; disk-folder.ts says so.
describe.each(KINDS.filter(({ lookup }) => lookup === "handle"))("store: $name", (kind) => {
  describe.each(Object.keys(SWAPS))("a link takes the place of %s", (swapped) => {
    it.each(Object.keys(WRITING))("%s: nothing is done outside", async (name) => {
      const results = await tryAll(kind, WRITING[name]!, SWAPS[swapped]!);
      expect(["/folder/new", "/folder/file", undefined]).toContain(results.at(-1));
    });
  });
});

// Opened like a file, it would hold a thread until somebody writes to it.
describe.each(KINDS)("store: $name", (kind) => {
  const resume: Work = (store) => put(store, "/folder/file", "", { kind: "resume", offset: 6 });

  it.each([
    ["read", READING.read!, "inside"],
    ["resume", resume, "/folder/file"],
  ])(
    "a FIFO takes the place of a file: %s does not wait for it",
    async (_, work, done) => {
      const results = await tryAll(kind, work, (root) => {
        const path = join(root, "folder/file");
        fs.rmSync(path, { force: true });
        execFileSync("mkfifo", [path]);
        onTestFinished(() => endWaiting(path));
      });
      expect(results).toContain("not-found");
      expect(results.at(-1)).toBe(done);
    },
    10_000,
  );
});

/** Whoever waits in `open` for a writer of this FIFO goes on. */
function endWaiting(path: string): void {
  const { O_NONBLOCK, O_RDWR } = fs.constants;
  fs.closeSync(fs.openSync(path, O_RDWR | O_NONBLOCK));
}
