import fs from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

import { SMALL_BYTES } from "../../examples/files/buffer-pool.ts";
import type { Entry, FileStore } from "../../examples/files/file-store.ts";
import { MemoryStore } from "../../examples/files/memory-store.ts";
import { KEPT_BYTES, KeptFiles, WHOLE_BYTES } from "../../examples/http/files/kept-files.ts";
import { Lookups } from "../../examples/http/files/lookups.ts";
import { diskStore, put, temporaryFolder } from "./files-stores.ts";
import { CHANGED_MS, Stage } from "./http-files-stage.ts";

const OLD = new Date(CHANGED_MS);
const LARGE = WHOLE_BYTES + 3 * SMALL_BYTES;

/** A folder of the disk with a large and a small file that were changed long ago. */
async function onDisk() {
  const root = temporaryFolder();
  for (const [name, size] of Object.entries({ large: LARGE, small: 1000 })) {
    fs.writeFileSync(join(root, name), "a".repeat(size));
    fs.utimesSync(join(root, name), OLD, OLD);
  }
  await nextTick(join(root, "small"));
  const stage = new Stage(await diskStore(root));
  stage.wallMs = Date.now();
  return { stage, at: (name: string) => join(root, name) };
}

/** The clock of the disk has gone on: a change from now on has another time. */
async function nextTick(path: string): Promise<void> {
  const { ctimeMs } = fs.statSync(path);
  await expect.poll(() => (fs.chmodSync(path, 0o644), fs.statSync(path).ctimeMs)).not.toBe(ctimeMs);
}

describe("a file that changes while it is sent", () => {
  const CHANGES: readonly (readonly [
    what: string,
    change: (path: string) => void,
    isWhole: boolean,
  ])[] = [
    ["it is written to in place", (path) => fs.writeFileSync(path, "b".repeat(LARGE)), false],
    [
      "it is written to in place, and its time is put back",
      (path) => {
        fs.writeFileSync(path, "b".repeat(LARGE));
        fs.utimesSync(path, OLD, OLD);
      },
      false,
    ],
    ["it becomes shorter", (path) => fs.truncateSync(path, 100), false],
    ["it is appended to", (path) => fs.appendFileSync(path, "b"), true],
    ["it is removed", (path) => fs.rmSync(path), true],
    [
      "another takes its place",
      (path) => {
        fs.writeFileSync(`${path}.new`, "b".repeat(LARGE));
        fs.renameSync(`${path}.new`, path);
      },
      true,
    ],
  ];

  test.each(CHANGES)("%s: whole or visibly broken", async (_, change, isWhole) => {
    const { stage, at } = await onDisk();
    let changed = false;
    const answer = await stage.ask("GET", "/large", {
      onBytes: () => {
        if (!changed) change(at("large"));
        changed = true;
      },
    });
    expect(changed).toBe(true);
    expect([answer.status, answer.isWhole, answer.threw]).toEqual([200, isWhole, false]);
    if (isWhole) expect(answer.body === "a".repeat(LARGE)).toBe(true);
    else expect(answer.body.length).toBeLessThan(LARGE);
    expect(stage.pool.taken).toBe(0);
  });

  test.each(["/large", "/small"])("one that is replaced while it is opened: %s", async (path) => {
    const { stage, at } = await onDisk();
    const replaced = replacingStore(stage.store, () => {
      fs.writeFileSync(`${at(path)}.new`, "b".repeat(fs.statSync(at(path)).size));
      fs.renameSync(`${at(path)}.new`, at(path));
    });
    const again = new Stage(replaced);
    again.wallMs = Date.now();
    const { status, fields, body } = await again.get(path);
    expect([status, /^b+$/.test(body), fields.etag]).toEqual([200, true, undefined]);
  });

  test("one that never stands still is not sent at all", async () => {
    const { stage, at } = await onDisk();
    const restless = replacingStore(stage.store, (time) => {
      fs.writeFileSync(at("large"), `${time}`.repeat(LARGE));
    });
    expect((await new Stage(restless).get("/large")).status).toBe(503);
  });
});

/** Something happens just before files are opened: once, or for a change each time always. */
function replacingStore(store: FileStore, change: (time: number) => void): FileStore {
  let times = 0;
  return Object.create(store, {
    entry: { value: (path: string) => store.entry(path) },
    openReader: {
      value: (path: string, offset: number) => {
        if (times++ === 0 || change.length > 0) change(times);
        return store.openReader(path, offset);
      },
    },
  }) as FileStore;
}

describe("small files are kept in memory", () => {
  class CountingStore extends MemoryStore {
    opened = 0;
    override openReader(path: string, offset: number) {
      this.opened++;
      return super.openReader(path, offset);
    }
  }

  async function counting() {
    let nowMs = (): number => CHANGED_MS;
    const store = new CountingStore({ nowMs: () => nowMs() });
    const stage = new Stage(store);
    nowMs = () => stage.wallMs;
    await stage.fill({ "/a": "one", "/b": "two", "/empty": "" });
    return { store, stage };
  }

  test("and read once, for all that may be asked of them", async () => {
    const { store, stage } = await counting();
    for (let i = 0; i < 3; i++) expect((await stage.get("/a")).body).toBe("one");
    expect((await stage.get("/a", { Range: "bytes=0-0,2-2" })).status).toBe(206);
    expect(store.opened).toBe(1);
    expect((await stage.get("/empty")).fields["content-length"]).toBe("0");
    await stage.ask("HEAD", "/b");
    await stage.get("/b", { "If-None-Match": "*" });
    expect(store.opened).toBe(1);
  });

  test("a change shows at once, also one that keeps the size", async () => {
    const { stage } = await counting();
    expect((await stage.get("/a")).body).toBe("one");
    await put(stage.store, "/a", "ONE");
    await stage.store.setModified("/a", CHANGED_MS);
    expect((await stage.get("/a")).body).toBe("ONE");
    await stage.store.remove("/a");
    expect((await stage.get("/a")).status).toBe(404);
  });

  test("nor does one whose time is put back go unseen", async () => {
    const { stage } = await counting();
    const { etag } = (await stage.get("/a")).fields;
    await stage.store.setModified("/a", CHANGED_MS);
    stage.wallMs += 60_000;
    const again = (await stage.get("/a")).fields;
    expect(again["last-modified"]).toBe(new Date(CHANGED_MS).toUTCString());
    expect([etag, again.etag]).toEqual([expect.any(String), expect.not.stringMatching(etag!)]);
  });

  test("what was changed just now is not kept", async () => {
    const { store, stage } = await counting();
    await put(stage.store, "/a", "new");
    for (let i = 0; i < 3; i++) await stage.get("/a");
    expect(store.opened).toBe(3);
  });

  test(`limit: so many bytes, ${KEPT_BYTES} unless said; who was asked for last stays`, () => {
    const NO_TIMES = { modifiedMs: 0, changedMs: 0 };
    const kept = new KeptFiles<{ entry: Entry; bytes: Buffer }>(10_000);
    const file = (unique: string) => ({
      entry: { name: "a", kind: "file" as const, size: 3000, ...NO_TIMES, unique },
      bytes: Buffer.alloc(3000),
    });
    const [one, two, three] = [file("1"), file("2"), file("3")];
    kept.keep("/1", one);
    kept.keep("/2", two);
    expect(kept.get("/1", one.entry)).toBe(one);
    kept.keep("/3", three);
    expect(kept.bytes).toBeLessThanOrEqual(10_000);
    expect(kept.get("/2", two.entry)).toBeNull();
    expect(kept.get("/1", one.entry)).toBe(one);
    expect(kept.get("/3", three.entry)).toBe(three);
    kept.keep("/3", three);
    expect(kept.get("/3", two.entry)).toBeNull();
    expect(kept.get("/1", two.entry)).toBeNull();
    expect(kept.bytes).toBe(0);
    for (let i = 0; i < 1000; i++) kept.keep(`/${i}`, { ...one, bytes: Buffer.alloc(0) });
    expect(kept.bytes).toBeLessThanOrEqual(10_000);
  });
});

describe("looks at a file", () => {
  function slowStore() {
    const running: (() => void)[] = [];
    let text = "";
    const store = new MemoryStore({ wait: () => new Promise((resolve) => running.push(resolve)) });
    const entry = store.entry.bind(store);
    store.entry = async (path) => ({ ...(await entry(path)), name: text });
    return {
      store,
      running,
      write: (now: string) => (text = now),
      finish: () => running.splice(0).forEach((resolve) => resolve()),
    };
  }

  test("are shared by those who ask at once, and never begun before they asked", async () => {
    const { store, running, write, finish } = slowStore();
    const lookups = new Lookups(store, () => 7);
    const first = lookups.look("/");
    write("changed since");
    const others = [lookups.look("/"), lookups.look("/"), lookups.look("/")];
    expect(running).toHaveLength(1);
    finish();
    await first;
    await turn();
    expect(running).toHaveLength(1);
    const late = lookups.look("/");
    finish();
    const looks = await Promise.all(others);
    expect(new Set(looks).size).toBe(1);
    expect(looks[0]).toMatchObject({ entry: { name: "changed since" }, lookedAtMs: 7 });
    await turn();
    finish();
    expect(await late).not.toBe(looks[0]);
    await turn();
    expect(lookups.running).toBe(0);
  });

  test("fail for those who asked, and nobody else", async () => {
    const store = new MemoryStore();
    const lookups = new Lookups(store, () => 0);
    const failed = [lookups.look("/a"), lookups.look("/a"), lookups.look("/b")];
    for (const look of failed) await expect(look).rejects.toMatchObject({ code: "not-found" });
    await put(store, "/a", "");
    expect((await lookups.look("/a")).entry.name).toBe("a");
    expect(lookups.running).toBe(0);
  });

  async function turn(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
  }
});
