/** Files in the page: lists, downloads, uploads and folders, with the rights that an account has. */
import { beforeEach, expect, it } from "vitest";

import type { Right } from "../../examples/accounts/rights.ts";
import { CONSOLE_SERVER } from "../../examples/console/console.ts";
import { FILE_FIELDS, mountFiles } from "../../examples/console/file-routes.ts";
import type { FolderList } from "../../examples/console/file-messages.ts";
import { BufferPool } from "../../examples/files/buffer-pool.ts";
import { MemoryStore } from "../../examples/files/memory-store.ts";
import { MAX_PAGE_ENTRIES } from "../../examples/http/files/folder-page.ts";
import type { HttpServer } from "../../examples/http/server/http-server.ts";
import { HttpSite } from "../support/http-site.ts";
import type { Answer } from "../support/http-talk.ts";
import { onNetworks } from "../support/world.ts";
import { get, put, treeOf } from "./files-stores.ts";

onNetworks(
  [
    ["memory", "tcp"],
    ["net", "tcp"],
  ],
  "files in the page",
  (world) => {
    let store: MemoryStore;
    let site: HttpSite;
    let home: string;
    let rights: readonly Right[];

    beforeEach(async () => {
      [home, rights] = ["/", ["read", "create", "write", "delete"]];
      store = new MemoryStore({ nowMs: () => 784_111_777_000, capacityBytes: 10_000_000 });
      const pool = new BufferPool({
        maxBytes: 2 ** 22,
        now: () => 0,
        setTimer: () => ({ cancel: () => true }),
      });
      const options = {
        ...{ store, pool },
        now: () => site.reactor.now(),
        accountOf: () => ({ name: "x", home, rights: new Set(rights), isAnonymous: true }),
      };
      const mount = (server: HttpServer): void => {
        mountFiles(server, options);
      };
      site = await HttpSite.open(world(), mount, CONSOLE_SERVER);
    });

    async function ask(
      method: string,
      target: string,
      body = "",
      ...fields: string[]
    ): Promise<Answer> {
      const guest = await site.come();
      const bytes = Buffer.from(body);
      const head = [`${method} ${target} HTTP/1.1`, "Host: here", ...fields];
      guest.say(
        Buffer.concat([
          Buffer.from([...head, `Content-Length: ${bytes.length}`, "", ""].join("\r\n")),
          bytes,
        ]),
        method,
      );
      const answer = await guest.next();
      guest.peer.end();
      return answer;
    }

    async function status(...asked: Parameters<typeof ask>): Promise<number> {
      return (await ask(...asked)).status;
    }

    async function list(target = "/api/files/"): Promise<FolderList> {
      const { status: code, body } = await ask("GET", target);
      expect(code, body.toString()).toBe(200);
      return JSON.parse(body.toString()) as FolderList;
    }

    it("a folder is listed, folders first, with the rights that one has", async () => {
      await store.makeFolder("/b");
      await store.makeFolder("/b/ü");
      await put(store, "/a.txt", "hello");
      rights = ["create", "read"];
      expect(await list()).toEqual({
        path: "/",
        entries: [
          { name: "b", kind: "folder", bytes: 0, modifiedMs: 784_111_777_000 },
          { name: "a.txt", kind: "file", bytes: 5, modifiedMs: 784_111_777_000 },
        ],
        more: false,
        rights: ["read", "create"],
      });
      expect((await list("/api/files/b/")).entries.map(({ name }) => name)).toEqual(["ü"]);
      expect((await list("/api/files/b/%C3%BC")).path).toBe("/b/ü/");
    });

    it("names that mean something to a page come as they are, and are reached as they are", async () => {
      const names = [
        "<img src=x>",
        "\"quotes'",
        "a\u202egpj.exe",
        "%2e%2e",
        "%2F",
        "a b#?&",
        "ａ",
        "&amp;",
      ];
      for (const name of names) {
        expect(await status("PUT", `/files/${encodeURIComponent(name)}`, name)).toBe(201);
      }
      const { entries } = await list();
      expect(entries.map(({ name }) => name).sort()).toEqual([...names].sort());
      for (const name of names) {
        const { body } = await ask("GET", `/files/${encodeURIComponent(name)}`);
        expect(body.toString()).toBe(name);
      }
    });

    it("no name leads out, and what begins with a dot is not there", async () => {
      await put(store, "/.hidden", "x");
      await store.makeFolder("/.git");
      await put(store, "/.git/config", "x");
      await store.makeFolder("/home");
      await put(store, "/secret", "x");
      home = "/home";
      const before = await treeOf(store);
      for (const path of [
        "../secret",
        "%2e%2e/secret",
        "..%2Fsecret",
        "%2e%2e%2fsecret",
        "a/../../secret",
      ]) {
        for (const base of ["/files", "/api/files", "/api/folders"]) {
          const method = base === "/api/folders" ? "POST" : "GET";
          expect(await status(method, `${base}/${path}`), `${base}/${path}`).toBe(400);
        }
        expect(await status("PUT", `/files/${path}`, "new"), path).toBe(400);
      }
      for (const path of ["%00", "a%0Ab", "%ff", "%1b[2J"]) {
        expect(await status("PUT", `/files/${path}`, "new"), path).toBe(400);
        expect(await status("POST", `/api/folders/${path}`), path).toBe(400);
      }
      home = "/";
      for (const path of [".hidden", ".git/config", ".git/", "a/.b"]) {
        expect(await status("GET", `/files/${path}`), path).toBe(404);
        expect(await status("GET", `/api/files/${path}`), path).toBe(404);
        expect(await status("PUT", `/files/${path}`, "new"), path).toBe(404);
        expect(await status("POST", `/api/folders/${path}`), path).toBe(404);
      }
      expect((await list()).entries.map(({ name }) => name)).toEqual(["home", "secret"]);
      expect(await treeOf(store)).toEqual(before);
    });

    it("a file is saved, and never runs here, whatever it is called", async () => {
      await put(store, "/index.html", "<script>alert(1)</script>");
      await put(store, "/a.svg", "<svg/>");
      for (const target of ["/files/index.html", "/files/a.svg", "/files/", "/files/none"]) {
        const { fields } = await ask("GET", target);
        for (const [name, value] of FILE_FIELDS) {
          expect(fields.get(name.toLowerCase()), `${target}: ${name}`).toBe(value);
        }
      }
      const { status: code, body } = await ask("GET", "/files/a.svg", "", "Range: bytes=1-3");
      expect([code, body.toString()]).toEqual([206, "svg"]);
    });

    it("an upload replaces only what may be replaced, and only who may", async () => {
      expect(await status("PUT", "/files/a", "old", "If-None-Match: *")).toBe(201);
      expect(await status("PUT", "/files/a", "new", "If-None-Match: *")).toBe(412);
      expect(await get(store, "/a")).toBe("old");
      rights = ["read", "create"];
      expect(await status("PUT", "/files/a", "new")).toBe(403);
      expect(await status("PUT", "/files/b", "b")).toBe(201);
      expect(await status("DELETE", "/files/b")).toBe(403);
      rights = ["read", "write"];
      expect(await status("PUT", "/files/a", "new")).toBe(204);
      expect(await get(store, "/a")).toBe("new");
      rights = ["read"];
      expect(await status("PUT", "/files/c", "c")).toBe(403);
      rights = ["create"];
      expect([await status("GET", "/files/a"), await status("GET", "/api/files/")]).toEqual([
        403, 403,
      ]);
      rights = ["delete"];
      expect([await status("DELETE", "/files/b"), await status("DELETE", "/files/b")]).toEqual([
        204, 404,
      ]);
      expect(await treeOf(store)).toEqual({ "/a": "new" });
    });

    it("a folder is made and removed by who may", async () => {
      const asks: [string, string, number][] = [
        ["POST", "/api/folders/a", 201],
        ["POST", "/api/folders/a/b/", 201],
        ["POST", "/api/folders/a", 409],
        ["POST", "/api/folders/", 403],
        ["POST", "/api/folders/no/c", 409],
        ["DELETE", "/api/folders/a", 409],
        ["DELETE", "/api/folders/a/b", 204],
        ["DELETE", "/api/folders/a", 204],
        ["DELETE", "/api/folders/a", 404],
        ["DELETE", "/api/folders/", 403],
      ];
      for (const [method, target, wanted] of asks) {
        const { status: code, body } = await ask(method, target);
        expect(code, `${method} ${target}`).toBe(wanted);
        if (code >= 400)
          expect(JSON.parse(body.toString())).toEqual({
            status: code,
            why: expect.any(String) as string,
          });
      }
      rights = ["read", "create"];
      expect([
        await status("POST", "/api/folders/a"),
        await status("DELETE", "/api/folders/a"),
      ]).toEqual([...[403, 403]]);
    });

    it("everybody is at home", async () => {
      home = "/home/ann";
      expect(await list()).toMatchObject({ path: "/", entries: [] });
      expect(await status("GET", "/api/files/none/")).toBe(404);
      expect(await status("POST", "/api/folders/new")).toBe(201);
      expect(await status("PUT", "/files/new/a", "x")).toBe(201);
      expect(await treeOf(store)).toMatchObject({ "/home/ann/new/a": "x" });
      const { fields } = await ask("GET", "/files/new");
      expect(fields.get("location")).toBe("/files/new/");
    });

    it(`of a folder ${MAX_PAGE_ENTRIES} entries are told, and that there are more`, async () => {
      for (let at = 0; at <= MAX_PAGE_ENTRIES; at++) await store.makeFolder(`/n${at}`);
      const { entries, more } = await list();
      expect([entries.length, more]).toEqual([MAX_PAGE_ENTRIES, true]);
    });
  },
);
