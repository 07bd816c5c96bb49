/** The files of the built page. */
import { expect, it } from "vitest";

import { mountPage } from "../../examples/console/page-files.ts";
import { HttpServer } from "../../examples/http/server/http-server.ts";
import { folderOf, GUEST, openConsoleSite, PAGE } from "../support/console-site.ts";
import { onStillNetworks } from "../support/world.ts";

onStillNetworks("the page's files", (world) => {
  const open = (): ReturnType<typeof openConsoleSite> => openConsoleSite(world(), { guest: GUEST });

  it.each([
    ["/", PAGE["index.html"], "text/html; charset=utf-8"],
    ["/app.js", PAGE["app.js"], "text/javascript; charset=utf-8"],
    ["/app.css", PAGE["app.css"], "text/css; charset=utf-8"],
  ])("%s", async (path, text, type) => {
    const { ask } = await open();
    const { status, body, fields } = await ask(`GET ${path}`);
    expect([status, body.toString(), fields.get("content-type")]).toEqual([200, text, type]);
    expect(fields.get("cache-control")).toBe("no-cache");
    const head = await ask(`HEAD ${path}`);
    expect([head.status, head.fields.get("content-length")]).toEqual([200, `${text.length}`]);
  });

  it("are not sent again to whoever has them", async () => {
    const { ask } = await open();
    const tag = (await ask("GET /app.js")).fields.get("etag")!;
    expect(tag).toMatch(/^"[\w-]{22}"$/);
    for (const known of [tag, `W/${tag}`, `"other", ${tag}`, "*"]) {
      const answer = await ask("GET /app.js", `If-None-Match: ${known}`);
      expect([answer.status, answer.body.length, answer.fields.get("etag")]).toEqual([304, 0, tag]);
    }
    for (const known of ['"other"', tag.slice(1, -1)]) {
      expect((await ask("GET /app.js", `If-None-Match: ${known}`)).status).toBe(200);
    }
  });

  it.each(["/index.html", "/sub", "/sub/", "/../package.json", "/%2e%2e/package.json", "/APP.js"])(
    "are nothing else: %s",
    async (path) => {
      const { ask } = await open();
      expect((await ask(`GET ${path}`)).status).toBe(404);
    },
  );

  it("must be built", () => {
    const server = new HttpServer(world().createReactor());
    const empty = folderOf({ "app.js": "" });
    expect(() => mountPage(server, empty)).toThrow(
      `${empty} has no page: build it with "npm run page"`,
    );
    expect(() => mountPage(server, `${empty}/none`)).toThrow("has no page");
  });
});
