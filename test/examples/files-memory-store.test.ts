/** What is only in the store in memory: faults that are switched on, time that is given, a crash. */
import { describe, expect, it } from "vitest";

import { MemoryStore, type MemoryOperation } from "../../examples/files/memory-store.ts";
import { APPEND, codeOf, entries, get, NEW, put, REPLACE, treeOf } from "./files-stores.ts";

describe("faults", () => {
  it("full: no more bytes and no folders; what is there stays, and can be read and removed", async () => {
    const store = new MemoryStore();
    await put(store, "/a", "old");
    const upload = await store.openUpload("/a", REPLACE);
    await upload.write(Buffer.from("fits"));
    store.faults.full = true;
    expect(await store.freeBytes()).toBe(0);
    expect(await codeOf(upload.write(Buffer.from("more")))).toBe("full");
    expect(await codeOf(store.makeFolder("/folder"))).toBe("full");
    store.faults.full = false;
    // Bytes are missing: it must not be published any more.
    expect(await codeOf(upload.write(Buffer.from("more")))).toBe("full");
    expect(await codeOf(upload.commit())).toBe("full");
    expect(await treeOf(store)).toEqual({ "/a": "old" });
    expect(store.open).toEqual({ readers: 0, uploads: 0 });
  });

  it("capacityBytes: all files and uploads together; given back by all that ends", async () => {
    const store = new MemoryStore({ capacityBytes: 11 });
    await put(store, "/a", "12345");
    const upload = await store.openUpload("/b", NEW);
    await upload.write(Buffer.from("1234"));
    expect(await store.freeBytes()).toBe(2);
    expect(await codeOf(upload.write(Buffer.from("123")))).toBe("full");
    await upload.discard();
    expect(await store.freeBytes()).toBe(6);
    // Until it is published, the file is there twice.
    expect(await codeOf(put(store, "/a", "x", APPEND))).toBe("done");
    expect(await codeOf(put(store, "/a", "x", APPEND))).toBe("full");
    await put(store, "/a", "12");
    await put(store, "/b", "123");
    await store.rename("/a", "/b", { replace: true });
    expect(await store.freeBytes()).toBe(9);
    await store.remove("/b");
    expect(await store.freeBytes()).toBe(11);
  });

  it.each(["writesFail", "commitsFail"] as const)("%s: nothing is published", async (fault) => {
    const store = new MemoryStore();
    await put(store, "/a", "old");
    store.faults[fault] = true;
    expect(await codeOf(put(store, "/a", "new"))).toBe("failed");
    store.faults[fault] = false;
    expect(await treeOf(store)).toEqual({ "/a": "old" });
  });

  it("readsFail", async () => {
    const store = new MemoryStore();
    await put(store, "/a", "old");
    store.faults.readsFail = true;
    expect(await codeOf(get(store, "/a"))).toBe("failed");
    expect(store.open.readers).toBe(0);
  });
});

it("each operation waits first, and looks at what is there then", async () => {
  const waits: { operation: MemoryOperation; goOn: () => void }[] = [];
  const store = new MemoryStore({
    wait: (operation) => new Promise((goOn) => waits.push({ operation, goOn })),
  });
  const step = async <T>(work: Promise<T>, ...expected: MemoryOperation[]): Promise<T> => {
    for (const operation of expected) {
      while (waits.length === 0) await Promise.resolve();
      expect(waits[0]!.operation).toBe(operation);
      waits.shift()!.goOn();
    }
    const result = await work;
    expect(waits).toEqual([]);
    return result;
  };
  const upload = await step(store.openUpload("/a", NEW), "change");
  await step(upload.write(Buffer.from("a")), "write");
  await step(upload.commit(), "commit");
  expect(await step(store.entry("/a"), "look")).toMatchObject({ size: 1 });
  const reader = await step(store.openReader("/a", 0), "look");
  expect(await step(reader.read(Buffer.alloc(5)), "read")).toBe(1);
  await step(store.freeBytes(), "look");
  await step(store.cleanUp(), "change");

  const late = store.entry("/a");
  await step(store.remove("/a"), "look", "change").catch(() => {});
  expect(await codeOf(late)).toBe("done");
  const discarded = await step(store.openUpload("/b", NEW), "change");
  await step(discarded.discard(), "discard");
});

it("times are those of the clock that it was given", async () => {
  let now = 1000;
  const store = new MemoryStore({ nowMs: () => now });
  await store.makeFolder("/folder");
  now = 2000;
  await put(store, "/folder/a", "a");
  expect(await store.entry("/folder")).toMatchObject({ modifiedMs: 1000 });
  expect(await store.entry("/folder/a")).toMatchObject({ modifiedMs: 2000 });
});

it("the same calls have the same results, also what is unique", async () => {
  const run = async () => {
    const store = new MemoryStore();
    for (const name of ["/a", "/b", "/a"]) await put(store, name, name);
    const path = await put(store, "/a", "unique", { kind: "unique" });
    return [path, await entries(store, "/")];
  };
  expect(await run()).toEqual(await run());
});

it("crash(): uploads that ran fail, files stay, and cleanUp() gives back what was left", async () => {
  const store = new MemoryStore({ capacityBytes: 100 });
  await put(store, "/a", "old");
  const uploads = [await store.openUpload("/a", REPLACE), await store.openUpload("/b", NEW)];
  for (const upload of uploads) await upload.write(Buffer.from("new"));
  const running = uploads[0]!.commit();
  store.crash();
  expect(await codeOf(running)).toBe("failed");
  store.crash();
  expect(await codeOf(uploads[1]!.write(Buffer.from("more")))).toBe("failed");
  expect(await treeOf(store)).toEqual({ "/a": "old" });
  expect(await store.cleanUp()).toBe(1);
  expect(await store.cleanUp()).toBe(0);
  expect(await store.freeBytes()).toBe(97);
  expect(store.open.uploads).toBe(0);
});
