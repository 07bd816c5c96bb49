/** The three servers in one loop, as a process: coming up, ports that are taken, and the end. */
import { once } from "node:events";
import { readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { get, type IncomingMessage } from "node:http";
import net from "node:net";
import { join } from "node:path";

import { afterAll, describe, expect, it } from "vitest";

import { userLine } from "../../examples/accounts/accounts.ts";
import type { DescriptorRow } from "../../examples/console/feed.ts";
import { enterChat, openOneLoop, runOneLoop } from "./one-loop-process.ts";
import type { OneLoop } from "./one-loop-process.ts";
import { cleanUp, temporaryFolder } from "./programs.ts";

const others: net.Server[] = [];

afterAll(() => {
  for (const server of others) server.close();
  cleanUp();
});

/** A port that somebody else has. */
async function takenPort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  others.push(server);
  await once(server, "listening");
  return (server.address() as net.AddressInfo).port;
}

async function end(loop: OneLoop): Promise<void> {
  loop.child.kill("SIGINT");
  expect(await loop.ended).toEqual({ code: 0, signal: null });
  expect(loop.err.lines).toEqual([]);
}

async function usersFile(): Promise<string> {
  const file = join(temporaryFolder(), "users");
  const user = { name: "ann", password: "pass", home: "/", rights: ["read", "write"] };
  writeFileSync(file, `${await userLine(user, { logN: 10, r: 1, p: 1 })}\n`);
  return file;
}

/** What a raw client hears until the server has ended it. */
async function dialogue(port: number, text = ""): Promise<string> {
  const socket = net.connect(port, "127.0.0.1");
  socket.setEncoding("utf8").write(text);
  let heard = "";
  for await (const piece of socket) heard += piece as string;
  return heard;
}

const ours = (url: string): Record<string, string> => ({ Origin: url.slice(0, -1) });

describe("the three servers", () => {
  it("all answer, and each has its name in the table", async () => {
    const root = temporaryFolder();
    writeFileSync(join(root, "hello.txt"), "hello\n");
    const loop = await openOneLoop("--root", root);
    expect(loop.out.lines[0]).toBe(`Open the page:   ${loop.url}`);
    const page = await fetch(loop.url);
    expect([page.status, page.headers.get("x-frame-options")]).toEqual([200, "DENY"]);
    await enterChat(loop, "Ann");
    expect(await dialogue(loop.ftpPort, "USER ftp\r\nPASS x\r\nQUIT\r\n")).toMatch(/^220 [^]*221 /);
    const file = await fetch(`${loop.url}files/hello.txt`);
    expect(await file.text()).toBe("hello\n");
    expect(file.headers.get("content-security-policy")).toContain("sandbox");
    const table = await fetch(`${loop.url}api/descriptors`);
    const { descriptors } = (await table.json()) as { descriptors: DescriptorRow[] };
    const owners = new Set(descriptors.map(({ owner }) => owner));
    expect(owners).toEqual(new Set(["http", "chat", "ftp", "terminal", "program"]));
    const { fd } = descriptors.find(({ owner, kind }) => owner === "chat" && kind === "channel")!;
    const details = await fetch(`${loop.url}api/descriptors/${fd}`);
    expect(await details.json()).toMatchObject({ owner: "chat", handler: "serve chat" });
    expect((await fetch(`${loop.url}healthz`)).status).toBe(200);
    const put = { method: "PUT", body: "x", headers: ours(loop.url) };
    expect((await fetch(`${loop.url}files/new.txt`, put)).status).toBe(403);
    await end(loop);
  });

  it("have a folder to try them out, in which anybody may put new files", async () => {
    const loop = await openOneLoop();
    const line = loop.out.lines.find((one) => one.startsWith("Files are in "))!;
    const [, folder] = /in (.*): anybody/.exec(line)!;
    const put = { method: "PUT", body: "new", headers: ours(loop.url) };
    expect((await fetch(`${loop.url}files/new.txt`, put)).status).toBe(201);
    expect((await fetch(`${loop.url}files/new.txt`, put)).status).toBe(403);
    expect(readFileSync(join(folder!, "new.txt"), "utf8")).toBe("new");
    await end(loop);
  });

  it("share one room: who is there by the page hears who comes by TCP", async () => {
    const loop = await openOneLoop();
    const ann = await enterChat(loop, "Ann");
    const joining = { method: "POST", body: '{"name":"Bob"}', headers: ours(loop.url) };
    expect((await fetch(`${loop.url}api/chat/join`, joining)).status).toBe(200);
    await ann.until("Bob joined the chat");
    loop.child.stdin!.write("hear, hear\n");
    await ann.until("admin: hear, hear");
    await end(loop);
  });

  it("are asked for by their own names only, and by no other page", async () => {
    const loop = await openOneLoop();
    const { port } = new URL(loop.url);
    const head = `GET /api/descriptors HTTP/1.1\r\nHost: evil.example:${port}\r\n`;
    const heard = await dialogue(Number(port), `${head}Connection: close\r\n\r\n`);
    expect(heard).toMatch(/^HTTP\/1\.1 421 /);
    const post = { method: "POST", body: "{}", headers: { Origin: "http://evil.example" } };
    expect((await fetch(`${loop.url}api/chat/join`, post)).status).toBe(403);
    await end(loop);
  });

  it("with accounts let nobody in without one", async () => {
    const loop = await openOneLoop("--users", await usersFile());
    expect((await fetch(loop.url)).status).toBe(200);
    expect((await fetch(`${loop.url}api/descriptors`)).status).toBe(401);
    const body = '{"name":"ann","password":"pass"}';
    const login = { method: "POST", body, headers: ours(loop.url) };
    const answer = await fetch(`${loop.url}api/login`, login);
    expect(answer.status).toBe(204);
    const cookie = answer.headers.get("set-cookie")!.split(";", 1)[0]!;
    const table = await fetch(`${loop.url}api/descriptors`, { headers: { cookie } });
    expect(table.status).toBe(200);
    // Whoever knows the address of another's stream hears nothing of it.
    const headers = { ...ours(loop.url), cookie };
    const join = { method: "POST", body: '{"name":"Ann"}', headers };
    const joined = await fetch(`${loop.url}api/chat/join`, join);
    const { member } = (await joined.json()) as { member: string };
    const stream = `${loop.url}api/chat/events?member=${member}`;
    expect((await fetch(stream)).status).toBe(401);
    expect((await fetch(stream, { method: "HEAD", headers })).status).toBe(200);
    const ftp = await dialogue(loop.ftpPort, "USER ftp\r\nPASS x\r\nQUIT\r\n");
    expect(ftp).toMatch(/^530 /m);
    await end(loop);
  });
});

describe("a port that is taken", () => {
  it("is the next one that is free, and said", async () => {
    // The usual ports may be free here or not: either way all three come up.
    const first = await openOneLoop("--locale", "en", "--http-port", "0");
    const second = await openOneLoop("--locale", "en", "--http-port", "0");
    expect(second.chatPort).not.toBe(first.chatPort);
    expect(second.ftpPort).not.toBe(first.ftpPort);
    expect(second.out.lines).toContain(`Port 9000 is taken: the chat is at ${second.chatPort}.`);
    expect(second.out.lines).toContain(`Port 2121 is taken: the files are at ${second.ftpPort}.`);
    await Promise.all([end(first), end(second)]);
  });

  it.each(["http-port", "chat-port", "ftp-port"])(
    "and was asked for by --%s ends it in one line",
    async (flag) => {
      const port = await takenPort();
      const flags = ["http-port", "chat-port", "ftp-port"].flatMap((one) => {
        return [`--${one}`, one === flag ? `${port}` : "0"];
      });
      const folder = temporaryFolder();
      const running = runOneLoop(flags, folder);
      expect(await running.ended).toEqual({ code: 2, signal: null });
      expect(running.err.lines).toEqual([
        `one-loop: --${flag} ${port}: the port is taken: give another one, or 0 for any that is free`,
      ]);
      expect(running.out.lines).toEqual([]);
      const left = readdirSync(folder).filter((name) => name.startsWith("iomux-"));
      expect(left).toEqual([]);
    },
  );
});

it.each([
  [["--locale", "fr"], '--locale is "fr": give one of en, zh (--help lists the flags)'],
  [["--host", "0.0.0.0"], expect.stringContaining("say who may log in by --users FILE")],
  [
    ["--root", "/nowhere/at/all"],
    expect.stringContaining("--root /nowhere/at/all cannot be served: "),
  ],
  [["--users", "/nowhere/at/all"], expect.stringContaining("/nowhere/at/all: cannot be read")],
])("%j ends it in one line", async (flags, line) => {
  const running = runOneLoop(["--http-port", "0", "--chat-port", "0", "--ftp-port", "0", ...flags]);
  expect((await running.ended).code).toBe(2);
  expect(running.err.lines.map((one) => one.replace(/^one-loop: /, ""))).toEqual([line]);
});

describe("Ctrl-C", () => {
  /** Reads nothing until it is told to. */
  async function download(url: string): Promise<IncomingMessage> {
    const [response] = (await once(get(url), "response")) as [IncomingMessage];
    return response;
  }

  it("says good-bye in the chat, finishes transfers, and ends event streams at once", async () => {
    const root = temporaryFolder();
    const bytes = 64 * 1024 * 1024;
    writeFileSync(join(root, "large"), "");
    truncateSync(join(root, "large"), bytes);
    const loop = await openOneLoop("--root", root);
    const ann = await enterChat(loop, "Ann");
    const feed = await fetch(`${loop.url}api/feed`);
    const large = await download(`${loop.url}files/large`);
    loop.child.kill("SIGINT");
    await ann.until("The chat is ending. Goodbye.");
    // Until its end: it does not go on for as long as the download.
    await feed.text();
    await ann.over;
    const refused = net.connect(loop.chatPort, "127.0.0.1");
    await expect(once(refused, "connect")).rejects.toThrow("ECONNREFUSED");
    let got = 0;
    for await (const piece of large) got += (piece as Buffer).length;
    expect(got).toBe(bytes);
    expect(await loop.ended).toEqual({ code: 0, signal: null });
    expect(loop.err.lines).toEqual([]);
  });

  it("a second time ends all of it at once", async () => {
    const root = temporaryFolder();
    writeFileSync(join(root, "large"), "");
    truncateSync(join(root, "large"), 64 * 1024 * 1024);
    const loop = await openOneLoop("--root", root);
    const large = await download(`${loop.url}files/large`);
    large.on("error", () => undefined);
    loop.child.kill("SIGINT");
    await loop.out.until(/^Ending: /);
    loop.child.kill("SIGINT");
    expect(await loop.ended).toEqual({ code: 130, signal: null });
    large.destroy();
  });

  it("is what /shutdown of the administrator does too", async () => {
    const loop = await openOneLoop();
    const ann = await enterChat(loop, "Ann");
    loop.child.stdin!.write("/shutdown\n");
    await ann.over;
    expect(await loop.ended).toEqual({ code: 0, signal: null });
  });

  it("is not the end of the standard input", async () => {
    const loop = await openOneLoop();
    loop.child.stdin!.end();
    expect((await fetch(`${loop.url}healthz`)).status).toBe(200);
    await end(loop);
  });
});
