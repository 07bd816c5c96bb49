/** The HTTP server: which handler answers, what is answered for it, and in which order. */
import { describe, expect, it } from "vitest";

import { HttpError } from "../../examples/http/server/http-error.ts";
import type { HttpServer } from "../../examples/http/server/http-server.ts";
import { HttpSite } from "../support/http-site.ts";
import { onEveryChannel } from "../support/world.ts";

function mount(server: HttpServer): void {
  server
    .get("/", (_, response) => response.send("Hello, World!"))
    .get("/users/:id/posts/:post", ({ params }, response) => response.json(params))
    .post("/users/:id/posts/:post", ({ params }, response) => response.send(`to ${params.id}`))
    .get("/rest/*", ({ params }, response) => response.send(params["*"]))
    .get("/later", async (_, response) => {
      await Promise.resolve();
      response.send("later");
    })
    .get("/pieces", async (_, response) => {
      response.start();
      for (const piece of ["one ", "two ", "three"]) await response.write(piece);
      response.end({ "X-Sum": "3" });
    })
    .get("/known", (_, response) => {
      response.start(5);
      void response.write("12");
      void response.write("345");
      response.end();
    })
    .get("/unchanged", (_, response) => response.status(304).send())
    .get("/secure", ({ secure }, response) => response.send(`${secure}`))
    .get("/moved", (_, response) => response.redirect("/ü?a=b"))
    .get("/thrown", () => {
      throw new Error("a bug");
    })
    .get("/teapot", (_, response) => {
      response.field("X-Was", "set");
      throw new HttpError(418, "<short & stout>");
    })
    .get("/nowhere", () => {
      throw new HttpError(404);
    })
    .get("/forgotten", async () => {
      await Promise.resolve();
    })
    .get("/broken", async (_, response) => {
      response.start();
      await response.write("whole?");
      throw new Error("in the middle");
    })
    .get("/nothing", (_, response) => response.json(undefined))
    .get("/split", (_, response) => response.field("X", "a\r\nSet-Cookie: b").send())
    .get("/twice", (_, response) => {
      response.send("once");
      response.send("twice");
    })
    .any("/any", ({ method }, response) => response.send(method));
}

onEveryChannel("an HTTP server answers", (world) => {
  const open = (): Promise<HttpSite> => HttpSite.open(world(), mount);

  it("by the handler of the method and the path, with parameters that are decoded once", async () => {
    const site = await open();
    const guest = await site.come();
    expect((await guest.ask("/?a=b")).body.toString()).toBe("Hello, World!");
    const { body, fields } = await guest.ask("/users/a%2Fb%2541/posts/%C3%BC");
    expect(JSON.parse(body.toString())).toEqual({ id: "a/b%41", post: "ü" });
    expect(fields.get("content-type")).toBe("application/json; charset=utf-8");
    expect((await guest.ask("/users/7/posts/1", "POST")).body.toString()).toBe("to 7");
    expect((await guest.ask("/rest/a/b%20c/")).body.toString()).toBe("a/b c/");
    expect((await guest.ask("/any", "BREW")).body.toString()).toBe("BREW");
    expect((await guest.ask("/later")).body.toString()).toBe("later");
    expect(site.server.stats()).toEqual({ connections: 1, running: 0, requests: 6 });
  });

  it("404, 405 with Allow, 501, 400, OPTIONS and OPTIONS * by itself", async () => {
    const guest = await (await open()).come();
    expect((await guest.ask("/none")).status).toBe(404);
    expect((await guest.ask("/users//posts/1")).status).toBe(404);
    const refused = await guest.ask("/users/1/posts/1", "DELETE");
    expect([refused.status, refused.fields.get("allow")]).toEqual([
      405,
      "GET, HEAD, OPTIONS, POST",
    ]);
    expect((await guest.ask("/", "BREW")).status).toBe(501);
    expect((await guest.ask("/none", "BREW")).status).toBe(501);
    expect((await guest.ask("/rest/%ff")).status).toBe(400);
    expect((await guest.ask("/rest/%zz")).status).toBe(400);
    const options = await guest.ask("/users/1/posts/1", "OPTIONS");
    expect([options.status, options.fields.get("allow")]).toEqual([
      204,
      "GET, HEAD, OPTIONS, POST",
    ]);
    const all = await guest.ask("*", "OPTIONS");
    expect([all.status, all.fields.get("allow")]).toEqual([
      ...[204, "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"],
    ]);
  });

  it("OPTIONS * tells no methods where a fallback may have more", async () => {
    const site = await HttpSite.open(world(), (server) =>
      server.post("/form", () => undefined).fallback((_, response) => response.send("a file")),
    );
    const all = await (await site.come()).ask("*", "OPTIONS");
    expect([all.status, all.fields.has("allow")]).toEqual([204, false]);
  });

  it("HEAD has the head of GET, and no body, whatever a handler writes", async () => {
    const guest = await (await open()).come();
    for (const path of ["/", "/pieces", "/known", "/later", "/moved"]) {
      const get = await guest.ask(path);
      const head = await guest.ask(path, "HEAD");
      const without = (fields: ReadonlyMap<string, string>): unknown =>
        [...fields].filter(([name]) => name !== "date");
      expect([head.status, without(head.fields)]).toEqual([get.status, without(get.fields)]);
      expect(head.body).toHaveLength(0);
    }
    expect((await guest.ask("/")).body.toString()).toBe("Hello, World!");
  });

  it("in pieces: chunked, or of a length that was said", async () => {
    const guest = await (await open()).come();
    const pieces = await guest.ask("/pieces");
    expect(pieces.body.toString()).toBe("one two three");
    expect(guest.peer.received.toString()).toContain("\r\n0\r\nX-Sum: 3\r\n\r\n");
    const known = await guest.ask("/known");
    expect([known.body.toString(), known.fields.get("content-length")]).toEqual(["12345", "5"]);
    expect((await guest.ask("/moved")).fields.get("location")).toBe("/%C3%BC?a=b");
  });

  it("what a handler throws is 500, or what it says, and the next request is answered", async () => {
    const site = await open();
    const guest = await site.come();
    const thrown = await guest.ask("/thrown");
    expect([thrown.status, thrown.body.toString()]).toEqual([
      500,
      expect.not.stringContaining("bug"),
    ]);
    const known = await guest.ask("/teapot");
    expect([known.status, known.fields.has("x-was")]).toEqual([418, false]);
    expect(known.body.toString()).toContain("&lt;short &amp; stout&gt;");
    expect((await guest.ask("/nowhere")).body.toString()).toMatch(
      /<h1>404 Not Found<\/h1>\n<\/html>/,
    );
    expect((await guest.ask("/forgotten")).status).toBe(500);
    expect((await guest.ask("/split")).status).toBe(500);
    expect((await guest.ask("/twice")).body.toString()).toBe("once");
    expect((await guest.ask("/")).status).toBe(200);
    expect(site.complaints).toEqual([
      "a bug",
      "a handler was done before its answer was whole",
      expect.stringContaining("U+d"),
      expect.stringContaining("too late"),
    ]);
  });

  it("what a handler throws behind the head breaks the connection: no body looks whole", async () => {
    const site = await open();
    const guest = await site.come();
    guest.request("/broken");
    await guest.ended();
    for (const answer of guest.answers) expect(answer.isWhole).toBe(false);
    expect(site.complaints).toEqual(["in the middle"]);
    await world().until(() => site.records.length === 1, "its record");
    expect(site.records[0]).toMatchObject({ status: 200, isComplete: false });
  });

  it("500 for JSON of what JSON has not, which would be nothing at all", async () => {
    const site = await open();
    const guest = await site.come();
    const { status, fields } = await guest.ask("/nothing");
    expect([status, fields.get("content-type")]).toEqual([500, "text/html; charset=utf-8"]);
    expect(site.complaints).toEqual(["json(): JSON has no undefined"]);
  });

  it.each([
    ["application/json", "application/json"],
    ["text/plain;q=0.5, text/*;q=0.1", "text/plain; charset=utf-8"],
    ["text/html, */*", "text/html; charset=utf-8"],
    ["image/png", "text/html; charset=utf-8"],
    ["*/*;q=x, ,,;", "text/html; charset=utf-8"],
  ])("errors as the peer accepts: %s", async (accept, type) => {
    const guest = await (await open()).come();
    const { fields, body } = await guest.ask("/none", "GET", `Accept: ${accept}`);
    expect(fields.get("content-type")).toBe(type);
    // RFC 9110 section 12.5.5: a cache must not give it to who accepts another.
    expect(fields.get("vary")).toBe("Accept");
    expect(body.toString()).toContain("404");
    if (type === "application/json")
      expect(JSON.parse(body.toString())).toEqual({ status: 404, why: "Not Found" });
  });

  it("many requests at once in their order, the slow ones too", async () => {
    const guest = await (await open()).come();
    const paths = ["/later", "/", "/pieces", "/none", "/known", "/later", "/"];
    const asked = Array.from({ length: 10 }, () => paths).flat();
    guest.say(asked.map((path) => `GET ${path} HTTP/1.1\r\nHost: here\r\n\r\n`).join(""));
    const answers = [];
    for (const path of asked) answers.push([path, (await guest.next()).body.toString()]);
    const bodies = new Map([
      ...[["/later", "later"] as const, ["/", "Hello, World!"] as const],
      ...[["/pieces", "one two three"] as const, ["/known", "12345"] as const],
    ]);
    for (const [path, body] of answers)
      if (path !== "/none") expect(body).toBe(bodies.get(path as "/"));
    expect(guest.answers).toHaveLength(asked.length);
  });

  it("304 tells no length that nobody has said (RFC 9110 section 8.6)", async () => {
    const guest = await (await open()).come();
    const answers = [await guest.ask("/unchanged"), await guest.ask("/unchanged", "HEAD")];
    for (const { status, fields } of answers) {
      expect([status, fields.get("content-length")]).toEqual([304, undefined]);
    }
  });

  it("421 to an https target on a plain connection (RFC 9110 section 7.4)", async () => {
    const guest = await (await open()).come();
    const isSecure = (await guest.ask("/secure")).body.toString() === "true";
    const expected = isSecure ? [200, 200, 404] : [421, 421, 421];
    for (const target of ["https://here/", "HTTPS://here:443", "https://here/none"]) {
      expect((await guest.ask(target)).status).toBe(expected.shift());
    }
    expect((await guest.ask("http://here/")).body.toString()).toBe("Hello, World!");
    expect((await guest.ask("/rest/https://here/")).status).toBe(200);
  });

  it("501 to CONNECT, and the end: what follows may be meant for a tunnel", async () => {
    const site = await HttpSite.open(world(), (server) =>
      server.fallback((_, response) => {
        response.send("anything");
      }),
    );
    const guest = await site.come();
    guest.say("CONNECT here:80 HTTP/1.1\r\nHost: here\r\n\r\nGET / HTTP/1.1\r\nHost: here\r\n\r\n");
    await guest.ended();
    expect(guest.statuses).toEqual([501]);
    expect(guest.answers[0]!.fields.get("connection")).toBe("close");
    expect(site.complaints).toEqual([]);
  });

  it("a refused HEAD has no body, and its record says so", async () => {
    const site = await open();
    const guest = await site.come();
    guest.say("HEAD / HTTP/1.1\r\nHost: here\r\nContent-Length: x\r\n\r\n", "HEAD");
    await guest.ended();
    expect(guest.peer.received.toString()).toMatch(/^HTTP\/1\.1 400 [^]*\r\n\r\n$/);
    expect(site.records).toMatchObject([{ status: 400, bodyBytes: 0 }]);
  });

  it("what is no request is refused, and the connection closed behind the answer", async () => {
    const site = await open();
    const guest = await site.come();
    guest.say("GET / HTTP/1.1\r\nHost: here\r\n\r\nGET / HTTP/1.1\r\nHost : here\r\n\r\nGET / ");
    await guest.ended();
    expect(guest.statuses).toEqual([200, 400]);
    expect(guest.answers[1]!.fields.get("connection")).toBe("close");
    expect(site.records.map(({ requestLine, status }) => [requestLine, status])).toEqual([
      ["GET / HTTP/1.1", 200],
      ["GET / HTTP/1.1", 400],
    ]);
  });

  it.each([
    ["a line that is none", "BAD\r\n", "BAD", 400],
    [
      "a line with control characters",
      "GET /\x1b[2J\0 HTTP/1.1\r\n",
      "GET /\x1b[2J\0 HTTP/1.1",
      400,
    ],
    ["a field that is none", "GET /a?b HTTP/1.1\r\nHost here\r\n", "GET /a?b HTTP/1.1", 400],
    ["no host", "GET /a HTTP/1.1\r\n\r\n", "GET /a HTTP/1.1", 400],
    ["another version", "GET / HTTP/2.0\r\n", "GET / HTTP/2.0", 505],
    [
      "too long a method",
      `${"M".repeat(100)} / HTTP/1.1\r\n`,
      `${"M".repeat(100)} / HTTP/1.1`,
      501,
    ],
    ["too large a head", `GET /b HTTP/1.1\r\nA: ${"a".repeat(20_000)}`, "GET /b HTTP/1.1", 431],
    ["nothing but a line's end", "\n", null, 400],
  ])("what is refused for %s has its line in its record", async (_, said, requestLine, status) => {
    const site = await open();
    const guest = await site.come();
    guest.say(Buffer.from(said, "latin1"));
    await guest.ended();
    expect(site.records).toMatchObject([{ requestLine, status }]);
  });
});

describe("HTTP/1.0", () => {
  onEveryChannel("is answered", (world) => {
    it("and closed, or kept open if it asks for that", async () => {
      const site = await HttpSite.open(world(), mount);
      const guest = await site.come();
      guest.say("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
      const { fields } = await guest.next();
      expect(fields.get("connection")).toBe("keep-alive");
      guest.say("GET /pieces HTTP/1.0\r\n\r\n");
      await guest.ended();
      expect(guest.answers[1]!.body.toString()).toBe("one two three");
      expect(guest.answers[1]!.fields.has("transfer-encoding")).toBe(false);
    });
  });
});
