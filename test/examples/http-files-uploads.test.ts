import { describe, expect, test } from "vitest";

import type { Right } from "../../examples/accounts/rights.ts";
import { MemoryStore } from "../../examples/files/memory-store.ts";
import { codeOf, get, put, treeOf } from "./files-stores.ts";
import { anybody, CHANGED, CHANGED_MS, EARLIER, LATER, Stage } from "./http-files-stage.ts";

async function writable(rights?: readonly Right[], capacityBytes = 10_000) {
  let nowMs = CHANGED_MS;
  const store = new MemoryStore({ nowMs: () => nowMs, capacityBytes });
  const options = { writable: true, accounts: anybody(rights), maxUploadBytes: 5000 };
  const on = await new Stage(store, options).fill({ "/a.txt": "old", "/folder/b.txt": "b" });
  nowMs = on.wallMs;
  return { on, store, tag: (await on.get("/a.txt")).fields.etag! };
}

describe("RFC 9110, section 9.3.4: PUT", () => {
  test("a new file is 201, another one in its place 204, and both are whole", async () => {
    const { on, store } = await writable();
    const body = [Buffer.from("hel"), Buffer.alloc(0), Buffer.from("lo")];
    expect(await on.ask("PUT", "/new.txt", { body })).toMatchObject({ status: 201, body: "" });
    expect(await get(store, "/new.txt")).toBe("hello");
    expect((await on.ask("PUT", "/new.txt", { body: "again" })).status).toBe(204);
    expect(await get(store, "/new.txt")).toBe("again");
    expect((await on.ask("PUT", "/empty", {})).status).toBe(201);
    expect((await on.get("/empty")).body).toBe("");
    expect(store.open).toEqual({ readers: 0, uploads: 0 });
  });

  /** `TAG` stands for the tag of the file. `done`: what the status is if it is done. */
  test.each([
    ["13.1.2 If-None-Match: *, and it is there", "/a.txt", { "If-None-Match": "*" }, 412],
    ["13.1.2 If-None-Match: *, and it is not there", "/new", { "If-None-Match": "*" }, 201],
    ["13.1.2 If-None-Match: the tag", "/a.txt", { "If-None-Match": "TAG" }, 412],
    ["13.1.2 If-None-Match: another tag", "/a.txt", { "If-None-Match": '"x"' }, 204],
    ["13.1.1 If-Match: the tag", "/a.txt", { "If-Match": "TAG" }, 204],
    ["13.1.1 If-Match: another tag", "/a.txt", { "If-Match": '"x"' }, 412],
    ["13.1.1 If-Match: the tag, weak", "/a.txt", { "If-Match": "W/TAG" }, 412],
    ["13.1.1 If-Match: *, and it is there", "/a.txt", { "If-Match": "*" }, 204],
    ["13.1.1 If-Match: *, and it is not there", "/new", { "If-Match": "*" }, 412],
    ["13.1.1 If-Match: a tag, and it is not there", "/new", { "If-Match": "TAG" }, 412],
    ["13.1.4 If-Unmodified-Since: the date", "/a.txt", { "If-Unmodified-Since": CHANGED }, 204],
    ["13.1.4 If-Unmodified-Since: earlier", "/a.txt", { "If-Unmodified-Since": EARLIER }, 412],
    ["13.1.3 If-Modified-Since is ignored", "/a.txt", { "If-Modified-Since": LATER }, 204],
    ["14.2 Range is ignored", "/a.txt", { Range: "bytes=0-1" }, 204],
    ["14.5 Content-Range", "/a.txt", { "Content-Range": "bytes 0-2/3" }, 400],
    ["8.4 Content-Encoding", "/a.txt", { "Content-Encoding": "gzip" }, 415],
    ["8.4 no coding", "/a.txt", { "Content-Encoding": "identity" }, 204],
    ["15.5.10 the folder is missing", "/none/a.txt", {}, 409],
    ["15.5.10 what should be the folder is a file", "/a.txt/b", {}, 409],
    ["15.5.10 it is a folder", "/folder", {}, 409],
    ["15.5.10 it is a folder, with its slash", "/folder/", {}, 409],
    ["15.5.10 the root", "/", {}, 409],
  ])("%s", async (_, target, fields, status) => {
    const { on, store, tag } = await writable();
    const before = await treeOf(store);
    const entries = Object.entries(fields).map(([name, value]) => [
      name,
      value.replace("TAG", tag),
    ]);
    const asked = { fields: Object.fromEntries(entries) as Record<string, string>, body: "new" };
    const answer = await on.ask("PUT", target, asked);
    expect(answer.status).toBe(status);
    // Refused before the body is asked for: a client that waits for 100 does not send it.
    expect(answer.bodyRead).toBe(status < 300);
    expect(await treeOf(store)).toEqual(status < 300 ? { ...before, [target]: "new" } : before);
    expect(store.open).toEqual({ readers: 0, uploads: 0 });
  });

  test("a body that breaks off leaves everything as it was", async () => {
    const { on, store } = await writable();
    const before = await treeOf(store);
    for (const target of ["/a.txt", "/new.txt"]) {
      expect((await on.ask("PUT", target, { body: "half", broken: true })).status).toBe(500);
    }
    expect(await treeOf(store)).toEqual(before);
    expect(store.open.uploads).toBe(0);
    expect(on.pool.taken).toBe(0);
  });

  test("RFC 4918, section 11.5: no space is 507, and nothing has changed", async () => {
    const { on, store } = await writable(undefined, 100);
    const before = await treeOf(store);
    const large = await on.ask("PUT", "/a.txt", { body: "x".repeat(200) });
    expect([large.status, large.bodyRead]).toEqual([507, false]);
    store.faults.full = true;
    expect((await on.ask("PUT", "/a.txt", { body: "x" })).status).toBe(507);
    store.freeBytes = () => Promise.resolve(null);
    const full = await on.ask("PUT", "/a.txt", { body: "x" });
    expect([full.status, full.bodyRead]).toEqual([507, true]);
    store.faults.full = false;
    expect(await treeOf(store)).toEqual(before);
  });

  test("limit: maxUploadBytes, else 413", async () => {
    const { on, store } = await writable(undefined, 100_000);
    expect((await on.ask("PUT", "/new", { body: "x".repeat(5000) })).status).toBe(201);
    expect((await on.ask("PUT", "/more", { body: "x".repeat(5001) })).status).toBe(413);
    expect(await codeOf(store.entry("/more"))).toBe("not-found");
  });

  test("a disk that fails is 500, and the upload is gone", async () => {
    const { on, store } = await writable();
    store.faults.commitsFail = true;
    expect((await on.ask("PUT", "/a.txt", { body: "new" })).status).toBe(500);
    expect(await get(store, "/a.txt")).toBe("old");
    expect(store.open.uploads).toBe(0);
  });

  test("of two who changed the same file one is told that it has changed", async () => {
    const { on, store, tag } = await writable();
    const fields = { "If-Match": tag };
    const both = await Promise.all(
      ["one", "two"].map((body) => on.ask("PUT", "/a.txt", { fields, body })),
    );
    expect(both.map(({ status }) => status).sort()).toEqual([204, 412]);
    const winner = both[0]!.status === 204 ? "one" : "two";
    expect(await get(store, "/a.txt")).toBe(winner);
  });

  test("of two who make the same file one is told that it is there", async () => {
    const { on } = await writable();
    const fields = { "If-None-Match": "*" };
    const both = await Promise.all(
      ["one", "two"].map((body) => on.ask("PUT", "/new", { fields, body })),
    );
    expect(both.map(({ status }) => status).sort()).toEqual([201, 412]);
  });

  test("a change while the body comes is not overwritten, if the request has a condition", async () => {
    const { on, store, tag } = await writable();
    const openUpload = store.openUpload.bind(store);
    store.openUpload = async (path, mode) => {
      const upload = await openUpload(path, mode);
      const write = upload.write.bind(upload);
      upload.write = async (bytes) => {
        await write(bytes);
        store.openUpload = openUpload;
        await put(store, "/a.txt", "theirs");
      };
      return upload;
    };
    expect(
      (await on.ask("PUT", "/a.txt", { fields: { "If-Match": tag }, body: "mine" })).status,
    ).toBe(412);
    expect(await get(store, "/a.txt")).toBe("theirs");
  });
});

describe("RFC 9110, section 9.3.5: DELETE", () => {
  test.each([
    ["a file", "/a.txt", {}, 204],
    ["15.5.5 what is not there", "/none", {}, 404],
    ["15.5.10 a folder", "/folder", {}, 409],
    ["15.5.10 a folder, with its slash", "/folder/", {}, 409],
    ["13.1.1 If-Match: the tag", "/a.txt", { "If-Match": "TAG" }, 204],
    ["13.1.1 If-Match: another tag", "/a.txt", { "If-Match": '"x"' }, 412],
    ["13.1.2 If-None-Match: any", "/a.txt", { "If-None-Match": "*" }, 412],
    ["13.1.4 If-Unmodified-Since: earlier", "/a.txt", { "If-Unmodified-Since": EARLIER }, 412],
  ])("%s", async (_, target, fields, status) => {
    const { on, store, tag } = await writable();
    const before = await treeOf(store);
    const entries = Object.entries(fields).map(([name, value]) => [
      name,
      value.replace("TAG", tag),
    ]);
    const asked = { fields: Object.fromEntries(entries) as Record<string, string> };
    expect((await on.ask("DELETE", target, asked)).status).toBe(status);
    const left = Object.entries(before).filter(([path]) => status !== 204 || path !== target);
    expect(await treeOf(store)).toEqual(Object.fromEntries(left));
  });
});

describe("only what the flag and the account allow", () => {
  test("without the flag nothing is written, whatever the account", async () => {
    const on = await new Stage(undefined, { accounts: anybody() }).fill({ "/a.txt": "old" });
    for (const method of ["PUT", "DELETE"]) {
      const { status, fields } = await on.ask(method, "/a.txt", { body: "x" });
      expect([status, fields.allow]).toEqual([405, "GET, HEAD, OPTIONS"]);
    }
    expect(await get(on.store, "/a.txt")).toBe("old");
  });

  test("without accounts nobody writes", async () => {
    const on = await new Stage(undefined, { writable: true }).fill({ "/a.txt": "old" });
    for (const method of ["PUT", "DELETE"]) {
      expect((await on.ask(method, "/a.txt", { body: "x" })).status).toBe(403);
    }
    expect((await on.get("/a.txt")).status).toBe(200);
  });

  test.each([
    [["read"], "PUT", "/new", 401],
    [["read"], "PUT", "/a.txt", 401],
    [["read"], "DELETE", "/a.txt", 401],
    [["read", "create"], "PUT", "/new", 201],
    [["read", "create"], "PUT", "/a.txt", 403],
    [["read", "create"], "DELETE", "/a.txt", 401],
    [["write"], "PUT", "/new", 201],
    [["write"], "PUT", "/a.txt", 204],
    [["write"], "DELETE", "/a.txt", 401],
    [["write"], "GET", "/a.txt", 401],
    [["delete"], "DELETE", "/a.txt", 204],
    [["delete"], "PUT", "/new", 401],
  ] as const)("%j %s %s", async (rights, method, target, status) => {
    const accounts = anybody(rights);
    const on = await new Stage(undefined, { writable: true, accounts }).fill({ "/a.txt": "old" });
    expect((await on.ask(method, target, { body: "x", secure: true })).status).toBe(status);
  });
});
