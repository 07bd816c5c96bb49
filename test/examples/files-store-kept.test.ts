/** Folders that a store keeps open: they are looked at each time, and there are few of them. */
import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import promises from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";

import { KEPT_MS, MAX_KEPT_FOLDERS } from "../../examples/files/disk-kept.ts";
import { openDiskStore } from "../../examples/files/disk-store.ts";
import type { FileStore } from "../../examples/files/file-store.ts";
import { openDescriptors } from "./chat-process.ts";
import {
  canMount,
  codeOf,
  diskStore,
  get,
  names,
  NEW,
  put,
  temporaryFolder,
} from "./files-stores.ts";

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** `/a/b/file` in "root", and the same beside it in "outside"; the store has just been there. */
async function keeping(): Promise<{ base: string; root: string; store: FileStore }> {
  const base = fs.realpathSync(temporaryFolder());
  for (const place of ["root", "outside"]) {
    fs.mkdirSync(join(base, place, "a/b"), { recursive: true });
    fs.writeFileSync(join(base, place, "a/b/file"), place);
  }
  const root = join(base, "root");
  const store = await diskStore(root);
  expect(await get(store, "/a/b/file")).toBe("root");
  return { base, root, store };
}

/** Paths that were opened, without the number of the folder. */
function openings(): string[] {
  const paths: string[] = [];
  const { open } = promises;
  vi.spyOn(promises, "open").mockImplementation((path, ...rest) => {
    paths.push(String(path).replace(/.*\/fd\/\d+/, ""));
    return open(path, ...rest);
  });
  return paths;
}

/** How many descriptors are open besides those of before. */
function counter(): () => number {
  const before = openDescriptors(process.pid);
  return () => openDescriptors(process.pid) - before;
}

const onLinux = describe.runIf(process.platform === "linux");

onLinux("a folder that is kept", () => {
  it("is not opened again, and neither are those before it", async () => {
    const { store } = await keeping();
    const opened = openings();
    expect(await get(store, "/a/b/file")).toBe("root");
    await put(store, "/a/b/new", "new", NEW);
    expect(opened.map((path) => path.replace(/upload-.*/, ""))).toEqual(["/file", "/.iomux-"]);
  });

  const CHANGES: Record<string, [(base: string, root: string) => void, string]> = {
    "is removed": [(_, root) => fs.rmSync(join(root, "a/b"), { recursive: true }), "not-found"],
    "is renamed": [(_, root) => fs.renameSync(join(root, "a/b"), join(root, "a/c")), "not-found"],
    "leaves the root": [
      (base, root) => fs.renameSync(join(root, "a/b"), join(base, "b")),
      "not-found",
    ],
    "leaves the root, and a link leads to it": [
      (base, root) => {
        fs.renameSync(join(root, "a/b"), join(base, "b"));
        fs.symlinkSync(join(base, "b"), join(root, "a/b"));
      },
      "not-found",
    ],
    "leaves the root with the one before it, and a link leads there": [
      (base, root) => {
        fs.renameSync(join(root, "a"), join(base, "a"));
        fs.symlinkSync(join(base, "a"), join(root, "a"));
      },
      "not-found",
    ],
    "has given its name to another": [
      (_, root) => {
        fs.renameSync(join(root, "a/b"), join(root, "a/old"));
        fs.mkdirSync(join(root, "a/b"));
        fs.writeFileSync(join(root, "a/b/file"), "another");
      },
      "another",
    ],
    "is below one that has given its name to another": [
      (_, root) => {
        fs.renameSync(join(root, "a"), join(root, "old"));
        fs.mkdirSync(join(root, "a/b"), { recursive: true });
        fs.writeFileSync(join(root, "a/b/file"), "another");
      },
      "another",
    ],
    "has given its name to a file": [
      (_, root) => {
        fs.rmSync(join(root, "a/b"), { recursive: true });
        fs.writeFileSync(join(root, "a/b"), "");
      },
      "not-found",
    ],
    "moves with the root": [(base, root) => fs.renameSync(root, join(base, "moved")), "root"],
  };

  it.each(Object.keys(CHANGES))("%s: what is told is what is there", async (name) => {
    const { base, root, store } = await keeping();
    const [change, expected] = CHANGES[name]!;
    change(base, root);
    for (let round = 0; round < 2; round++) {
      const told = await get(store, "/a/b/file").catch((error: unknown) =>
        codeOf(Promise.reject(error as Error)),
      );
      expect(told).toBe(expected);
    }
    const wrote = await codeOf(put(store, "/a/b/new", "new", NEW));
    expect(wrote).toBe(expected === "not-found" ? "not-found" : "done");
    expect(fs.existsSync(join(base, "b/new"))).toBe(false);
    expect(fs.existsSync(join(base, "a/b/new"))).toBe(false);
  });

  it.runIf(process.getuid?.() === 0 && canMount())(
    "is mounted over: what is told is what is there, and it can be unmounted",
    async () => {
      vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
      const { root, store } = await keeping();
      const folder = join(root, "a/b");
      execFileSync("mount", ["-t", "tmpfs", "none", folder]);
      onTestFinished(() => void spawnSync("umount", ["--lazy", folder]));
      expect(await names(store, "/a/b")).toEqual([]);
      await put(store, "/a/b/new", "new");
      const unmount = (): unknown => execFileSync("umount", [folder], { stdio: "pipe" });
      expect(unmount).toThrow("busy");
      vi.advanceTimersByTime(2 * KEPT_MS);
      await vi.waitFor(unmount);
      expect(await names(store, "/a/b")).toEqual(["file"]);
    },
  );

  it("is let go of once its name leads elsewhere", async () => {
    const { root, store } = await keeping();
    const more = counter();
    fs.rmSync(join(root, "a/b"), { recursive: true });
    expect(await codeOf(store.entry("/a/b/file"))).toBe("not-found");
    // The one before it was opened anew, and is kept in its place.
    await vi.waitFor(() => expect(more()).toBe(-1));
  });

  it("can be removed by a client, and made again", async () => {
    const { root, store } = await keeping();
    await store.remove("/a/b/file");
    await store.removeFolder("/a/b");
    expect(await codeOf(put(store, "/a/b/new", "new"))).toBe("not-found");
    await store.makeFolder("/a/b");
    await put(store, "/a/b/new", "new");
    expect(fs.readdirSync(join(root, "a/b"))).toEqual(["new"]);
  });

  it("is not let go of before all has ended that is done in it", async () => {
    const { root } = await keeping();
    const store = await openDiskStore(root);
    const upload = await store.openUpload("/a/b/new", NEW);
    const handle = await promises.open(root);
    await handle.close();
    const type = Object.getPrototypeOf(handle) as promises.FileHandle;
    const { unlink } = promises;
    const ended: string[] = [];
    let letUnlink!: () => void;
    vi.spyOn(promises, "unlink").mockImplementationOnce(async (path) => {
      await new Promise<void>((resolve) => (letUnlink = resolve));
      await unlink(path);
      ended.push("unlink");
    });
    await upload.sync();
    vi.spyOn(type, "sync").mockImplementation(() => {
      setImmediate(() => setImmediate(letUnlink));
      return Promise.reject(Object.assign(new Error(), { code: "EIO", syscall: "fsync" }));
    });
    const over = codeOf(upload.commit()).then((code) => ended.push(code));
    await store.close();
    await over;
    expect(ended).toEqual(["unlink", "failed"]);
  });

  it("stays as long as it is in use, also if it is not kept any more", async () => {
    const { root, store } = await keeping();
    const upload = await store.openUpload("/a/b/new", NEW);
    for (let i = 0; i <= MAX_KEPT_FOLDERS; i++) {
      fs.mkdirSync(join(root, `${i}`));
      await codeOf(store.entry(`/${i}/none`));
    }
    await upload.write(Buffer.from("whole"));
    await upload.commit();
    expect(fs.readFileSync(join(root, "a/b/new"), "utf8")).toBe("whole");
  });
});

onLinux("folders that are kept", () => {
  async function walkTo(root: string, store: FileStore, count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      fs.mkdirSync(join(root, `${i}`), { recursive: true });
      await put(store, `/${i}/file`, "file");
    }
  }

  it(`are at most ${MAX_KEPT_FOLDERS}, with two descriptors each, the last ones`, async () => {
    const root = temporaryFolder();
    const more = counter();
    const store = await openDiskStore(root);
    await walkTo(root, store, MAX_KEPT_FOLDERS);
    const most = 1 + 2 * MAX_KEPT_FOLDERS;
    await vi.waitFor(() => expect(more()).toBe(most));
    await get(store, "/0/file");
    fs.mkdirSync(join(root, "more"));
    await put(store, "/more/file", "file");
    await vi.waitFor(() => expect(more()).toBe(most));
    const opened = openings();
    await get(store, "/0/file");
    expect(opened).toEqual(["/file"]);
    await get(store, "/1/file");
    expect(opened).toEqual(["/file", "/1", "/file"]);
    await store.close();
    expect(more()).toBe(0);
  });

  it(`are closed when none was wanted for ${KEPT_MS} ms`, async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    const root = temporaryFolder();
    const store = await diskStore(root, { durable: true });
    const more = counter();
    await walkTo(root, store, 2);
    vi.advanceTimersByTime(KEPT_MS);
    expect(more()).toBe(4);
    await get(store, "/0/file");
    vi.advanceTimersByTime(KEPT_MS);
    expect(more()).toBe(4);
    vi.advanceTimersByTime(KEPT_MS);
    await vi.waitFor(() => expect(more()).toBe(0));
    expect(vi.getTimerCount()).toBe(0);
    expect(await get(store, "/0/file")).toBe("file");
  });

  it("are let go of by a store that is closed while they are in use", async () => {
    const root = temporaryFolder();
    fs.mkdirSync(join(root, "a"));
    const more = counter();
    const store = await openDiskStore(root);
    const upload = await store.openUpload("/a/new", NEW);
    const walking = codeOf(store.entry("/a/none/none"));
    await store.close();
    expect(await walking).toBe("not-found");
    await upload.write(Buffer.from("whole"));
    await upload.commit();
    expect(more()).toBe(0);
    expect(fs.readFileSync(join(root, "a/new"), "utf8")).toBe("whole");
  });
});
