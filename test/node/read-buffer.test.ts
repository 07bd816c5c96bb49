/** Sockets of small messages read into one buffer: nobody can tell but by the speed. */
import net, { type Socket } from "node:net";
import { connect } from "node:tls";
import { inspect } from "node:util";

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { createReactor, createTlsContext, READABLE, type Channel, type Reactor } from "iomux";

import { authority, local } from "../support/certificates.ts";
import { cleanUp, pair, pass, until, type Family } from "../support/raw-pair.ts";
import { pattern, record } from "../support/record.ts";

/** More small reads than it takes. */
const SMALL_READS = 40;
/** As many as it takes. */
const SWITCHES_AT = 16;

let reactor: Reactor;

beforeEach(() => {
  reactor = createReactor({ inputMark: 16 * 1024 });
});

afterEach(async () => {
  reactor.assertInvariants();
  await reactor.close({ drainMs: 0, answerMs: 0 });
});

interface Chatty {
  readonly channel: Channel;
  readonly near: Socket;
  readonly far: Socket;
}

/** A channel that has had many small messages, one after the other, and read them. */
async function chatty(family: Family): Promise<Chatty> {
  const { near, far } = await pair(family);
  const channel = reactor.adopt(near);
  for (let message = 0; message < SMALL_READS; message++) {
    far.write(`${message}.`);
    await until(() => channel.unread > 0);
    expect(channel.read()!.toString()).toBe(`${message}.`);
  }
  expect(readsShared(near)).toBe(true);
  return { channel, near, far };
}

/** Whether its hidden buffer is set, as the option `onread` does. */
function readsShared(socket: Socket): boolean {
  const key = Object.getOwnPropertySymbols(socket).find((s) => s.description === "kBuffer")!;
  return Boolean((socket as unknown as Record<symbol, unknown>)[key]);
}

async function readAll(channel: Channel, length: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let held = 0;
  await until(() => {
    for (let bytes = channel.read(); bytes !== null; bytes = channel.read()) {
      chunks.push(bytes);
      held += bytes.length;
    }
    return held >= length;
  });
  return Buffer.concat(chunks);
}

describe.each(["tcp", "unix"] as const)("a socket of small messages (%s)", (family) => {
  it("one that has had few, or large ones, reads as Node does", async () => {
    const { near, far } = await pair(family);
    const channel = reactor.adopt(near);
    const total = 3_000_000;
    far.write(pattern(total));
    expect((await readAll(channel, total)).equals(pattern(total))).toBe(true);
    far.write("small");
    expect((await readAll(channel, 5)).toString()).toBe("small");
    expect(readsShared(near)).toBe(false);
  });

  it("what was read stays as it was, whatever others read after it", async () => {
    const some = [await chatty(family), await chatty(family), await chatty(family)];
    const kept: { bytes: Buffer; text: string }[] = [];
    for (let message = 0; message < 300; message++) {
      const { channel, far } = some[message % some.length]!;
      const text = `${message} `.repeat(1 + (message % 50));
      far.write(text);
      kept.push({ bytes: await readAll(channel, text.length), text });
    }
    for (const { bytes, text } of kept) expect(bytes.toString()).toBe(text);
  });

  it("large pieces, and then small ones again, come whole and in order", async () => {
    const { channel, far } = await chatty(family);
    for (const total of [1, 1024, 1025, 65_535, 65_536, 65_537, 2_000_000, 3]) {
      far.write(pattern(total));
      expect((await readAll(channel, total)).equals(pattern(total))).toBe(true);
    }
  });

  it("reading stops at the input mark, and goes on below it", async () => {
    const { channel, far } = await chatty(family);
    const total = 20_000_000;
    far.write(pattern(total));
    await until(() => far.writableLength > 0 && channel.unread >= 16 * 1024);
    for (let turn = 0; turn < 20; turn++) await pass();
    expect(channel.unread).toBeLessThanOrEqual(16 * 1024 + 64 * 1024);
    expect((await readAll(channel, total)).equals(pattern(total))).toBe(true);
  });

  it("the end is told once, after the bytes before it", async () => {
    const { channel, far } = await chatty(family);
    const { log } = record(reactor, channel);
    far.end("last");
    await until(() => channel.ended);
    expect(log.filter((line) => line.includes("end"))).toHaveLength(1);
    expect(channel.endConfirmed).toBe(family === "tcp");
  });

  it("given back, it is a plain socket: reads, ends, and may be adopted again", async () => {
    const { channel, near, far } = await chatty(family);
    far.write("unread");
    await until(() => channel.unread === 6);
    expect(await channel.release()).toBe(near);
    let text = "";
    near.setEncoding("utf8");
    near.on("data", (chunk: string) => (text += chunk));
    near.resume();
    far.write(" and more");
    await until(() => text === "unread and more");

    const other = await chatty(family);
    const again = reactor.adopt((await other.channel.release()) as Socket);
    other.far.end("again");
    expect((await readAll(again, 5)).toString()).toBe("again");
  });

  it("a paused iterator of the socket that was given back bounds what Node holds", async () => {
    const { channel, near, far } = await chatty(family);
    await channel.release();
    far.write(pattern(8_000_000));
    near.read(0);
    await until(() => near.readableLength > 0);
    for (let turn = 0; turn < 50; turn++) await pass();
    expect(near.readableLength).toBeLessThan(1_000_000);
    const chunks: Buffer[] = [];
    let held = 0;
    for await (const chunk of near) {
      chunks.push(chunk as Buffer);
      held += (chunk as Buffer).length;
      if (held === 8_000_000) break;
    }
    expect(Buffer.concat(chunks).equals(pattern(8_000_000))).toBe(true);
  });
});

it("a reset is an error, also behind bytes that came with it", async () => {
  const { channel, far } = await chatty("tcp");
  far.write("before");
  far.resetAndDestroy();
  await until(() => channel.state === "failed");
  expect(channel.error).toMatchObject({ code: "ECONNRESET" });
});

it("startTls on it: what comes is decrypted, and reads as Node does", async () => {
  const { channel, far } = await chatty("tcp");
  reactor.startTls(channel, { server: createTlsContext(local) });
  const secure = connect({ socket: far, host: "localhost", ca: authority.cert });
  await until(() => channel.state === "open" && secure.authorized);
  for (const text of ["small", "x".repeat(100_000), "again"]) {
    secure.write(text);
    expect((await readAll(channel, text.length)).toString()).toBe(text);
  }
  for (let message = 0; message < SMALL_READS; message++) {
    secure.write(`${message}.`);
    await until(() => channel.unread > 0);
    expect(channel.read()!.toString()).toBe(`${message}.`);
  }
  expect(readsShared((await channel.release()) as Socket)).toBe(false);
});

it("a message keeps 8 KiB alive at most, of which nobody is robbed by a transfer", async () => {
  const { poolSize } = Buffer;
  cleanUp.push(() => (Buffer.poolSize = poolSize));
  // As in Node 24; it holds from the next pool on.
  Buffer.poolSize = 64 * 1024;
  while (Buffer.allocUnsafe(1024).buffer.byteLength < 64 * 1024);
  const { channel, far } = await chatty("tcp");
  for (const size of [1, 100, 1024, 1025, 5000]) {
    far.write(pattern(size));
    await until(() => channel.unread === size);
    const bytes = channel.read()!;
    expect(bytes.buffer.byteLength).toBeLessThanOrEqual(8 * 1024);
    if (size > 1024) {
      expect(bytes.buffer.byteLength).toBe(size);
      continue;
    }
    try {
      structuredClone(0, { transfer: [bytes.buffer as ArrayBuffer] });
    } catch (error) {
      expect(error).toMatchObject({ name: "DataCloneError" });
    }
    expect(bytes.equals(pattern(size))).toBe(true);
  }
});

it("a message is aligned, as in Node's pool, and its own", async () => {
  const { channel, far } = await chatty("tcp");
  for (let message = 0; message < 5; message++) {
    far.write("odd");
    await until(() => channel.unread === 3);
    const bytes = channel.read()!;
    expect(bytes.byteOffset % 8).toBe(0);
    bytes.fill(0);
  }
});

it("whoever prints a socket does not see what another one has read", async () => {
  const { near } = await chatty("tcp");
  const { channel, far } = await chatty("tcp");
  far.write("zyzzyva");
  await readAll(channel, 7);
  const printed = inspect(near, { depth: 3 });
  expect(printed).toContain("the read buffer of iomux");
  expect(printed).not.toContain(Buffer.from("zyzz").toString("hex").match(/../g)!.join(" "));
});

it("what another copy of the library has given back can be adopted", async () => {
  vi.resetModules();
  const copy = await import("iomux");
  expect(copy.createReactor).not.toBe(createReactor);
  await using other = copy.createReactor();
  const { channel, near, far } = await chatty("tcp");
  const useUserBuffer = vi.fn();
  Object.assign((near as unknown as { _handle: object })._handle, { useUserBuffer });
  const theirs = other.adopt((await channel.release()) as Socket);
  for (let message = 0; message < SMALL_READS; message++) {
    far.write(`${message}.`);
    await until(() => theirs.unread > 0);
    expect(theirs.read()!.toString()).toBe(`${message}.`);
  }
  const back = reactor.adopt((await theirs.release()) as Socket);
  far.write("again");
  expect((await readAll(back, 5)).toString()).toBe("again");
  expect(useUserBuffer).not.toHaveBeenCalled();
});

it("startTls within the read that makes it one of small messages", async () => {
  // Every read begins a turn, within the call in which Node tells of it.
  await using eager = createReactor({ turnBytes: 1 });
  const { near, far } = await pair("tcp");
  const channel = eager.adopt(near);
  let reads = 0;
  eager.register(channel, READABLE, () => {
    if (channel.read() !== null && ++reads === SWITCHES_AT) {
      eager.startTls(channel, { server: createTlsContext(local) });
    }
  });
  while (reads < SWITCHES_AT) {
    const before = reads;
    far.write("small");
    await until(() => reads > before);
  }
  const secure = connect({ socket: far, host: "localhost", ca: authority.cert });
  secure.write("secret");
  await until(() => reads > SWITCHES_AT);
  expect(secure.authorized).toBe(true);
});

it("given back, and read from in small parts, Node holds no more than its mark", async () => {
  const { channel, near, far } = await chatty("tcp");
  await channel.release();
  const total = 8_000_000;
  far.write(pattern(total));
  const parts: Buffer[] = [];
  near.read(0);
  await until(() => near.readableLength > 0);
  for (let part = 0; part < 100; part++) {
    parts.push(near.read(100) as Buffer);
    await pass();
    expect(near.readableLength).toBeLessThan(300_000);
  }
  let held = 100 * 100;
  await until(() => {
    for (let part = near.read() as Buffer | null; part !== null; part = near.read() as Buffer) {
      parts.push(part);
      held += part.length;
    }
    return held >= total;
  });
  expect(Buffer.concat(parts).equals(pattern(total))).toBe(true);
});

it("adopting one that was made with `onread` is refused, before and after", async () => {
  await chatty("tcp");
  const { port } = (await reactor.listen({ port: 0 })).localAddress as { port: number };
  const onread = { buffer: Buffer.alloc(10), callback: () => true };
  const socket = net.connect({ port, host: "127.0.0.1", onread });
  socket.on("error", () => undefined);
  cleanUp.push(() => socket.destroy());
  await until(() => !socket.connecting);
  expect(() => reactor.adopt(socket)).toThrow(/onread/);
});
