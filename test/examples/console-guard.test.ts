/** Who may ask the console for what: every rule, as a browser, a page of another site, or curl. */
import { describe, expect, it } from "vitest";

import { consoleHosts, isLoopback } from "../../examples/console/hosts.ts";
import { hostCheck } from "../../examples/http/server/allowed-hosts.ts";
import { HttpError } from "../../examples/http/server/http-error.ts";
import {
  ANN,
  GUEST,
  HOST,
  openConsoleSite,
  someAccounts,
  type ConsoleSite,
} from "../support/console-site.ts";
import type { Answer } from "../support/http-talk.ts";
import { onStillNetworks, type World } from "../support/world.ts";

const BASIC = `Authorization: Basic ${Buffer.from("ann:p:ass").toString("base64")}`;
const WRONG = `Authorization: Basic ${Buffer.from("ann:wrong").toString("base64")}`;

interface Options {
  readonly guest?: boolean;
  readonly accounts?: boolean;
  readonly anonymous?: boolean;
}

async function open(
  world: World,
  { guest = false, accounts = !guest, anonymous }: Options,
): Promise<ConsoleSite> {
  const options = {
    guest: guest ? GUEST : null,
    accounts: accounts ? await someAccounts(anonymous) : null,
  };
  return openConsoleSite(world, options, (mounted) => {
    const { routes } = mounted;
    for (const method of ["get", "post", "put", "delete"] as const) {
      routes[method]("/api/thing", (request, response) => {
        const { rights, home } = mounted.accountOf(request);
        response.json({ name: mounted.nameOf(request), home, rights: [...rights] });
      });
    }
    routes.get("/files/*", (_, response) => {
      response.field("Content-Security-Policy", "sandbox").send("a file");
    });
    routes.get("/api/broken", () => {
      throw new HttpError(409, "no");
    });
  });
}

const whyOf = ({ body }: Answer): unknown => (JSON.parse(body.toString()) as { why: unknown }).why;

onStillNetworks("the guard, of guests on this machine", (world) => {
  it.each([
    ["the own address", HOST, 200],
    ["another name that leads here (DNS rebinding)", "evil.example:8080", 421],
    ["the address under another port", "127.0.0.1:81", 421],
    ["a name that ends as ours begins", "evil.127.0.0.1:8080", 421],
    ["none", "", 421],
  ])("answers for its own hosts only: %s", async (_, host, status) => {
    const { ask } = await open(world(), { guest: true });
    for (const line of ["GET /api/thing", "GET /", "GET /healthz", "GET /nowhere"]) {
      const wanted = status === 200 && line.endsWith("nowhere") ? 404 : status;
      expect((await ask(line, `Host: ${host}`)).status).toBe(wanted);
    }
  });

  const own = `Origin: http://${HOST}`;
  const site = (value: string): string => `Sec-Fetch-Site: ${value}`;
  const visit = ["Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"];
  it.each<[what: string, fields: string[], read: number, change: number]>([
    ["our own page", [site("same-origin"), own], 200, 200],
    ["our own page, in a browser that only says so", [site("same-origin")], 200, 200],
    ["our own page, in a browser without fetch metadata", [own], 200, 200],
    ["our own page, which a proxy has brought by TLS", [`Origin: https://${HOST}`], 200, 200],
    ["what has no page, such as curl", [], 200, 403],
    ["a page of another site", [site("cross-site"), "Origin: http://evil.example"], 403, 403],
    ["a page of another site that hides its origin", [site("cross-site")], 403, 403],
    ["a page of another port of this machine", [site("same-site")], 403, 403],
    ["the same, in an old browser", ["Origin: http://127.0.0.1:8081"], 403, 403],
    ["a page under a name", ["Origin: http://localhost:8080"], 403, 403],
    ["a page of no origin", ["Origin: null"], 403, 403],
    ["an origin that begins as ours", [`Origin: http://${HOST}0`], 403, 403],
    ["an origin with a path", [`Origin: http://${HOST}/`], 403, 403],
    ["another scheme", [`Origin: ftp://${HOST}`], 403, 403],
    ["several origins", [own, own], 403, 403],
    ["fetch metadata that contradict Origin", [site("cross-site"), own], 403, 403],
    ["fetch metadata that nobody knows", [site("next-door"), own], 403, 403],
    ["the user, who types the address", [site("none"), ...visit], 200, 403],
    ["a link on another site", [site("cross-site"), ...visit], 200, 403],
    [
      "a frame on another site",
      [site("cross-site"), "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe"],
      ...([403, 403] as const),
    ],
    ["a form of another site", [site("cross-site"), ...visit, "Origin: null"], 200, 403],
  ])("%s", async (_, fields, read, change) => {
    const { ask } = await open(world(), { guest: true });
    for (const path of ["/api/thing", "/files/a", "/"]) {
      expect((await ask(`GET ${path}`, ...fields)).status).toBe(read);
      expect((await ask(`HEAD ${path}`, ...fields)).status).toBe(read);
    }
    for (const method of ["POST", "PUT", "DELETE"]) {
      expect((await ask(`${method} /api/thing`, ...fields)).status).toBe(change);
    }
  });

  it.each<[line: string, fields: string[], status: number, why: string]>([
    ["GET /api/nothing", [], 404, "Not Found"],
    ["PATCH /api/thing", [], 405, "Method Not Allowed"],
    ["GET /api/%ff", [], 400, "The path is not percent-encoded UTF-8"],
    ["GET /api/broken", [], 409, "no"],
    ["GET /api/thing", ["Origin: null"], 403, "this comes from a page of another site"],
    ["GET /api/thing", ["Host: evil.example"], 421, "no such host is served here"],
  ])(
    "refuses %s of what has %j as JSON, whatever is accepted",
    async (line, fields, status, why) => {
      const { ask } = await open(world(), { guest: true });
      for (const accept of ["*/*", "text/html"]) {
        const refused = await ask(line, ...fields, `Accept: ${accept}`);
        expect(JSON.parse(refused.body.toString())).toMatchObject({ status });
        expect(whyOf(refused)).toContain(why);
        expect([refused.status, refused.fields.get("vary")]).toEqual([status, undefined]);
      }
      const page = await ask("GET /nothing", "Accept: */*");
      expect(page.fields.get("content-type")).toContain("text/html");
    },
  );

  it("says to curl what it would have to send", async () => {
    const { ask } = await open(world(), { guest: true });
    expect(whyOf(await ask("PUT /api/thing"))).toBe(
      `nothing says which page this comes from: send the field "Origin: http://${HOST}"`,
    );
  });

  it("gives guests the rights of a guest, and no name", async () => {
    const { ask, site } = await open(world(), { guest: true });
    const answer = await ask("GET /api/thing", BASIC);
    expect(JSON.parse(answer.body.toString())).toEqual({ name: null, home: "/", rights: ["read"] });
    expect(site.records.at(-1)).toMatchObject({ user: null });
    expect((await ask("GET /api/session")).body.toString()).toBe('{"account":null}');
  });
});

onStillNetworks("the guard, where a login is needed", (world) => {
  it.each([
    ["GET /", 200],
    ["GET /app.js", 200],
    ["GET /healthz", 200],
    ["GET /api/thing", 401],
    ["HEAD /api/thing", 401],
    ["POST /api/thing", 401],
    ["DELETE /api/thing", 401],
    ["GET /api/session", 401],
    ["GET /files/a", 401],
    ["GET /nowhere", 404],
    ["OPTIONS /api/thing", 204],
  ])("without one: %s", async (line, status) => {
    const { ask } = await open(world(), {});
    expect((await ask(line, "Sec-Fetch-Site: same-origin")).status).toBe(status);
  });

  it.each([
    ["right", [BASIC], 200, 200],
    ["wrong", [WRONG], 401, 401],
    ["of another scheme", ["Authorization: Bearer x"], 401, 401],
    // A browser that remembers the password sends it along with what another site makes it do.
    ["right, from another site", [BASIC, "Sec-Fetch-Site: cross-site"], 403, 403],
    ["right, from another origin", [BASIC, "Origin: http://evil.example"], 403, 403],
    ["right, from our own page", [BASIC, `Origin: http://${HOST}`], 200, 200],
  ])("by a password that is %s", async (_, fields, read, change) => {
    const { ask } = await open(world(), {});
    expect((await ask("GET /api/thing", ...fields)).status).toBe(read);
    expect((await ask("PUT /api/thing", ...fields)).status).toBe(change);
  });

  it("lets nobody in without a name, though the accounts know the anonymous", async () => {
    const { ask, post } = await open(world(), { anonymous: true });
    const anonymous = `Authorization: Basic ${Buffer.from("anonymous:x").toString("base64")}`;
    expect((await ask("GET /api/thing", anonymous)).status).toBe(401);
    expect((await ask("PUT /api/thing", anonymous)).status).toBe(403);
    const login = await post("/api/login", { name: "anonymous", password: "x" });
    expect([login.status, login.fields.get("set-cookie")]).toEqual([401, undefined]);
  });

  it("asks curl for a password, and no browser: it would ask its user", async () => {
    const { ask } = await open(world(), {});
    const challenge = async (line: string, ...fields: string[]): Promise<string | undefined> =>
      (await ask(line, ...fields)).fields.get("www-authenticate")?.split(" ", 1)[0];
    expect(await challenge("GET /files/a")).toBe("Basic");
    expect(await challenge("GET /files/a", "Sec-Fetch-Site: same-origin")).toBe("Session");
    expect(await challenge("PUT /api/thing", `Origin: http://${HOST}`)).toBe("Session");
    expect(await challenge("GET /api/thing")).toBe("Session");
  });

  it("tells the log who it was", async () => {
    const { ask, site, logIn } = await open(world(), {});
    await ask("GET /api/thing", BASIC);
    await ask("GET /api/thing", await logIn());
    const users = site.records.map(({ user }) => user);
    expect(users).toEqual([ANN.name, null, ANN.name]);
  });
});

onStillNetworks("fields of security", (world) => {
  const WANTED = {
    "content-security-policy":
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
      "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
  };
  it.each([
    ["the page", "GET /", [], 200],
    ["a file of the page", "GET /app.js", [], 200],
    ["data", "GET /api/thing", [BASIC], 200],
    ["what a handler refuses", "GET /api/broken", [BASIC], 409],
    ["what the guard refuses", "GET /api/thing", [], 401],
    ["another host", "GET /", ["Host: evil.example"], 421],
    ["another site", "GET /", ["Sec-Fetch-Site: cross-site"], 403],
    ["nothing", "GET /nowhere", [], 404],
    ["another method", "PUT /", [BASIC], 405],
    ["OPTIONS", "OPTIONS /api/thing", [], 204],
    ["what is no request", "nonsense", [], 400],
  ])("are with %s", async (_, line, fields, status) => {
    const { ask } = await open(world(), {});
    const answer = await ask(line, ...fields);
    expect(answer.status).toBe(status);
    expect(Object.fromEntries(answer.fields)).toMatchObject(WANTED);
    expect(answer.fields.has("access-control-allow-origin")).toBe(false);
  });

  it("may be replaced by those of a file, which nothing keeps", async () => {
    const { ask } = await open(world(), { guest: true });
    const { fields } = await ask("GET /files/a");
    expect(fields.get("content-security-policy")).toBe("sandbox");
    expect(fields.get("x-content-type-options")).toBe("nosniff");
    expect(fields.get("cache-control")).toBe("no-store");
  });
});

describe("where a console can be reached", () => {
  it.each([
    ["127.0.0.1", true],
    ["127.9.9.9", true],
    ["localhost", true],
    ["LocalHost", true],
    ["::1", true],
    ["::ffff:127.0.0.1", true],
    ["0.0.0.0", false],
    ["::", false],
    ["10.0.0.1", false],
    ["128.0.0.1", false],
    ["::2", false],
    ["fe80::1%lo", false],
    ["localhost.evil.example", false],
    ["127.0.0.1.evil.example", false],
    ["", false],
  ])("from this machine only, at %j: %s", (host, only) => {
    expect(isLoopback(host)).toBe(only);
  });

  it.each([
    ["127.0.0.1", "localhost:8080", true],
    ["127.0.0.1", "127.0.0.1", true],
    ["127.0.0.1", "[::1]:8080", true],
    ["127.0.0.1", "192.0.2.1:8080", false],
    ["127.0.0.1", "evil.example", false],
    ["127.0.0.1", null, false],
    ["192.0.2.1", "192.0.2.1:8080", true],
    ["192.0.2.1", "192.0.2.2:8080", false],
    ["fe80::1%eth0", "[fe80::1]:8080", true],
    // All addresses of the machine, which nobody knows; but a page of another site has a name.
    ["0.0.0.0", "192.0.2.2:8080", true],
    ["::", "[2001:db8::1]:8080", true],
    ["0.0.0.0", "evil.example:8080", false],
    ["0.0.0.0", "192.0.2.2.evil.example", false],
    ["0.0.0.0", "", false],
    ["0.0.0.0", null, false],
    ["0.0.0.0", "box.example", true],
  ])("at %j it answers for %j: %s", (host, asked, answered) => {
    expect(hostCheck(consoleHosts(host, ["box.example"]))(asked)).toBe(answered);
  });
});
