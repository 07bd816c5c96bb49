/** `inspect()`: the console for any program. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import https from "node:https";
import type { IncomingMessage } from "node:http";
import net from "node:net";
import { join } from "node:path";

import { afterAll, describe, expect, it, onTestFinished } from "vitest";

import { createReactor, READABLE, type Reactor } from "iomux";
import { inspect, type InspectOptions, type Inspector } from "iomux/inspect";

import { MAX_CONNECTIONS } from "../../examples/console/console.ts";
import { local } from "../support/certificates.ts";
import { programCommand } from "../support/program-command.ts";
import { cleanUp, ROOT, run } from "./programs.ts";

afterAll(cleanUp);

const LOGIN = { name: "ann", password: "pass" };

function aReactor(): Reactor {
  const reactor = createReactor({ slowHandlerMs: Infinity });
  onTestFinished(() => reactor.close().then(() => undefined));
  return reactor;
}

async function open(options: Partial<InspectOptions> = {}): Promise<Inspector> {
  return inspect(aReactor(), { port: 0, ...options });
}

const status = async (url: string, init?: RequestInit): Promise<number> =>
  (await fetch(url, init)).status;

describe("inspect()", () => {
  it("shows the page, and the descriptors of the reactor with those of its own", async () => {
    const reactor = aReactor();
    const listener = await reactor.listen({ port: 0 }, { label: "mine" });
    reactor.register(listener, READABLE, () => undefined);
    const { url } = await inspect(reactor, { port: 0, program: "a program" });
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
    const page = await fetch(url);
    expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
    const { descriptors } = (await (await fetch(`${url}api/descriptors`)).json()) as {
      descriptors: { owner: string; kind: string }[];
    };
    const listeners = descriptors.filter(({ kind }) => kind === "listener");
    expect(listeners.map(({ owner }) => owner)).toEqual(["mine", "console"]);
    expect(await (await fetch(`${url}api/session`)).json()).toEqual({ account: null });
    for (const path of ["metrics", "healthz", "app.js", "app.css"]) {
      expect(await status(url + path)).toBe(200);
    }
    expect(await status(`${url}api/chat/events`)).toBe(404);
    expect(await status(`${url}files/package.json`)).toBe(404);
  });

  it("ends when it is closed, with its streams; the reactor goes on", async () => {
    const reactor = aReactor();
    const listener = await reactor.listen({ port: 0 });
    reactor.register(listener, READABLE, () => undefined);
    const inspector = await inspect(reactor, { port: 0 });
    const feed = await fetch(`${inspector.url}api/feed`);
    await Promise.all([inspector.close(), inspector.close(), feed.text()]);
    await expect(fetch(inspector.url)).rejects.toThrow();
    expect([...reactor.descriptors.values()]).toEqual([listener]);
    expect(reactor.stats().timers).toBe(0);
    await inspector[Symbol.asyncDispose]();
  });

  it("ends with its reactor", async () => {
    const reactor = createReactor();
    const inspector = await inspect(reactor, { port: 0 });
    const feed = await fetch(`${inspector.url}api/feed`);
    await reactor.close({ drainMs: 0 });
    await feed.text().catch(() => undefined);
    await inspector.close();
  });

  it("may be there twice for one reactor", async () => {
    const reactor = aReactor();
    const [one, other] = [await inspect(reactor, { port: 0 }), await inspect(reactor, { port: 0 })];
    await one.close();
    expect(await status(other.url)).toBe(200);
  });

  it("says in one line that the port is taken, and leaves nothing open", async () => {
    const server = net.createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    const { port } = server.address() as net.AddressInfo;
    const reactor = aReactor();
    await expect(inspect(reactor, { port })).rejects.toThrow(
      new Error(
        `inspect: 127.0.0.1:${port} is taken: give another port, or 0 for any that is free`,
      ),
    );
    expect(reactor.stats()).toMatchObject({ open: 0, timers: 0 });
  });

  it("says that it needs a port", async () => {
    const bare = inspect as (reactor: Reactor) => Promise<Inspector>;
    await expect(bare(aReactor())).rejects.toThrow("inspect: give a port: { port: 8080 }");
  });

  it.each<[string, object, string]>([
    ["a host that others reach", { host: "0.0.0.0" }, "0.0.0.0 is not this machine only: give lo"],
    ["the same by IPv6", { host: "::" }, ":: is not this machine only: give login, or leave host"],
    ["a password in plain", { host: "::", login: LOGIN }, "give tls, so that nobody reads"],
    ["an option that is none", { hosts: "::" }, "there is no option hosts: give port, host"],
    ["an empty password", { login: { name: "ann", password: "" } }, "login: the password is empty"],
    ["an empty name", { login: { name: "", password: "x" } }, 'login: "" is no name'],
    ["a login that is none", { login: "ann" }, "login must be { name, password }, two strings"],
    ["a login without a password", { login: { name: "ann" } }, "login must be { name, password }"],
    ["a login of null", { login: null }, "login must be { name, password }, two strings"],
    ["an address of another machine", { host: "192.0.2.1", login: LOGIN, tls: local }, "cannot be"],
  ])("refuses %s in one line", async (_, options, why) => {
    const reactor = aReactor();
    const refused = inspect(reactor, { port: 0, ...options });
    await expect(refused).rejects.toThrow(why);
    await expect(refused).rejects.toThrow(/^inspect: [^\n]*$/);
    expect(reactor.stats().open).toBe(0);
  });

  it("takes MAX_CONNECTIONS at a time, and tells one more to come again", async () => {
    const { url } = await open();
    const port = Number(new URL(url).port);
    const sockets = Array.from({ length: MAX_CONNECTIONS }, () => net.connect(port, "127.0.0.1"));
    await Promise.all(sockets.map((socket) => once(socket, "connect")));
    const late = net.connect(port, "127.0.0.1");
    const [heard] = (await once(late, "data")) as [Buffer];
    expect(heard.toString()).toMatch(/^HTTP\/1\.1 503 /);
    for (const socket of [...sockets, late]) socket.destroy();
  });

  it("asks for a login where it has one, also on this machine", async () => {
    const { url } = await open({ login: LOGIN });
    expect(await status(url)).toBe(200);
    expect(await status(`${url}api/descriptors`)).toBe(401);
    const headers = { authorization: `Basic ${Buffer.from("ann:pass").toString("base64")}` };
    expect(await status(`${url}api/descriptors`, { headers })).toBe(200);
    const wrong = { authorization: `Basic ${Buffer.from("ann:x").toString("base64")}` };
    expect(await status(`${url}api/descriptors`, { headers: wrong })).toBe(401);
  });

  it("can be reached from elsewhere if it is told to", async () => {
    const given = { host: "0.0.0.0", login: LOGIN, plainPasswords: true };
    const { url } = await open({ ...given, allowHosts: ["box.example"] });
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:/);
    expect(await status(url)).toBe(200);
  });

  it("comes by https with tls, and its session then by no plain connection", async () => {
    const { url } = await open({ host: "::1", login: LOGIN, tls: local });
    expect(url).toMatch(/^https:\/\/\[::1\]:\d+\/$/);
    const headers = { "sec-fetch-site": "same-origin" };
    const options = { method: "POST", headers, rejectUnauthorized: false, agent: false } as const;
    const request = https.request(`${url}api/login`, options);
    request.end(JSON.stringify(LOGIN));
    const [answer] = (await once(request, "response")) as [IncomingMessage];
    answer.resume();
    expect(answer.statusCode).toBe(204);
    expect(answer.headers["set-cookie"]).toEqual([
      expect.stringMatching(
        /^__Host-iomux-session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Secure$/,
      ),
    ]);
  });

  it("keeps no process alive: it ends when its own work does, though somebody looks", async () => {
    const program = run(process.execPath, programCommand("test/examples/inspected-program.ts"));
    const { url, port } = JSON.parse(await program.out.until(/^\{/)) as {
      url: string;
      port: number;
    };
    const feed = await fetch(`${url}api/feed`);
    const reader = feed.body!.getReader();
    await reader.read();
    net.connect(port, "127.0.0.1").end("end\n");
    expect(await program.ended).toEqual({ code: 0, signal: null });
    expect(program.err.lines).toEqual([]);
    await reader.cancel().catch(() => undefined);
  });
});

it("the example is the program of the README", () => {
  const example = readFileSync(join(ROOT, "examples/inspected-echo.ts"), "utf8");
  const code = example.slice(example.indexOf("import "));
  expect(readFileSync(join(ROOT, "README.md"), "utf8")).toContain(`\`\`\`ts\n${code}\`\`\``);
});
