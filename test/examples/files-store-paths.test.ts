/** Nothing outside the root is read, written, listed or probed, whatever the path and the links. */
import fs from "node:fs";
import promises from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it, onTestFinished, vi } from "vitest";

import { MAX_PATH_BYTES } from "../../examples/files/path-limits.ts";
import { MAX_LINKS } from "../../examples/files/disk-walk.ts";
import type { FileStore } from "../../examples/files/file-store.ts";
import { APPEND, codeOf, DISK_STORES, diskStore, entries, get, names } from "./files-stores.ts";
import {
  NEW,
  onEveryStore,
  put,
  REPLACE,
  snapshotOf,
  temporaryFolder,
  treeOf,
  UNIQUE,
} from "./files-stores.ts";

const BAD_PATHS = [
  ...["", ".", "..", "a", "../a", "./a", "~/a", "C:\\a"],
  ...[
    "/..",
    "/../a",
    "/a/../../b",
    "/a/..",
    "/a/../b",
    "/.",
    "/a/./b",
    "//",
    "//a",
    "/a//b",
    "/a/",
  ],
  ...["\0", "\r", "\n", "\t", "\u001b", "\u007f"].map((control) => `/a${control}b`),
  ...["/a\0/../../etc/passwd", "/a\r\n226 Done", "\0", "/\0"],
  ...["/\ud800", "/a\udfffb", "/\ufffd"],
  ...[`/${"n".repeat(256)}`, `/${"文".repeat(86)}`, `/a${"/b".repeat(MAX_PATH_BYTES / 2)}`],
  ...[
    "/.iomux-upload-",
    "/.iomux-upload-1",
    "/.IOMUX-Upload-1",
    "/.iomux-upload-1/a",
    "/a/.iomux-upload-1",
  ],
];

/** Every way to name something. */
function everyUse(store: FileStore, path: string): Promise<unknown>[] {
  return [
    store.entry(path),
    entries(store, path),
    store.openReader(path, 0),
    ...[NEW, REPLACE, APPEND, UNIQUE].map((mode) => put(store, path, "x", mode)),
    store.openUpload(path, { kind: "resume", offset: 1 }),
    store.rename(path, "/to", { replace: true }),
    store.rename("/from", path, { replace: false }),
    store.rename("/from", path, { replace: true }),
    store.remove(path),
    store.removeFolder(path),
    store.makeFolder(path),
    store.setModified(path, 0),
  ];
}

onEveryStore((open) => {
  it.each(BAD_PATHS)("%j is a bad name for everything", async (path) => {
    const store = await open();
    await put(store, "/from", "from");
    const codes = await Promise.all(everyUse(store, path).map(codeOf));
    expect(new Set(codes)).toEqual(new Set(["bad-name"]));
    expect(await treeOf(store)).toEqual({ "/from": "from" });
  });

  it("any path is a name below the root, or a bad one", async () => {
    const parts = fc.array(fc.constantFrom("..", ".", "/", "a", "\0", "\n", "\\", "%2e", " "), {
      maxLength: 8,
    });
    const store = await open();
    await fc.assert(
      fc.asyncProperty(parts, async (some) => {
        const path = some.join("");
        const segments = path.split("/").slice(1);
        const isFit =
          path !== "" &&
          segments.every((name) => !["", ".", ".."].includes(name) && !/[\0\n]/.test(name));
        const expected =
          path === "/" ? "done" : path.startsWith("/") && isFit ? "not-found" : "bad-name";
        expect(await codeOf(store.entry(path))).toBe(expected);
      }),
    );
  });
});

/** Below the root "inside" with `/a`, and beside it "outside" with `secret`. */
function folders(): { root: string; outside: string; inside: string } {
  const base = fs.realpathSync(temporaryFolder());
  const [root, outside] = [join(base, "inside"), join(base, "outside")];
  fs.mkdirSync(join(outside, "folder"), { recursive: true });
  fs.writeFileSync(join(outside, "secret"), "SECRET");
  fs.writeFileSync(join(outside, "folder", "secret"), "SECRET");
  fs.mkdirSync(root);
  return { root, outside, inside: root };
}

describe.each(DISK_STORES)("store: $name", ({ lookup }) => {
  const LEAVING: Record<string, (outside: string) => string> = {
    "an absolute link": (outside) => outside,
    "a link to a file": (outside) => join(outside, "secret"),
    "a link to nothing": (outside) => join(outside, "none"),
    "a link to what is not a folder": (outside) => join(outside, "secret", "none"),
    "a relative link": () => "../outside",
    "a link out and in again": () => "../inside/file",
    "a link through a folder": () => "folder/../../outside/secret",
    "a link through a link": () => "out/secret",
    "a link to a device": () => "/dev/null",
    "a link through proc": () => "/proc/self/cwd",
    "a link to the root of all": () => "/",
    "a link to itself": () => "link",
    "a link to a folder whose name only begins alike": (outside) =>
      outside.replace(/outside$/, "inside-not"),
  };

  it.each(Object.keys(LEAVING))("%s is not there, for anyone", async (kind) => {
    const { root, outside } = folders();
    fs.mkdirSync(join(root, "folder"));
    fs.writeFileSync(join(root, "file"), "file");
    fs.writeFileSync(join(root, "from"), "from");
    fs.symlinkSync(outside, join(root, "out"));
    fs.symlinkSync(LEAVING[kind]!(outside), join(root, "link"));
    const before = [snapshotOf(outside), fs.readlinkSync(join(root, "link"))];
    const store = await diskStore(root, { lookup });
    expect(await names(store)).toEqual(["file", "folder", "from"]);
    for (const path of ["/link", "/link/secret", "/link/none", "/link/folder/secret"]) {
      const isLink = path === "/link";
      const [entry, list, read, create, ...others] = await Promise.all(
        everyUse(store, path).map(codeOf),
      );
      expect([entry, list, read, create]).toEqual(Array(4).fill("not-found"));
      // The name itself is taken, whether the link leads to something or not.
      const allowed = isLink ? ["not-found", "exists", "done"] : ["not-found"];
      for (const code of others) expect(allowed).toContain(code);
    }
    expect([snapshotOf(outside), fs.readlinkSync(join(root, "link"))]).toEqual(before);
  });

  it("links that stay inside are what they lead to", async () => {
    const { root } = folders();
    fs.mkdirSync(join(root, "a/b"), { recursive: true });
    fs.writeFileSync(join(root, "a/b/file"), "file");
    fs.symlinkSync("a/b", join(root, "relative"));
    fs.symlinkSync(join(root, "a"), join(root, "absolute"));
    fs.symlinkSync("../../relative/../b/./file", join(root, "a/b/round"));
    fs.symlinkSync(root, join(root, "a/root"));
    fs.symlinkSync("a/late", join(root, "dangling"));
    const store = await diskStore(root, { lookup });
    expect(await names(store)).toEqual(["a", "absolute", "relative"]);
    for (const path of [
      ...["/relative/file", "/absolute/b/file", "/a/b/round", "/relative/round"],
      ...["/a/root/a/root/relative/file", "/absolute/root/absolute/b/round"],
    ]) {
      expect(await get(store, path)).toBe("file");
    }
    expect(await names(store, "/a/root")).toEqual(await names(store));
    // Written is what they lead to; renamed and removed they are themselves.
    await put(store, "/a/b/round", "new");
    expect(fs.lstatSync(join(root, "a/b/round")).isSymbolicLink()).toBe(true);
    expect(await get(store, "/a/b/file")).toBe("new");
    await put(store, "/dangling", "late", NEW);
    expect(fs.readFileSync(join(root, "a/late"), "utf8")).toBe("late");
    await store.rename("/a/b/round", "/a/b/renamed", { replace: false });
    await store.remove("/a/b/renamed");
    expect(await codeOf(store.removeFolder("/relative"))).toBe("forbidden");
    expect(await get(store, "/a/b/file")).toBe("new");
  });

  it("a link does not take the place of what it leads to, and takes that of another", async () => {
    const { root } = folders();
    for (const name of ["file", "other"]) fs.writeFileSync(join(root, name), name);
    fs.symlinkSync("file", join(root, "link"));
    fs.symlinkSync(join(root, "link"), join(root, "link of link"));
    const store = await diskStore(root, { lookup });
    const before = snapshotOf(root);
    for (const link of ["/link", "/link of link"]) {
      expect(await codeOf(store.rename(link, "/file", { replace: true }))).toBe("exists");
    }
    expect(snapshotOf(root)).toEqual(before);
    await store.rename("/link", "/other", { replace: true });
    expect(await treeOf(store)).toEqual({ "/file": "file", "/other": "file" });
  });

  it(`no more than ${MAX_LINKS} links are followed`, async () => {
    const { root } = folders();
    fs.writeFileSync(join(root, "0"), "end");
    for (let i = 0; i <= MAX_LINKS; i++) fs.symlinkSync(`${i}`, join(root, `${i + 1}`));
    const store = await diskStore(root, { lookup });
    expect(await get(store, `/${MAX_LINKS}`)).toBe("end");
    expect(await codeOf(store.entry(`/${MAX_LINKS + 1}`))).toBe("not-found");
  });

  it("any tree of links: what is there is inside, and what the system finds inside is there", async () => {
    const target = fc.array(fc.constantFrom("..", ".", "a", "b", "c", "l", "m"), {
      minLength: 1,
      maxLength: 5,
    });
    const place = fc.constantFrom("l", "m", "a/l", "a/m", "a/b/l", "a/b/m", "c");
    const tree = fc.array(fc.tuple(place, target, fc.boolean()), { maxLength: 7 });
    const path = fc.array(fc.constantFrom("a", "b", "c", "l", "m", "file", "secret"), {
      minLength: 1,
      maxLength: 5,
    });
    await fc.assert(
      fc.asyncProperty(
        tree,
        fc.array(path, { minLength: 1, maxLength: 8 }),
        async (links, paths) => {
          const { root } = folders();
          fs.mkdirSync(join(root, "a/b"), { recursive: true });
          fs.writeFileSync(join(root, "a/b/file"), "inside");
          fs.writeFileSync(join(root, "..", "file"), "SECRET");
          for (const [name, parts, isAbsolute] of links) {
            const to = (isAbsolute ? `${root}/` : "") + parts.join("/");
            if (!fs.existsSync(join(root, name))) trySymlink(to, join(root, name));
          }
          const store = await diskStore(root, { lookup });
          for (const parts of paths) {
            const virtual = `/${parts.join("/")}`;
            const found = await store.entry(virtual).catch(() => null);
            const real = realpath(root + virtual);
            if (found !== null) {
              expect(`${real}/`.startsWith(`${root}/`)).toBe(true);
              if (found.kind === "file") expect(await get(store, virtual)).toBe("inside");
            } else if (real !== null && staysInside(root, parts)) {
              expect.fail(`${virtual} leads to ${real}, but is not there`);
            }
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it("FIFOs, sockets and devices are never opened, and are not there", async () => {
    const { root } = folders();
    const { execFileSync } = await import("node:child_process");
    execFileSync("mkfifo", [join(root, "fifo")]);
    const { createServer } = await import("node:net");
    const server = createServer().listen(join(root, "socket"));
    onTestFinished(() => void server.close());
    await new Promise((resolve) => server.once("listening", resolve));
    const special = ["/fifo", "/socket"];
    if (process.getuid?.() === 0) {
      execFileSync("mknod", [join(root, "device"), "c", "1", "5"]);
      special.push("/device");
    }
    const store = await diskStore(root, { lookup });
    const opened = vi.spyOn(promises, "open");
    onTestFinished(() => opened.mockRestore());
    expect(await names(store)).toEqual([]);
    for (const path of special) {
      const codes = await Promise.all(
        [
          store.entry(path),
          entries(store, path),
          store.openReader(path, 0),
          store.remove(path),
          store.removeFolder(path),
          store.rename(path, "/to", { replace: true }),
          store.setModified(path, 0),
        ].map(codeOf),
      );
      expect(new Set(codes)).toEqual(new Set(["not-found"]));
      expect(await codeOf(store.openUpload(path, REPLACE))).toBe("forbidden");
      expect(await codeOf(store.openUpload(path, APPEND))).toBe("forbidden");
    }
    const paths = opened.mock.calls.map(([path]) => String(path));
    expect(paths.filter((path) => /fifo|socket|device/.test(path))).toEqual([]);
  });
});

function trySymlink(target: string, path: string): void {
  try {
    fs.symlinkSync(target, path);
  } catch {
    // The name is taken, or its folder is a link that leads nowhere.
  }
}

function realpath(path: string): string | null {
  try {
    return fs.realpathSync(path);
  } catch {
    return null;
  }
}

/** As the kernel walks, but never above the root: what a link that leaves it does in between. */
function staysInside(root: string, parts: readonly string[]): boolean {
  let walked: string[] = [];
  let ahead = [...parts];
  for (let steps = 0; ahead.length > 0 && steps < 1000; steps++) {
    const [name, ...rest] = ahead as [string, ...string[]];
    ahead = rest;
    if (name === "..") {
      if (walked.pop() === undefined) return false;
      continue;
    }
    const path = join(root, ...walked, name);
    if (!fs.lstatSync(path).isSymbolicLink()) {
      walked.push(name);
      continue;
    }
    let target = fs.readlinkSync(path);
    if (target.startsWith("/")) {
      if (!`${target}/`.startsWith(`${root}/`)) return false;
      target = target.slice(root.length);
      walked = [];
    }
    ahead = [...target.split("/").filter((part) => part !== "" && part !== "."), ...ahead];
  }
  return true;
}
