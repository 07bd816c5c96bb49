/** What only a disk shows: crashes, a full disk, odd names, rights, and descriptors. */
import fs from "node:fs";
import promises from "node:fs/promises";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";

import { openDiskStore } from "../../examples/files/disk-store.ts";
import { COPY_BYTES } from "../../examples/files/disk-upload.ts";
import type { StoreError, UploadMode } from "../../examples/files/file-store.ts";
import { UPLOAD_PREFIX } from "../../examples/files/store-path.ts";
import { FOREIGN_UPLOAD_MS, uploadOwner } from "../../examples/files/upload-owner.ts";
import { programCommand } from "../support/program-command.ts";
import { openDescriptors, run, type Running } from "./chat-process.ts";
import {
  APPEND,
  canMount,
  codeOf,
  diskStore,
  get,
  names,
  NEW,
  put,
  REPLACE,
} from "./files-stores.ts";
import { temporaryFolder, treeOf } from "./files-stores.ts";

const children: Running[] = [];

afterEach(async () => {
  vi.restoreAllMocks();
  for (const { child } of children) child.kill("SIGKILL");
  await Promise.all(children.splice(0).map(({ ended }) => ended));
});

/** A process with `count` uploads that run, or the code of what they failed with. */
async function startUploads(
  root: string,
  { count, bytes, before = "" }: { count: number; bytes: number; before?: string },
): Promise<{ running: Running; result: string }> {
  const program = programCommand("test/examples/files-uploads.ts");
  const command = [process.execPath, ...program, root, count, bytes].join(" ");
  const running = run("sh", ["-c", `${before} exec ${command}`]);
  children.push(running);
  const result = await running.out.until(/./).catch(() => running.err.lines.join("\n"));
  return { running, result };
}

/** A folder "folder" with files of before. */
function rootWithFiles(count: number): string {
  const root = temporaryFolder();
  fs.mkdirSync(join(root, "folder"));
  for (let i = 0; i < count; i++) fs.writeFileSync(join(root, "folder", `file ${i}`), "old");
  return root;
}

function uploadsIn(folder: string): string[] {
  return fs.readdirSync(folder).filter((name) => name.startsWith(UPLOAD_PREFIX));
}

describe("after kill -9", () => {
  it("old files are as they were, and what was left is removed; another server's is not", async () => {
    const root = rootWithFiles(25);
    const folder = join(root, "folder");
    const killed = await startUploads(root, { count: 50, bytes: 100_000 });
    const other = await startUploads(root, { count: 3, bytes: 10 });
    expect([killed.result, other.result]).toEqual(["ready", "ready"]);
    killed.running.child.kill("SIGKILL");
    await killed.running.ended;
    expect(uploadsIn(folder)).toHaveLength(53);

    const store = await diskStore(root);
    const own = await store.openUpload("/folder/own", NEW);
    const before: Record<string, string | null> = { "/folder": null };
    for (let i = 0; i < 25; i++) before[`/folder/file ${i}`] = "old";
    expect(await treeOf(store)).toEqual(before);
    expect(await store.cleanUp()).toBe(50);
    expect(uploadsIn(folder)).toHaveLength(4);
    expect(await treeOf(store)).toEqual(before);
    await own.discard();

    other.running.child.kill("SIGKILL");
    await other.running.ended;
    expect(await store.cleanUp()).toBe(3);
    expect(uploadsIn(folder)).toEqual([]);
  });

  it("between the two steps of publishing: the file is whole, and the other name is removed", async () => {
    const root = temporaryFolder();
    const store = await diskStore(root);
    vi.spyOn(promises, "unlink").mockResolvedValue();
    await put(store, "/a", "whole", NEW);
    vi.restoreAllMocks();
    const [leftover] = uploadsIn(root);
    const itself = new RegExp(`-${process.pid}-\\d+-`);
    fs.renameSync(
      join(root, leftover!),
      join(root, leftover!.replace(itself, `-${process.pid}-1-`)),
    );
    expect(await store.cleanUp()).toBe(1);
    expect(await treeOf(store)).toEqual({ "/a": "whole" });
    expect(uploadsIn(root)).toEqual([]);
  });

  it("uploads of other machines are kept until they have stood still for long", async () => {
    const owner = await uploadOwner();
    const own = owner.newName();
    const foreign = own.replace(/[0-9a-f]{12}-/, "0123456789ab-");
    const now = 1e12;
    expect(await owner.isLeftover(own, 0, now)).toBe(false);
    expect(await owner.isLeftover(foreign, now - FOREIGN_UPLOAD_MS, now)).toBe(false);
    expect(await owner.isLeftover(foreign, now - FOREIGN_UPLOAD_MS - 1, now)).toBe(true);
  });

  it("only what is an upload by its name and kind is removed", async () => {
    const root = temporaryFolder();
    const foreign = (await uploadOwner()).newName().replace(/[0-9a-f]{12}-/, "0123456789ab-");
    const alike = [`${UPLOAD_PREFIX}mine`, `${foreign}0`, foreign.slice(1), `x${foreign}`];
    for (const name of alike) fs.writeFileSync(join(root, name), "");
    for (const name of alike) fs.utimesSync(join(root, name), 1, 1);
    fs.mkdirSync(join(root, foreign));
    fs.symlinkSync("..", join(root, "out"));
    const store = await diskStore(root);
    expect(await store.cleanUp()).toBe(0);
    expect(fs.readdirSync(root)).toHaveLength(6);
  });
});

describe("a disk that does not take it", () => {
  it("full: some bytes fit, then none; told, and nothing is seen of it", async () => {
    const root = rootWithFiles(1);
    // 512 blocks of 512 or 1024 bytes, as the shell counts.
    const limit = "ulimit -f 512;";
    const { result } = await startUploads(root, { count: 3, bytes: 1_000_000, before: limit });
    expect(result).toBe("full");
    const store = await diskStore(root);
    expect(await treeOf(store)).toEqual({ "/folder": null, "/folder/file 0": "old" });
  });

  it.runIf(process.getuid?.() === 0 && canMount())("a real one of 1 MiB", async () => {
    const root = temporaryFolder();
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "none", root]);
    try {
      const store = await openDiskStore(root);
      await put(store, "/a", "old");
      for (const mode of [REPLACE, APPEND]) {
        const upload = await store.openUpload("/a", mode);
        expect(await codeOf(upload.write(Buffer.alloc(2_000_000)))).toBe("full");
        expect(await codeOf(upload.write(Buffer.alloc(1)))).toBe("full");
        expect(await codeOf(upload.commit())).toBe("full");
      }
      expect(await treeOf(store)).toEqual({ "/a": "old" });
      expect(await store.freeBytes()).toBeGreaterThan(1_000_000);
      await put(store, "/a", "there is room again");
      await store.close();
    } finally {
      execFileSync("umount", [root]);
    }
  });

  it("a sync that fails: nothing is published, and the leftover is gone", async () => {
    const root = temporaryFolder();
    const store = await diskStore(root, { durable: true });
    await put(store, "/a", "old");
    const upload = await store.openUpload("/a", REPLACE);
    await upload.write(Buffer.from("new"));
    vi.spyOn(await handleType(root), "sync").mockRejectedValue(systemError("EIO"));
    expect(await codeOf(upload.commit())).toBe("failed");
    vi.restoreAllMocks();
    expect(await treeOf(store)).toEqual({ "/a": "old" });
    expect(fs.readdirSync(root)).toEqual(["a"]);
  });

  it("the file is synced before it has its name, and its folder after that", async () => {
    const root = temporaryFolder();
    const store = await diskStore(root, { durable: true });
    const synced: [ino: number, names: string[]][] = [];
    const type = await handleType(root);
    const { sync } = type;
    vi.spyOn(type, "sync").mockImplementation(async function (this: promises.FileHandle) {
      synced.push([(await this.stat()).ino, await names(store)]);
      await sync.call(this);
    });
    for (const mode of [NEW, REPLACE]) {
      const before = await names(store);
      await put(store, "/a", "a", mode);
      const [file, folder] = [fs.statSync(join(root, "a")).ino, fs.statSync(root).ino];
      expect(synced.splice(0)).toEqual([
        [file, before],
        [folder, ["a"]],
      ]);
    }
  });

  it("what close says of a file that was synced does not count", async () => {
    const root = temporaryFolder();
    const store = await diskStore(root, { durable: true });
    const { open } = promises;
    vi.spyOn(promises, "open").mockImplementationOnce(async (...given) => {
      const handle = await open(...given);
      const { close } = handle;
      handle.close = async () => {
        await close();
        throw systemError("EIO");
      };
      return handle;
    });
    const upload = await store.openUpload("/a", NEW);
    await upload.write(Buffer.from("whole"));
    expect(await codeOf(upload.commit())).toBe("done");
    expect(fs.readFileSync(join(root, "a"), "utf8")).toBe("whole");
  });

  it("no hard links: still nothing is overwritten, and of two one wins", async () => {
    const store = await diskStore(temporaryFolder());
    vi.spyOn(promises, "link").mockRejectedValue(systemError("EPERM"));
    await put(store, "/a", "old", NEW);
    expect(await codeOf(put(store, "/a", "new", NEW))).toBe("exists");
    const uploads = await Promise.all([1, 2, 3].map(() => store.openUpload("/b", NEW)));
    const results = await Promise.all(uploads.map((upload) => codeOf(upload.commit())));
    expect([...results].sort()).toEqual(["done", "exists", "exists"]);
    await store.rename("/b", "/c", { replace: false });
    expect(await codeOf(store.rename("/c", "/a", { replace: false }))).toBe("exists");
    expect(await names(store)).toEqual(["a", "c"]);
  });

  it("what the system says is in the message by its code, and no path of the disk", async () => {
    const root = temporaryFolder();
    const store = await diskStore(root);
    for (const [code, expected] of [
      ["EACCES", "forbidden"],
      ["EROFS", "forbidden"],
      ["EDQUOT", "full"],
      ["EIO", "failed"],
      ["EMFILE", "failed"],
    ] as const) {
      vi.spyOn(promises, "mkdir").mockRejectedValue(systemError(code, `mkdir '${root}/a'`));
      const error = await store.makeFolder("/a").catch((error: unknown) => error);
      expect(error).toMatchObject({ name: "StoreError", code: expected, path: "/a" });
      expect((error as StoreError).message).toContain(code);
      expect((error as StoreError).message).not.toContain(root);
    }
  });
});

/** Where the methods of all open files are. */
async function handleType(path: string): Promise<promises.FileHandle> {
  const handle = await promises.open(path);
  await handle.close();
  return Object.getPrototypeOf(handle) as promises.FileHandle;
}

function systemError(code: string, message = code): Error {
  return Object.assign(new Error(message), { code, syscall: "call", errno: -1 });
}

describe("a copy that an upload begins with", () => {
  const big = Buffer.alloc(COPY_BYTES * 3 + 7, "0123456789abcdefg");

  it.each<[UploadMode, number]>([
    [APPEND, big.length],
    [{ kind: "resume", offset: COPY_BYTES + 1 }, COPY_BYTES + 1],
  ])("is whole, piece by piece: %o", async (mode, kept) => {
    const root = temporaryFolder();
    fs.writeFileSync(join(root, "a"), big);
    const store = await diskStore(root);
    await put(store, "/a", "new", mode);
    const expected = Buffer.concat([big.subarray(0, kept), Buffer.from("new")]);
    expect(fs.readFileSync(join(root, "a")).equals(expected)).toBe(true);
  });

  it("ends when the upload is discarded", async () => {
    const root = temporaryFolder();
    fs.writeFileSync(join(root, "a"), "");
    fs.truncateSync(join(root, "a"), 2 ** 40);
    const store = await diskStore(root);
    const upload = await store.openUpload("/a", APPEND);
    await upload.discard();
    expect(fs.readdirSync(root)).toEqual(["a"]);
  });

  it.each<[string, (file: string) => void]>([
    ["that was appended to", (file) => fs.appendFileSync(file, "theirs")],
    ["that was overwritten", (file) => fs.writeFileSync(file, "abc")],
  ])("of a file %s meanwhile is not published", async (_, change) => {
    const file = join(temporaryFolder(), "a");
    fs.writeFileSync(file, "old");
    fs.utimesSync(file, 1, 1);
    const store = await diskStore(join(file, ".."));
    const upload = await store.openUpload("/a", APPEND);
    await upload.write(Buffer.from("new"));
    change(file);
    const theirs = fs.readFileSync(file, "utf8");
    expect(await codeOf(upload.commit())).toBe("changed");
    expect(fs.readFileSync(file, "utf8")).toBe(theirs);
  });

  it("of a file that becomes shorter is told as changed", async () => {
    const root = temporaryFolder();
    fs.writeFileSync(join(root, "a"), big);
    const store = await diskStore(root);
    const upload = await store.openUpload("/a", APPEND);
    fs.truncateSync(join(root, "a"), 1);
    expect(await codeOf(upload.commit())).toBe("changed");
    expect(fs.statSync(join(root, "a")).size).toBe(1);
  });
});

it("a file that becomes shorter while it is read is told, and one that grows is not", async () => {
  const root = temporaryFolder();
  fs.writeFileSync(join(root, "a"), "0123456789");
  const store = await diskStore(root);
  const reader = await store.openReader("/a", 0);
  fs.appendFileSync(join(root, "a"), "more");
  const into = Buffer.alloc(4);
  expect([await reader.read(into), await reader.read(into), await reader.read(into)]).toEqual([
    4, 4, 2,
  ]);
  expect(await reader.read(into)).toBe(0);
  await reader.close();
  const shorter = await store.openReader("/a", 0);
  fs.truncateSync(join(root, "a"), 4);
  await shorter.read(into);
  expect(await codeOf(shorter.read(into))).toBe("changed");
  await shorter.close();
});

it("names on the disk that no client could write are not shown", async () => {
  const root = temporaryFolder();
  for (const name of ["a\nb", "\u001b[2J", "\u007f", "ok"]) fs.writeFileSync(join(root, name), "");
  fs.writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0x61, 0xff])]), "");
  expect(await names(await diskStore(root))).toEqual(["ok"]);
});

it("a file that takes the place of another has its rights, but not set-user-id", async () => {
  const root = temporaryFolder();
  fs.writeFileSync(join(root, "a"), "old");
  fs.chmodSync(join(root, "a"), 0o4640);
  const store = await diskStore(root);
  for (const mode of [REPLACE, APPEND]) {
    await put(store, "/a", "new", mode);
    expect(fs.statSync(join(root, "a")).mode & 0o7777).toBe(0o640);
  }
});

it("a time that the disk does not keep is told, and the old one put back", async () => {
  const root = temporaryFolder();
  const store = await diskStore(root);
  await put(store, "/a", "a");
  await store.setModified("/a", 5_000);
  // As ext4 does: no error, but the last time that fits.
  const last = new Date(10_000);
  const { lutimes } = promises;
  vi.spyOn(promises, "lutimes").mockImplementation((path, _, time) =>
    lutimes(path, last, time > last ? last : time),
  );
  expect(await codeOf(store.setModified("/a", 12_000))).toBe("forbidden");
  expect(fs.statSync(join(root, "a")).mtimeMs).toBe(5_000);
  // FAT would keep the even second before it.
  expect(await codeOf(store.setModified("/a", 11_000))).toBe("done");
});

it("the root is a folder that is there, and stays the one that was opened", async () => {
  const base = temporaryFolder();
  await expect(openDiskStore(join(base, "none"))).rejects.toThrow("ENOENT");
  fs.writeFileSync(join(base, "file"), "");
  await expect(openDiskStore(join(base, "file"))).rejects.toThrow("ENOTDIR");
  fs.mkdirSync(join(base, "root"));
  fs.symlinkSync("root", join(base, "link"));
  const store = await diskStore(join(base, "link"));
  await put(store, "/a", "a");
  fs.renameSync(join(base, "root"), join(base, "moved"));
  fs.mkdirSync(join(base, "root"));
  if (process.platform === "linux") expect(await get(store, "/a")).toBe("a");
});

it.runIf(process.platform === "linux")("no descriptor stays open, whatever happens", async () => {
  const root = temporaryFolder();
  fs.mkdirSync(join(root, "d/e"), { recursive: true });
  fs.symlinkSync("d/e", join(root, "in"));
  fs.symlinkSync("/etc", join(root, "out"));
  const before = openDescriptors(process.pid);
  const store = await openDiskStore(root);
  const missing = ["/none", "/none/a", "/d/none/a", "/out", "/out/passwd", "/d", "/in/none"];
  for (let round = 0; round < 3; round++) {
    await Promise.all(
      missing.flatMap((path) =>
        [
          store.entry(path),
          names(store, path),
          store.openReader(path, 0),
          store.openUpload(path, { kind: "resume", offset: 5 }),
          store.rename(path, "/none/x", { replace: true }),
          store.remove(path),
          store.setModified(`${path}/x`, 0),
        ].map(codeOf),
      ),
    );
    await put(store, "/in/a", "a");
    const failing = await store.openUpload("/in/a", NEW).catch(() => null);
    expect(failing).toBe(null);
    await codeOf(store.openReader("/in/a", 99));
    await codeOf(store.openUpload("/in/a", { kind: "resume", offset: 99 }));
    const late = await store.openUpload("/d/b", NEW);
    await put(store, "/d/b", "b");
    expect(await codeOf(late.commit())).toBe("exists");
    await store.remove("/d/b");
    for await (const _ of store.list("/in")) break;
    await store.cleanUp();
  }
  await store.close();
  expect(openDescriptors(process.pid)).toBe(before);
});

it("nothing of it blocks the loop: no call of the system is a synchronous one", () => {
  const folder = join(import.meta.dirname, "../../examples/ftp");
  const names = fs.readdirSync(folder, { recursive: true, encoding: "utf8" });
  for (const name of names.filter((name) => name.endsWith(".ts"))) {
    expect(fs.readFileSync(join(folder, name), "utf8")).not.toMatch(/\w+Sync\(/);
  }
});
