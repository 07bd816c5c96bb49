import fs from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

import { contentTypeOf } from "../../examples/http/files/content-type.ts";
import { filePathOf } from "../../examples/http/files/file-path.ts";
import { MAX_PAGE_ENTRIES } from "../../examples/http/files/folder-page.ts";
import { diskStore, put, temporaryFolder } from "./files-stores.ts";
import { anybody, Stage, stage } from "./http-files-stage.ts";

const TREE = {
  "/index.html": "<p>root",
  "/a b.txt": "space",
  "/100%.txt": "percent",
  "/%2e%2e": "escapes in a name",
  "/é.txt": "accent",
  "/back\\slash": "backslash",
  "/docs/index.html": "<p>docs",
  "/docs/page.html": "<p>page",
  "/plain/x.txt": "x",
  "/.secret": "hidden",
  "/.git/config": "hidden",
  "/plain/.secret": "hidden",
};

describe("what a target means", () => {
  test.each([
    ["/", "<p>root"],
    ["/index.html", "<p>root"],
    ["/a%20b.txt", "space"],
    ["/100%25.txt", "percent"],
    ["/%C3%A9.txt", "accent"],
    ["/%c3%a9.txt", "accent"],
    ["/back%5Cslash", "backslash"],
    ["/%69ndex.html", "<p>root"],
    ["/docs/", "<p>docs"],
    ["/docs/page.html?query=../x", "<p>page"],
    // Undone once: the escapes that it leaves are the name's.
    ["/%252e%252e", "escapes in a name"],
  ])("%s", async (target, body) => {
    expect(await (await stage(TREE)).get(target)).toMatchObject({ status: 200, body });
  });

  test.each([
    ["/docs", "/docs/"],
    ["/docs?a=b", "/docs/?a=b"],
    ["/%64ocs", "/docs/"],
    ["/plain", "/plain/"],
  ])("a folder without its slash leads to it: %s", async (target, location) => {
    const { status, fields } = await (await stage(TREE)).get(target);
    expect([status, fields.location]).toEqual([301, location]);
  });

  test("no redirect leads to another server, nor splits the answer", async () => {
    const on = await stage({ "/a/x": "", "/example.com/x": "", "/\\example.com/x": "" });
    for (const target of ["//example.com", "///example.com", "/a//example.com", "//example.com/"]) {
      expect((await on.get(target)).status).toBe(404);
    }
    const { fields } = await on.get("/%5Cexample.com");
    expect(fields.location).toBe("/%5Cexample.com/");
  });
});

/** Ways out of the root, and to what is hidden; none of them may answer with a file. */
const ATTACKS: readonly (readonly [target: string, status: 400 | 404])[] = [
  ["/..", 400],
  ["/../", 400],
  ["/../etc/passwd", 400],
  ["/docs/../../etc/passwd", 400],
  ["/docs/../index.html", 400],
  ["/docs/..", 400],
  ["/./index.html", 400],
  ["/docs/.", 400],
  ["/%2e%2e/etc/passwd", 400],
  ["/%2E%2e/etc/passwd", 400],
  ["/.%2e/etc/passwd", 400],
  ["/%2e./etc/passwd", 400],
  ["/%2e/index.html", 400],
  ["/docs/%2e%2e/%2e%2e/etc/passwd", 400],
  ["/..%2fetc/passwd", 400],
  ["/..%2Fetc%2Fpasswd", 400],
  ["/docs%2fpage.html", 400],
  ["/%2fetc/passwd", 400],
  ["/%2f", 400],
  ["/..%5cetc%5cpasswd", 404],
  ["/%5c..%5c..%5cetc", 404],
  ["/..\\..\\etc", 404],
  ["/%252e%252e/etc/passwd", 404],
  ["/%252e%252e%252fetc", 404],
  ["/..%252fetc/passwd", 404],
  ["/%25%32%65%25%32%65/etc", 404],
  ["/..;/etc/passwd", 404],
  ["/.../etc/passwd", 404],
  ["/..%20/etc/passwd", 404],
  ["/..%00/etc/passwd", 400],
  ["/index.html%00.jpg", 400],
  ["/%00", 400],
  ["/index.html%0a", 400],
  ["/%0d%0aSet-Cookie:x", 400],
  ["/%7f", 400],
  ["/%c0%ae%c0%ae/etc/passwd", 400],
  ["/%c0%af..%c0%afetc", 400],
  ["/%e0%80%ae%e0%80%ae/etc", 400],
  ["/%f0%80%80%ae/etc", 400],
  ["/%u002e%u002e/etc", 400],
  ["/%uff0e%uff0e/etc", 400],
  ["/%EF%BC%8E%EF%BC%8E/etc", 404],
  ["/%E2%80%A5/etc", 404],
  ["/%ff", 400],
  ["/%c3", 400],
  ["/%c3%28", 400],
  ["/%ed%a0%80", 400],
  ["/%ef%bf%bd", 404],
  ["/%", 400],
  ["/%2", 400],
  ["/%zz", 400],
  ["/%-1", 400],
  ["/index.html%", 400],
  ["//etc/passwd", 404],
  ["/docs//page.html", 404],
  ["/docs//", 404],
  ["/index.html/", 404],
  ["/index.html/x", 404],
  ["/docs/page.html/../page.html", 400],
  ["/.secret", 404],
  ["/%2esecret", 404],
  ["/.git/config", 404],
  ["/.git/", 404],
  ["/plain/.secret", 404],
  ["/plain/%2Esecret", 404],
  ["/.none", 404],
  ["/.iomux-upload-x", 404],
  ["/~root", 404],
  ["/C:/windows", 404],
  ["/index.html::$DATA", 404],
  [`/${"a".repeat(255)}`, 404],
  [`/${"a".repeat(256)}`, 404],
  [`/${"%C3%A9".repeat(128)}`, 404],
  [`/${"a/".repeat(3000)}`, 404],
  [`/${"%2e%2e/".repeat(1000)}`, 400],
  ["/none", 404],
  ["/none/", 404],
  ["/plain/", 404],
];

describe.each(["GET", "HEAD", "PUT", "DELETE"])("nothing leads out of the root: %s", (method) => {
  // A name that nobody has can be given by PUT.
  const refused = method === "PUT" ? ATTACKS.filter(([, status]) => status === 400) : ATTACKS;
  const named = refused.map(([target, status]) => [target.slice(0, 40), status, target] as const);
  test.each(named)("%s", async (_, status, target) => {
    const on = await stage(TREE, { writable: true, accounts: anybody() });
    const answer = await on.ask(method, target);
    expect([404, 400, 409]).toContain(answer.status);
    if (!target.endsWith("/")) expect(answer.status).toBe(status);
    for (const path of ["/.secret", "/plain/.secret", "/index.html"]) {
      expect((await on.store.entry(path)).size).toBeGreaterThan(0);
    }
  });
});

describe("what is hidden is as if it were not there", () => {
  test.each(["/.secret", "/.git/config", "/plain/.secret", "/.iomux-upload-1"])(
    "%s",
    async (at) => {
      const on = await stage(TREE, { writable: true, accounts: anybody(), listing: true });
      const [hidden, missing] = [await on.get(at), await on.get("/none")];
      expect(hidden).toEqual(missing);
      expect(await on.ask("PUT", at, { body: "x" })).toMatchObject({
        status: 404,
        bodyRead: false,
      });
      expect((await on.ask("DELETE", at)).status).toBe(404);
      expect((await on.get("/plain/")).body).not.toContain("secret");
    },
  );
});

test("on a disk, links that leave the root, devices and pipes are not there", async () => {
  const [root, outside] = [temporaryFolder(), temporaryFolder()];
  fs.writeFileSync(join(outside, "secret"), "outside");
  fs.writeFileSync(join(root, "inside"), "inside");
  fs.symlinkSync("inside", join(root, "within"));
  fs.symlinkSync(join(outside, "secret"), join(root, "absolute"));
  fs.symlinkSync(`../${outside.split("/").at(-1)!}/secret`, join(root, "relative"));
  fs.symlinkSync(outside, join(root, "folder"));
  fs.symlinkSync("loop", join(root, "loop"));
  fs.symlinkSync("/dev/zero", join(root, "device"));
  fs.symlinkSync("/proc/self/environ", join(root, "environ"));
  const on = new Stage(await diskStore(root), { listing: true });
  expect(await on.get("/within")).toMatchObject({ status: 200, body: "inside" });
  const ways = ["absolute", "relative", "folder", "folder/", "folder/secret", "loop", "device"];
  for (const way of [...ways, "environ"]) {
    expect([way, (await on.get(`/${way}`)).status]).toEqual([way, 404]);
  }
  const { body } = await on.get("/");
  expect([...body.matchAll(/href="([^"]*)"/g)].map(([, link]) => link)).toEqual([
    "./inside",
    "./within",
  ]);
});

test("a path that is not absolute is none", () => {
  expect(filePathOf("*")).toBe("bad");
  expect(filePathOf("")).toBe("bad");
  expect(filePathOf("a/b")).toBe("bad");
});

describe("a folder as a page", () => {
  const NAMES = [
    `<script>alert(1)`,
    `"onmouseover="x`,
    `'single'`,
    `a&b;c`,
    `javascript:alert(1)`,
    `?query#fragment`,
    `%41`,
    `  spaces  `,
    `ünïcödé`,
    `\u202Egnp.exe`,
    `back\\slash`,
  ];

  test("names are text, links are names, and both lead back to the file", async () => {
    const on = new Stage(undefined, { listing: true });
    for (const name of NAMES) await put(on.store, `/${name}`, `the text of ${name}`);
    const { status, fields, body } = await on.get("/");
    expect(status).toBe(200);
    expect(fields).toMatchObject({
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
    });
    expect(body).not.toMatch(/<script|<base|<img| on\w+="/);
    const links = [...body.matchAll(/<a href="([^"]*)">([^<]*)<\/a>/g)];
    expect(links.map(([, , name]) => unescaped(name!)).sort()).toEqual([...NAMES].sort());
    for (const [, link, name] of links) {
      const { pathname, origin } = new URL(unescaped(link!), "http://files.example/");
      expect(origin).toBe("http://files.example");
      expect((await on.get(pathname)).body).toBe(`the text of ${unescaped(name!)}`);
    }
  });

  test("folders first, then by name; the way up, but not from the root", async () => {
    const on = await stage(
      { "/f/b.txt": "", "/f/a.txt": "", "/f/z/x": "", "/f/Z/x": "" },
      { listing: true },
    );
    const links = async (target: string) =>
      [...(await on.get(target)).body.matchAll(/href="([^"]*)"/g)].map(([, link]) => link);
    expect(await links("/f/")).toEqual(["../", "./Z/", "./z/", "./a.txt", "./b.txt"]);
    expect(await links("/")).toEqual(["./f/"]);
  });

  test("the title is escaped too", async () => {
    const on = await stage({ "/<b>&/x": "" }, { listing: true });
    expect((await on.get("/%3Cb%3E&/")).body).toContain("<title>/&lt;b&gt;&amp;/</title>");
  });

  test("an index is shown instead; without the flag there are no pages", async () => {
    expect((await (await stage(TREE, { listing: true })).get("/docs/")).body).toBe("<p>docs");
    expect((await (await stage(TREE)).get("/plain/")).status).toBe(404);
  });

  test(`limit: ${MAX_PAGE_ENTRIES} entries, and the page says that there are more`, async () => {
    const on = new Stage(undefined, { listing: true });
    for (let i = 0; i < MAX_PAGE_ENTRIES; i++) await on.store.makeFolder(`/${i}`);
    const whole = await on.get("/");
    await on.store.makeFolder("/more");
    const cut = await on.get("/");
    const rows = ({ body }: { body: string }) => body.match(/<a /g)?.length;
    expect([rows(whole), rows(cut)]).toEqual([MAX_PAGE_ENTRIES, MAX_PAGE_ENTRIES]);
    expect(whole.body).not.toContain("There is more");
    expect(cut.body).toContain("There is more");
  });
});

describe("content types", () => {
  test.each([
    ["a.html", "text/html; charset=utf-8"],
    ["A.HTML", "text/html; charset=utf-8"],
    ["a.js", "text/javascript; charset=utf-8"],
    ["a.json", "application/json; charset=utf-8"],
    ["a.svg", "image/svg+xml"],
    ["a.png", "image/png"],
    ["a.wasm", "application/wasm"],
    ["a.tar.gz", "application/gzip"],
    ["a.none-such", "application/octet-stream"],
    ["html", "application/octet-stream"],
    ["abc", "application/octet-stream"],
    ["README", "application/octet-stream"],
    ["a.", "application/octet-stream"],
    ["a.constructor", "application/octet-stream"],
    ["a.__proto__", "application/octet-stream"],
  ])("%s", (name, type) => {
    expect(contentTypeOf(name)).toBe(type);
  });

  test("no browser guesses another one", async () => {
    const { fields } = await (await stage({ "/a": "<script>" })).get("/a");
    expect(fields["x-content-type-options"]).toBe("nosniff");
  });
});

test("RFC 9110, section 15.5.6: other methods are told which there are", async () => {
  const [read, write] = [await stage(TREE), await stage(TREE, { writable: true })];
  for (const method of ["POST", "PATCH", "PUT", "DELETE"]) {
    const { status, fields } = await read.ask(method, "/index.html");
    expect([method, status, fields.allow]).toEqual([method, 405, "GET, HEAD, OPTIONS"]);
  }
  const { status, fields } = await write.ask("OPTIONS", "/index.html");
  expect([status, fields.allow]).toEqual([204, "GET, HEAD, OPTIONS, PUT, DELETE"]);
});

test("RFC 9110, section 15.6.2: methods that nobody here knows are 501, and none is told", async () => {
  const [read, write] = [await stage(TREE), await stage(TREE, { writable: true })];
  for (const on of [read, write]) {
    for (const method of ["PROPFIND", "get", "TRACE", "BREW"]) {
      for (const target of ["/index.html", "/none"]) {
        const { status, fields } = await on.ask(method, target);
        expect([method, target, status, fields.allow]).toEqual([method, target, 501, undefined]);
      }
    }
  }
});

function unescaped(text: string): string {
  return text
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&amp;", "&");
}
