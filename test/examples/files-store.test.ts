/** What every store promises, on the disk and in memory. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { MAX_NAME_BYTES } from "../../examples/files/path-limits.ts";
import { StoreError } from "../../examples/files/file-store.ts";
import type { FileStore, UploadMode } from "../../examples/files/file-store.ts";
import { MemoryStore } from "../../examples/files/memory-store.ts";
import {
  APPEND,
  codeOf,
  diskStore,
  entries,
  get,
  names,
  NEW,
  onEveryStore,
} from "./files-stores.ts";
import { put, REPLACE, temporaryFolder, treeOf, UNIQUE } from "./files-stores.ts";

const CHINESE = '文件 "quoted" 名.txt';

onEveryStore((open) => {
  describe("reading", () => {
    it("gives the bytes from the offset to the end, and then 0", async () => {
      const store = await open();
      await put(store, "/a", "0123456789abcdef");
      expect(await get(store, "/a")).toBe("0123456789abcdef");
      expect(await get(store, "/a", 10)).toBe("abcdef");
      expect(await get(store, "/a", 16)).toBe("");
      expect(await codeOf(store.openReader("/a", 17))).toBe("past-end");
    });

    it("goes on with the old file while a new one takes its place", async () => {
      const store = await open();
      await put(store, "/a", "old old old old");
      const reader = await store.openReader("/a", 0);
      const first = Buffer.alloc(4);
      await reader.read(first);
      await put(store, "/a", "new");
      const rest = Buffer.alloc(100);
      expect(await reader.read(rest)).toBe(11);
      expect(first.toString() + rest.toString("utf8", 0, 11)).toBe("old old old old");
      await reader.close();
      await reader.close();
      expect(await get(store, "/a")).toBe("new");
    });
  });

  describe("entries", () => {
    it("tell kind, size, time, and what is the same", async () => {
      const store = await open();
      await store.makeFolder("/folder");
      await put(store, "/folder/file", "12345");
      await store.setModified("/folder/file", 1_000_000_000_000);
      const { unique, changedMs, ...file } = await store.entry("/folder/file");
      expect(file).toEqual({ name: "file", kind: "file", size: 5, modifiedMs: 1_000_000_000_000 });
      expect((await entries(store, "/folder"))[0]).toMatchObject({ unique, changedMs });
      const folder = await store.entry("/folder");
      expect(folder).toMatchObject({ name: "folder", kind: "folder", size: 0 });
      expect(folder.unique).not.toBe(unique);
      expect(await store.entry("/")).toMatchObject({ name: "/", kind: "folder" });
    });

    it("have the time that is set, before 1970 too, or it is told, and they keep theirs", async () => {
      const store = await open();
      await put(store, "/file", "12345");
      for (const time of [0, -1000, Date.UTC(1960), 1_000_000_000_000, Date.UTC(2100)]) {
        await store.setModified("/file", time);
        expect((await store.entry("/file")).modifiedMs).toBe(time);
      }
      for (const time of [Date.UTC(1700), Date.UTC(2500), Date.UTC(9999)]) {
        const { modifiedMs } = await store.entry("/file");
        const code = await codeOf(store.setModified("/file", time));
        const expected = code === "done" ? time : modifiedMs;
        expect(["done", "forbidden"]).toContain(code);
        expect((await store.entry("/file")).modifiedMs).toBe(expected);
      }
    });

    it("are listed all, in a folder with more than one batch of them", async () => {
      const store = await open();
      const expected = Array.from({ length: 100 }, (_, i) => `file ${i}`).sort();
      for (const name of expected) await put(store, `/${name}`, name);
      expect(await names(store)).toEqual(expected);
      // One that stops in the middle leaves nothing open behind.
      for await (const { name } of store.list("/")) {
        expect(expected).toContain(name);
        break;
      }
    });

    it("have names with spaces, quotes, Chinese, and of 255 bytes", async () => {
      const store = await open();
      const long = `${"文".repeat(84)}abc`;
      expect(Buffer.byteLength(long)).toBe(MAX_NAME_BYTES);
      const all = [CHINESE, long, " ", "-rf", "a\\b", "~", "%2e%2e", "...", "é"];
      for (const name of all) await put(store, `/${name}`, name);
      expect(await names(store)).toEqual([...all].sort());
      for (const name of all) expect(await get(store, `/${name}`)).toBe(name);
      expect(await codeOf(store.entry(`/${long}d`))).toBe("bad-name");
    });
  });

  describe("an upload", () => {
    it("is not seen before its commit, and whole after it", async () => {
      const store = await open();
      const upload = await store.openUpload("/a", REPLACE);
      await upload.write(Buffer.from("first, "));
      expect(await names(store)).toEqual([]);
      expect(await codeOf(store.entry("/a"))).toBe("not-found");
      await upload.write(Buffer.from("second"));
      await upload.commit();
      expect(await treeOf(store)).toEqual({ "/a": "first, second" });
      await upload.discard();
      expect(await get(store, "/a")).toBe("first, second");
    });

    it("is not published by its sync, and can be added to and given up after it", async () => {
      const store = await open();
      await put(store, "/a", "old");
      const upload = await store.openUpload("/a", REPLACE);
      for (const text of ["first", "second"]) {
        await upload.write(Buffer.from(text));
        await upload.sync();
      }
      expect(await treeOf(store)).toEqual({ "/a": "old" });
      await upload.discard();
      expect(await codeOf(upload.sync())).toBe("failed");
      expect(await treeOf(store)).toEqual({ "/a": "old" });
    });

    it("of nothing is an empty file", async () => {
      const store = await open();
      await (await store.openUpload("/empty", NEW)).commit();
      expect(await treeOf(store)).toEqual({ "/empty": "" });
    });

    it.each<UploadMode>([REPLACE, APPEND, { kind: "resume", offset: 2 }])(
      "that is discarded leaves the old file as it was: %o",
      async (mode) => {
        const store = await open();
        await put(store, "/a", "old");
        const before = await store.entry("/a");
        const upload = await store.openUpload("/a", mode);
        await upload.write(Buffer.from("new"));
        await upload.discard();
        await upload.discard();
        expect(await treeOf(store)).toEqual({ "/a": "old" });
        expect(await store.entry("/a")).toEqual(before);
        expect(await codeOf(upload.write(Buffer.from("more")))).toBe("failed");
        expect(await codeOf(upload.commit())).toBe("failed");
        expect(await get(store, "/a")).toBe("old");
        expect(await store.cleanUp()).toBe(0);
      },
    );

    it("can be discarded while it is written", async () => {
      const store = await open();
      const upload = await store.openUpload("/a", NEW);
      const written = codeOf(upload.write(Buffer.alloc(1_000_000)));
      const queued = codeOf(upload.write(Buffer.alloc(1_000_000)));
      await upload.discard();
      expect(await written).toMatch(/^(done|failed)$/);
      expect(await queued).toMatch(/^(done|failed)$/);
      expect(await treeOf(store)).toEqual({});
    });

    it("to one name, two at once: both finish, and the last one stays whole", async () => {
      const store = await open();
      const [one, two] = [
        await store.openUpload("/a", REPLACE),
        await store.openUpload("/a", REPLACE),
      ];
      await one.write(Buffer.from("one"));
      await two.write(Buffer.from("two"));
      await one.write(Buffer.from(" one"));
      await two.write(Buffer.from(" two"));
      await two.commit();
      expect(await get(store, "/a")).toBe("two two");
      await one.commit();
      expect(await treeOf(store)).toEqual({ "/a": "one one" });
    });

    it("new: nothing is overwritten; of many at once one wins, and the others are told", async () => {
      const store = await open();
      const uploads = await Promise.all(
        Array.from({ length: 10 }, () => store.openUpload("/a", NEW)),
      );
      for (const [i, upload] of uploads.entries()) await upload.write(Buffer.from(`from ${i}`));
      const results = await Promise.all(uploads.map((upload) => codeOf(upload.commit())));
      expect(results.filter((code) => code === "done")).toHaveLength(1);
      expect(results.filter((code) => code === "exists")).toHaveLength(9);
      expect(await treeOf(store)).toEqual({ "/a": `from ${results.indexOf("done")}` });
      expect(await codeOf(store.openUpload("/a", NEW))).toBe("exists");
    });

    it("unique: a new name that begins with the one given, also with one of 255 bytes", async () => {
      const store = await open();
      for (const wanted of ["/name", `/${"n".repeat(MAX_NAME_BYTES)}`, `/${"文".repeat(85)}`]) {
        await put(store, wanted, "taken");
        const paths = [
          await put(store, wanted, "1", UNIQUE),
          await put(store, wanted, "2", UNIQUE),
        ];
        expect(new Set([...paths, wanted]).size).toBe(3);
        for (const path of paths) expect(path.slice(0, 5)).toBe(wanted.slice(0, 5));
        expect(await Promise.all(paths.map((path) => get(store, path)))).toEqual(["1", "2"]);
        expect(await get(store, wanted)).toBe("taken");
      }
    });

    it("append: all that is there, then what came; a new file if there is none", async () => {
      const store = await open();
      await put(store, "/a", "old,", APPEND);
      await put(store, "/a", "new", APPEND);
      expect(await treeOf(store)).toEqual({ "/a": "old,new" });
    });

    it("resume: what is before the offset, then what came, and nothing after it", async () => {
      const store = await open();
      await put(store, "/a", "0123456789");
      await put(store, "/a", "ab", { kind: "resume", offset: 10 });
      expect(await get(store, "/a")).toBe("0123456789ab");
      await put(store, "/a", "xy", { kind: "resume", offset: 3 });
      expect(await get(store, "/a")).toBe("012xy");
      expect(await codeOf(store.openUpload("/a", { kind: "resume", offset: 6 }))).toBe("past-end");
      expect(await codeOf(store.openUpload("/b", { kind: "resume", offset: 6 }))).toBe("not-found");
      await put(store, "/b", "begun", { kind: "resume", offset: 0 });
      expect(await get(store, "/b")).toBe("begun");
    });

    it.each<UploadMode>([APPEND, { kind: "resume", offset: 3 }])(
      "that goes on from a file is refused if the file is another one by then: %o",
      async (mode) => {
        const store = await open();
        await put(store, "/a", "old");
        const uploads = [await store.openUpload("/a", mode), await store.openUpload("/a", mode)];
        for (const [i, upload] of uploads.entries()) await upload.write(Buffer.from(` ${i}`));
        const results = await Promise.all(uploads.map((upload) => codeOf(upload.commit())));
        expect([...results].sort()).toEqual(["changed", "done"]);
        expect(await treeOf(store)).toEqual({ "/a": `old ${results.indexOf("done")}` });
        const late = await store.openUpload("/a", mode);
        await store.remove("/a");
        expect(await codeOf(late.commit())).toBe("changed");
        const first = await store.openUpload("/a", APPEND);
        await put(store, "/a", "x");
        expect(await codeOf(first.commit())).toBe("changed");
        expect(await treeOf(store)).toEqual({ "/a": "x" });
      },
    );

    it("needs a folder that is there, and a name that is not one's", async () => {
      const store = await open();
      await store.makeFolder("/folder");
      await put(store, "/file", "");
      for (const mode of [NEW, REPLACE, APPEND]) {
        expect(await codeOf(store.openUpload("/none/a", mode))).toBe("not-found");
        expect(await codeOf(store.openUpload("/file/a", mode))).toBe("not-found");
        expect(await codeOf(store.openUpload("/folder", mode))).toBe("not-a-file");
        expect(await codeOf(store.openUpload("/", mode))).toBe("not-a-file");
      }
      const upload = await store.openUpload("/late", REPLACE);
      await store.makeFolder("/late");
      expect(await codeOf(upload.commit())).toBe("not-a-file");
      expect(await names(store, "/late")).toEqual([]);
    });

    it("keeps its folder from being removed", async () => {
      const store = await open();
      await store.makeFolder("/folder");
      const upload = await store.openUpload("/folder/a", NEW);
      expect(await codeOf(store.removeFolder("/folder"))).toBe("not-empty");
      await upload.discard();
      await store.removeFolder("/folder");
      expect(await names(store)).toEqual([]);
    });

    it("is left alone by cleanUp() while it runs", async () => {
      const store = await open();
      const upload = await store.openUpload("/a", NEW);
      await upload.write(Buffer.from("still here"));
      expect(await store.cleanUp()).toBe(0);
      await upload.commit();
      expect(await treeOf(store)).toEqual({ "/a": "still here" });
    });
  });

  describe("names", () => {
    it("rename: files and folders, and nothing is overwritten unless said", async () => {
      const store = await open();
      await put(store, "/a", "a");
      await put(store, "/b", "b");
      await store.makeFolder("/folder");
      expect(await codeOf(store.rename("/a", "/b", { replace: false }))).toBe("exists");
      expect(await codeOf(store.rename("/a", "/folder", { replace: true }))).toBe("exists");
      expect(await codeOf(store.rename("/folder", "/a", { replace: true }))).toBe("exists");
      await store.makeFolder("/empty");
      expect(await codeOf(store.rename("/folder", "/empty", { replace: true }))).toBe("exists");
      await store.rename("/a", "/b", { replace: true });
      await store.rename("/b", "/folder/c", { replace: false });
      await store.rename("/folder", "/moved", { replace: false });
      expect(await treeOf(store)).toEqual({ "/empty": null, "/moved": null, "/moved/c": "a" });
      expect(await codeOf(store.rename("/moved", "/moved/in", { replace: true }))).toBe("bad-name");
      expect(await codeOf(store.rename("/none", "/x", { replace: true }))).toBe("not-found");
      expect(await codeOf(store.rename("/moved/c", "/x/y", { replace: true }))).toBe("not-found");
    });

    it("rename: of two to one new name one wins, and the other is told", async () => {
      const store = await open();
      await put(store, "/a", "a");
      await put(store, "/b", "b");
      const results = await Promise.all(
        ["/a", "/b"].map((from) => codeOf(store.rename(from, "/c", { replace: false }))),
      );
      expect([...results].sort()).toEqual(["done", "exists"]);
      expect(await names(store)).toHaveLength(2);
    });

    it("remove and removeFolder do not do each other's work", async () => {
      const store = await open();
      await store.makeFolder("/folder");
      await put(store, "/folder/a", "a");
      expect(await codeOf(store.remove("/folder"))).toBe("not-a-file");
      expect(await codeOf(store.removeFolder("/folder"))).toBe("not-empty");
      expect(await codeOf(store.removeFolder("/folder/a"))).toBe("not-a-folder");
      await store.remove("/folder/a");
      expect(await codeOf(store.remove("/folder/a"))).toBe("not-found");
      await store.removeFolder("/folder");
      expect(await codeOf(store.removeFolder("/folder"))).toBe("not-found");
      expect(await codeOf(store.makeFolder("/no/folder"))).toBe("not-found");
      await store.makeFolder("/folder");
      expect(await codeOf(store.makeFolder("/folder"))).toBe("exists");
    });

    it("folders are not read, and files not listed", async () => {
      const store = await open();
      await put(store, "/a", "a");
      expect(await codeOf(store.openReader("/", 0))).toBe("not-a-file");
      expect(await codeOf(entries(store, "/a"))).toBe("not-a-folder");
      expect(await codeOf(entries(store, "/none"))).toBe("not-found");
      expect(await codeOf(entries(store, "/a/b"))).toBe("not-found");
    });

    it("the root stays", async () => {
      const store = await open();
      expect(await codeOf(store.removeFolder("/"))).toBe("forbidden");
      expect(await codeOf(store.remove("/"))).toBe("not-a-file");
      expect(await codeOf(store.makeFolder("/"))).toBe("forbidden");
      expect(await codeOf(store.rename("/", "/a", { replace: true }))).toBe("forbidden");
      expect(await codeOf(store.rename("/a", "/", { replace: true }))).toBe("forbidden");
    });
  });

  it("closed: what is open can still be finished, and its folders are those of before", async () => {
    const store = await open();
    await put(store, "/a", "old");
    const reader = await store.openReader("/a", 0);
    const upload = await store.openUpload("/b", NEW);
    await store.close();
    await upload.write(Buffer.from("b"));
    await upload.commit();
    expect(upload.path).toBe("/b");
    expect(await reader.read(Buffer.alloc(3))).toBe(3);
    await reader.close();
  });

  it("says how much room is left", async () => {
    expect(await (await open()).freeBytes()).toBeGreaterThan(0);
  });

  it("errors say in one line what happened to which path", async () => {
    const error = await (await open()).entry('/no"t').catch((error: unknown) => error);
    expect(error).toBeInstanceOf(StoreError);
    expect(error).toMatchObject({ code: "not-found", path: '/no"t' });
    expect((error as StoreError).message).toMatch(/^"\/no\\"t": no such file or folder/);
  });
});

type Step = (store: FileStore) => Promise<unknown>;

const path = fc.constantFrom("/a", "/b", "/d", "/d/a", "/d/b", "/d/e", "/d/e/a", "/");
const text = fc.string({ maxLength: 5 });
const mode = fc.oneof(
  fc.constantFrom<UploadMode>(NEW, REPLACE, APPEND),
  fc.record({ kind: fc.constant("resume" as const), offset: fc.nat(4) }),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(path, text, mode).map(
    ([to, bytes, how]) =>
      (store: FileStore) =>
        put(store, to, bytes, how),
  ),
  fc.tuple(path, path, fc.boolean()).map(
    ([from, to, replace]) =>
      (store: FileStore) =>
        store.rename(from, to, { replace }),
  ),
  path.map((where) => (store: FileStore) => store.remove(where)),
  path.map((where) => (store: FileStore) => store.makeFolder(where)),
  path.map((where) => (store: FileStore) => store.removeFolder(where)),
  fc.tuple(path, fc.nat(3)).map(
    ([where, offset]) =>
      (store: FileStore) =>
        get(store, where, offset),
  ),
  path.map((where) => (store: FileStore) => names(store, where)),
);

it("any steps have the same results on the disk as in memory", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const stores = [new MemoryStore(), await diskStore(temporaryFolder())] as const;
      for (const one of steps) {
        const [memory, disk] = await Promise.all(
          stores.map((store) => one(store).catch((error: unknown) => resultOf(error))),
        );
        expect(disk).toEqual(memory);
      }
      expect(await treeOf(stores[1])).toEqual(await treeOf(stores[0]));
    }),
    { numRuns: 150 },
  );
});

function resultOf(error: unknown): string {
  if (error instanceof StoreError) return `${error.code} ${error.path}`;
  throw error;
}
