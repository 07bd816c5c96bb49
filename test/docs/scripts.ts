/** What a peer does with each program of the documents, and what it must see. */
import { once } from "node:events";
import dgram from "node:dgram";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { get, type IncomingMessage } from "node:http";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import tls from "node:tls";

import { expect, onTestFinished } from "vitest";

import { lengthPrefixed } from "iomux";

import { authority, local } from "../support/certificates.ts";
import { echoServer, freePort, talk, talkLate, type Program } from "./program.ts";

interface Stage {
  /** Starts the program; `peerPort` is where a client finds its server. */
  readonly start: (peerPort?: number) => Program;
  /** What the document says that it prints: the blocks marked `prints: name`, in order. */
  readonly prints: readonly string[];
}

type Script = (stage: Stage) => Promise<void>;

/** More than every mark, and more than the kernel holds, so that the program must stop and go on. */
const LARGE = Buffer.alloc(16_000_000, "0123456789abcdef\n");

const echo: Script = async ({ start }) => {
  const port = await start().port();
  expect((await talk(port, "hello\n")).toString()).toBe("hello\n");
  const [first, second] = await Promise.all([talkLate(port, LARGE), talk(port, "second\n")]);
  expect(first.equals(LARGE)).toBe(true);
  expect(second.toString()).toBe("second\n");
};

const hello: Script = async ({ start }) => {
  const port = await start().port();
  expect((await talk(port, "")).toString()).toBe("hello\n");
};

/** Only what fits into the output queue: it loses the rest, as the document says. */
const echoStep: Script = async ({ start }) => {
  const port = await start().port();
  expect((await talk(port, "hello\n")).toString()).toBe("hello\n");
};

const count: Script = async ({ start }) => {
  const port = await start().port();
  const lines = (await talk(port, "")).toString().trimEnd().split("\n");
  expect(lines.map(Number)).toEqual(Array.from({ length: 20_000 }, (_, i) => i + 1));
};

const client: Script = async ({ start, prints }) => {
  const server = await echoServer();
  const connected = start(server.port);
  expect(await connected.ended()).toBe(0);
  server.close();
  const refused = start(await freePort());
  expect(await refused.ended()).toBe(0);
  const [first, second] = prints;
  expect(connected.output).toBe(first);
  expect(refused.output.replace(/:\d+:/, ":9000:")).toBe(second);
};

const upperCase: Script = async ({ start }) => {
  const port = await start().port();
  expect((await talk(port, "hello\n")).toString()).toBe("HELLO\n");
};

const stop: Script = async ({ start }) => {
  const program = start();
  const port = await program.port();
  await program.printed("ready\n");
  const socket = net.connect({ port, host: "127.0.0.1" });
  await once(socket, "data");
  program.interrupt();
  expect(await program.ended()).toBe(0);
  expect(program.output).toBe("ready\nclosed\n");
  socket.destroy();
};

const testing: Script = async ({ start, prints }) => {
  const program = start();
  expect(await program.ended()).toBe(0);
  expect([program.output]).toEqual(prints);
};

const adopt: Script = async ({ start }) => {
  const port = await start().port();
  expect((await talk(port, "")).toString()).toBe("hello IPv4\n");
};

const shout: Script = async ({ start }) => {
  const program = start();
  const port = await program.port();
  const heard = await talk(port, `hello\n${"x".repeat(1025)}\nquit\nnot heard\n`);
  expect(heard.toString()).toBe("Say something.\nHELLO\nA line has at most 1024 bytes.\n");
  await program.printed("closed: local\n");
  const socket = net.connect({ port, host: "127.0.0.1" });
  await once(socket, "data");
  program.interrupt();
  expect(await program.ended()).toBe(0);
  expect(program.output).toBe("closed: local\nclosed: shutdown\n");
  socket.destroy();
};

const sums: Script = async ({ start }) => {
  const port = await start().port();
  const numbers = [1, 2, -5, 2_000_000_000];
  const message = Buffer.alloc(16);
  numbers.forEach((number, i) => message.writeInt32BE(number, 4 * i));
  const framer = lengthPrefixed({ prefix: 2 });
  const heard = await talk(port, Buffer.concat([framer.encode(message), Buffer.alloc(2)]));
  expect([heard.length, heard.readDoubleBE(2), heard.readDoubleBE(12)]).toEqual([
    20, 1_999_999_998, 0,
  ]);
};

const handOver: Script = async ({ start }) => {
  const port = await start().port();
  expect((await talk(port, "hello\n")).toString()).toBe("This is no web page.\n");
  const request = "GET /page HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  expect((await talk(port, request)).toString()).toContain("you asked for /page\n");
};

const structProtocol: Script = async ({ start }) => {
  const port = await start().port();
  const add = (...numbers: number[]): Buffer => {
    const body = Buffer.alloc(8 * numbers.length);
    for (const [index, number] of numbers.entries()) body.writeDoubleBE(number, 8 * index);
    const header = Buffer.from([0, 0, 0, body.length, 1, 1]);
    return Buffer.concat([header, body]);
  };
  const answers = await talk(port, Buffer.concat([add(1, 2.5), add(), add(-7)]));
  const sum = (number: number): Buffer => {
    const body = Buffer.alloc(8);
    body.writeDoubleBE(number);
    return Buffer.concat([Buffer.from([0, 0, 0, 8, 1, 2]), body]);
  };
  expect(answers).toEqual(Buffer.concat([sum(3.5), sum(0), sum(-7)]));
  await expect(talk(port, Buffer.from([255, 255, 255, 255, 1, 1]))).rejects.toThrow("ECONNRESET");
};

/** What it says to one who sends `text` and leaves. */
const store: Script = async ({ start }) => {
  const port = await start().port();
  const heard = await talk(port, "put a 5\nhelloget a\r\nget b\nput c 0\nhum\n");
  expect(heard.toString().split("\n")).toEqual([
    ...["stored", "hello", "nothing there", "give 1 to 65536 bytes", "say put or get", ""],
  ]);
  const silent = net.connect({ port, host: "127.0.0.1" });
  const [farewell] = (await once(silent, "data")) as [Buffer];
  expect(farewell.toString()).toBe("you took too long\n");
  silent.destroy();
};

const coroutineClient: Script = async ({ start, prints }) => {
  const server = await echoServer();
  const connected = start(server.port);
  expect(await connected.ended()).toBe(0);
  server.close();
  const refused = start(await freePort());
  expect(await refused.ended()).toBe(0);
  expect([connected.output, refused.output.replace(/:\d+:/, ":9000:")]).toEqual(prints);
};

/** Who is at work may finish, who is idle is ended. */
const coroutineStop: Script = async ({ start }) => {
  const program = start();
  const port = await program.port();
  const idle = net.connect({ port, host: "127.0.0.1" });
  await once(idle, "connect");
  const busy = talk(port, "it\n");
  await program.printed("working on it\n");
  program.interrupt();
  expect((await busy).toString()).toBe("done: it\n");
  expect(await program.ended()).toBe(0);
  expect(program.output).toBe("working on it\nclosed\n");
  idle.destroy();
};

const time: Script = async ({ start }) => {
  const port = await start().port();
  const socket = dgram.createSocket("udp4");
  for (let times = 0; times < 2; times++) {
    socket.send("\n", port, "127.0.0.1");
    const [answer] = (await once(socket, "message")) as [Buffer];
    expect(answer.toString()).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z\n$/);
  }
  socket.close();
};

/** A folder with a certificate for `localhost`, for programs that are started after this. */
function certificates(): void {
  const folder = mkdtempSync(join(tmpdir(), "iomux-docs-"));
  writeFileSync(join(folder, "cert.pem"), local.cert);
  writeFileSync(join(folder, "key.pem"), local.key);
  process.env.CERTIFICATES = folder;
  onTestFinished(() => {
    delete process.env.CERTIFICATES;
    rmSync(folder, { recursive: true });
  });
}

const tlsEcho: Script = async ({ start }) => {
  certificates();
  const program = start();
  const options = { port: await program.port(), ca: authority.cert, host: "localhost" };
  for (const goodbye of [true, false]) {
    const raw = net.connect(options.port, "127.0.0.1");
    const socket = tls.connect({ ...options, socket: raw });
    socket.write("hello");
    expect(String((await once(socket, "data"))[0])).toBe("hello");
    if (goodbye) socket.end();
    else raw.end();
    await program.printed(goodbye ? "it said goodbye\n" : "it was cut off\n");
  }
  expect(program.output).toContain("a peer speaks TLSv1.3\n");
};

const startTls: Script = async ({ start }) => {
  certificates();
  const raw = net.connect(await start().port(), "127.0.0.1");
  const answers: unknown[] = [];
  for (const command of ["", "NOOP\r\n", "STARTTLS\r\n"]) {
    raw.write(command);
    answers.push(String((await once(raw, "data"))[0]));
  }
  expect(answers).toEqual(["220 hello\r\n", "530 STARTTLS first\r\n", "220 go ahead\r\n"]);
  const socket = tls.connect({ socket: raw, ca: authority.cert, host: "localhost" });
  socket.write("NOOP\r\n");
  expect(String((await once(socket, "data"))[0])).toBe("250 ok\r\n");
  socket.destroy();
};

const serveStartTls: Script = async ({ start }) => {
  certificates();
  const raw = net.connect(await start().port(), "127.0.0.1");
  const answers: unknown[] = [];
  for (const command of ["", "NOOP\r\n", "auth tls\r\n"]) {
    raw.write(command);
    answers.push(String((await once(raw, "data"))[0]));
  }
  expect(answers).toEqual(["220 hello\r\n", "534 AUTH TLS first\r\n", "234 go ahead\r\n"]);
  const socket = tls.connect({ socket: raw, ca: authority.cert, host: "localhost" });
  for (const [command, answer] of [
    ["NOOP\r\n", "200 ok\r\n"],
    ["QUIT\r\n", "221 bye\r\n"],
  ] as const) {
    socket.write(command);
    expect(String((await once(socket, "data"))[0])).toBe(answer);
  }
  await once(socket, "end");
};

const files: Script = async ({ start }) => {
  const url = `http://127.0.0.1:${await start().port()}`;
  const answer = await fetch(`${url}/package.json`);
  expect(answer.headers.get("content-type")).toBe("application/json; charset=utf-8");
  expect(await answer.json()).toMatchObject({ name: "iomux" });
  expect(await (await fetch(url)).text()).toContain('<a href="./docs/">docs/</a>');
};

const httpHello: Script = async ({ start }) => {
  const url = `http://127.0.0.1:${await start().port()}`;
  expect(await (await fetch(url)).text()).toBe("Hello, World!\n");
  expect(await (await fetch(`${url}/users/a%20b?page=2`)).json()).toEqual({ id: "a b", page: "2" });
  const sum = await fetch(`${url}/sum`, { method: "POST", body: "[1,2,39]" });
  expect(await sum.text()).toBe("42\n");
};

const ownHosts: Script = async ({ start }) => {
  const port = await start().port();
  const url = `http://127.0.0.1:${port}`;
  expect(await (await fetch(url)).text()).toBe(`You asked for 127.0.0.1:${port}.\n`);
  const rebound = get(url, { headers: { Host: "rebound.example" } });
  const [refused] = (await once(rebound, "response")) as [IncomingMessage];
  expect(refused.statusCode).toBe(421);
  refused.destroy();
};

const news: Script = async ({ start }) => {
  const url = `http://127.0.0.1:${await start().port()}/news`;
  const stream = await fetch(url);
  expect(stream.headers.get("content-type")).toBe("text/event-stream");
  await fetch(url, { method: "POST", body: "two\nlines" });
  for await (const bytes of stream.body as AsyncIterable<Uint8Array>) {
    expect(Buffer.from(bytes).toString()).toBe("event: news\ndata: two\ndata: lines\n\n");
    break;
  }
};

const inspectedEcho: Script = async ({ start }) => {
  const program = start();
  const port = await program.port();
  await program.printed("/\n");
  const [url] = /http:\S+/.exec(program.output)!;
  expect((await talk(port, "hello\n")).toString()).toBe("hello\n");
  expect(await (await fetch(url)).text()).toContain("<title>");
  const socket = net.connect({ port, host: "127.0.0.1" });
  await once(socket, "connect");
  const { descriptors } = (await (await fetch(`${url}api/descriptors`)).json()) as {
    descriptors: readonly { owner: string }[];
  };
  expect(new Set(descriptors.map(({ owner }) => owner))).toEqual(new Set(["echo", "console"]));
  socket.destroy();
};

export const SCRIPTS: Readonly<Record<string, Script>> = {
  echo,
  hello,
  "echo-step": echoStep,
  "echo-backpressure": echo,
  count,
  client,
  "echo-poll": echo,
  async: upperCase,
  stop,
  testing,
  simulation: testing,
  scenario: testing,
  trace: testing,
  "net-echo": echo,
  "net-echo-iomux": echo,
  adopt,
  shout,
  framer: testing,
  "debug-mode": testing,
  metrics: testing,
  descriptors: testing,
  "watch-turns": testing,
  sums,
  time,
  "select-echo": echo,
  child: testing,
  gzip: testing,
  "hand-over": handOver,
  workers: testing,
  "struct-intro": testing,
  "struct-protocol": structProtocol,
  "struct-wav": testing,
  "struct-records": testing,
  "coroutine-echo": echo,
  "coroutine-store": store,
  "coroutine-client": coroutineClient,
  "coroutine-stop": coroutineStop,
  "tls-echo": tlsEcho,
  "start-tls": startTls,
  "serve-start-tls": serveStartTls,
  files,
  "http-hello": httpHello,
  "own-hosts": ownHosts,
  news,
  "inspected-echo": inspectedEcho,
};
