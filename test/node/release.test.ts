/** `release()` of real sockets, and plain Node that goes on: pipes, HTTP, data and iterators. */
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import net from "node:net";
import { PassThrough } from "node:stream";

import { expect, it } from "vitest";

import { createReactor, READABLE } from "iomux";

import { cleanUp, pair, pass, until } from "../support/raw-pair.ts";
import { pattern } from "../support/record.ts";

it.each(["tcp", "unix"] as const)(
  "in the middle of a flood, then pipe(): every byte is accounted for (%s)",
  async (family) => {
    await using reactor = createReactor();
    const { near, far } = await pair(family);
    const total = 8_000_000;
    const flood = pattern(total);
    far.end(flood);
    const hash = createHash("sha256");
    let seen = 0;
    const note = (chunk: Buffer): void => {
      hash.update(chunk);
      seen += chunk.length;
    };
    let enough = false;
    const { descriptor: channel } = reactor.register(near, READABLE, (given, _, registration) => {
      note(given.read(100_000)!);
      enough = seen > 1_000_000;
      if (enough) registration.pause();
    });
    await until(() => enough && channel.unread > 0);
    expect(await channel.release()).toBe(near);
    const sink = new PassThrough();
    sink.on("data", note);
    near.pipe(sink);
    await until(() => sink.readableEnded);
    expect([seen, hash.digest("hex")]).toEqual([
      total,
      createHash("sha256").update(flood).digest("hex"),
    ]);
  },
);

it("twenty times released and adopted, with traffic both ways: nothing of ours stays on it", async () => {
  await using reactor = createReactor();
  const { near, far } = await pair("tcp");
  const listeners = (): unknown => near.eventNames().map((name) => near.listenerCount(name));
  const before = [listeners(), Object.hasOwn(near, "push")];
  let heard = "";
  let said = "";
  far.on("data", (chunk) => (heard += chunk.toString()));
  for (let cycle = 0; cycle < 20; cycle++) {
    const channel = reactor.adopt(near);
    far.write(`${cycle} `);
    await until(() => channel.unread > 0);
    // Every other one goes back unread.
    if (cycle % 2 === 0) said += channel.read()!.toString();
    channel.write(Buffer.from(`${cycle} `));
    expect(await channel.release()).toBe(near);
    expect([listeners(), Object.hasOwn(near, "push")]).toEqual(before);
    if (cycle % 2 === 1) {
      near.once("data", (chunk) => (said += chunk.toString()));
      near.resume();
      await until(() => near.readableLength === 0 && said.endsWith(`${cycle} `));
      near.pause();
    }
  }
  const numbers = `${[...Array(20).keys()].join(" ")} `;
  await until(() => heard.length === numbers.length);
  expect([said, heard]).toEqual([numbers, numbers]);
});

it("after a read stop at the mark, plain reading goes on by itself", async () => {
  await using reactor = createReactor({ inputMark: 1000 });
  const { near, far } = await pair("tcp");
  const total = 3_000_000;
  far.end(pattern(total));
  const channel = reactor.adopt(near);
  await until(() => channel.unread >= 1000);
  for (let i = 0; i < 10; i++) await pass();
  await channel.release();
  const pieces: Buffer[] = [];
  for await (const chunk of near) pieces.push(chunk as Buffer);
  expect(Buffer.concat(pieces).equals(pattern(total))).toBe(true);
});

it("an accepted connection goes to an HTTP server, with the request that was unread", async () => {
  await using reactor = createReactor();
  const http = createServer((request, response) => {
    response.end(`you asked for ${request.url}`);
  });
  const listener = await reactor.listen({ port: 0 });
  reactor.register(listener, READABLE, () => {
    reactor.register(listener.accept()!, READABLE, async (channel) => {
      expect(channel.peek()!.toString()).toContain("GET /one");
      const socket = (await channel.release()) as net.Socket;
      http.emit("connection", socket);
      socket.resume();
    });
  });
  const { port } = listener.localAddress as { port: number };
  for (const page of ["/one", "/one/more"]) {
    const answer = await fetch(`http://127.0.0.1:${port}${page}`, {
      headers: { connection: "close" },
    });
    expect(await answer.text()).toBe(`you asked for ${page}`);
  }
  http.close();
});

it("allowHalfOpen is what it was: a plain socket ends itself when its peer does", async () => {
  await using reactor = createReactor();
  const { near, far } = await pair("tcp", { allowHalfOpen: false });
  const channel = reactor.adopt(near);
  expect(near.allowHalfOpen).toBe(true);
  await channel.release();
  expect(near.allowHalfOpen).toBe(false);
  near.resume();
  far.end();
  await until(() => near.destroyed);
});

it("errors after it are the plain socket's", async () => {
  await using reactor = createReactor();
  const { near, far } = await pair("tcp");
  await reactor.adopt(near).release();
  const codes: unknown[] = [];
  near.on("error", (error: NodeJS.ErrnoException) => codes.push(error.code));
  near.resume();
  far.resetAndDestroy();
  await until(() => codes.length > 0);
  expect([codes, reactor.stats().open]).toEqual([["ECONNRESET"], 0]);
});

it("a channel that we connected gives a net.Socket", async () => {
  await using reactor = createReactor();
  const server = net.createServer((socket) => socket.pipe(socket));
  cleanUp.push(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as net.AddressInfo;
  const channel = reactor.connect({ port });
  await until(() => channel.state === "open");
  channel.write(Buffer.from("one "));
  const socket = (await channel.release()) as net.Socket;
  expect(socket).toBeInstanceOf(net.Socket);
  let text = "";
  socket.on("data", (chunk) => (text += chunk.toString()));
  socket.end("two");
  socket.resume();
  await until(() => socket.closed);
  expect(text).toBe("one two");
});
