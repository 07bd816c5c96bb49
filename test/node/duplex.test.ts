/** Promises 17 to 22, 27 on zlib, files and other streams that are no sockets. */
import { createHash, randomBytes } from "node:crypto";
import { createReadStream, createWriteStream, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Duplex, PassThrough, Readable, Writable } from "node:stream";
import { createGunzip, createGzip, gzipSync } from "node:zlib";

import { afterAll, describe, expect, it } from "vitest";

import { createReactor, formatMask, READABLE, WRITABLE, type Channel, type Reactor } from "iomux";

import { pass, until } from "../support/raw-pair.ts";
import { pattern, record } from "../support/record.ts";

const folder = mkdtempSync(join(tmpdir(), "iomux-duplex-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Writes all of `bytes` as there is room, then ends our side. */
function feed(channel: Channel, bytes: Buffer): () => void {
  let sent = 0;
  return () => {
    sent += channel.write(bytes.subarray(sent, sent + channel.room));
    if (sent === bytes.length) channel.shutdown();
  };
}

/** Sends `bytes` through `stream` by one registration, and answers what came out. */
async function through(reactor: Reactor, stream: Duplex, bytes: Buffer): Promise<Channel & Out> {
  const out: Buffer[] = [];
  const channel = reactor.adopt(stream);
  const step = feed(channel, bytes);
  let most = 0;
  reactor.register(channel, READABLE | WRITABLE, (_, ready) => {
    most = Math.max(most, channel.unread);
    if ((ready & READABLE) !== 0) out.push(channel.read() ?? Buffer.alloc(0));
    if ((ready & WRITABLE) !== 0) step();
  });
  await until(() => channel.state === "closed");
  return Object.assign(channel, { out: Buffer.concat(out), most });
}

interface Out {
  readonly out: Buffer;
  /** The most that was unread. */
  readonly most: number;
}

function hash(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

describe("zlib", () => {
  it("18 to 20: megabytes there and back; the end after our shutdown is confirmed", async () => {
    await using reactor = createReactor();
    const plain = Buffer.concat([pattern(3_000_000), randomBytes(3_000_000)]);
    const packed = await through(reactor, createGzip(), plain);
    expect([packed.error, packed.ended, packed.endConfirmed]).toEqual([null, true, true]);
    const back = await through(reactor, createGunzip(), packed.out);
    expect([back.error, back.endConfirmed, hash(back.out)]).toEqual([null, true, hash(plain)]);
  });

  it("19: a bomb is unpacked no faster than it is read", async () => {
    await using reactor = createReactor();
    const bomb = gzipSync(Buffer.alloc(100_000_000));
    const stream = createGunzip();
    const channel = reactor.adopt(stream);
    channel.write(bomb);
    const { inputMark } = reactor.limits;
    await until(() => channel.unread >= inputMark);
    for (let i = 0; i < 50; i++) await pass();
    expect(channel.unread).toBeLessThan(inputMark + 16_384);
    expect(stream.readableLength).toBeLessThanOrEqual(2 * 16_384);
    // The write is still in flight: what was unpacked has nowhere to go.
    expect(channel.queued).toBe(bomb.length);
    channel.shutdown();
    let read = 0;
    reactor.register(channel, READABLE, () => {
      read += channel.read()?.length ?? 0;
    });
    await until(() => channel.state === "closed");
    expect([read, channel.error]).toEqual([100_000_000, null]);
  });

  it("20, 22: input that is corrupt is ERROR, with what came before it; one that is cut off too", async () => {
    await using reactor = createReactor();
    const plain = pattern(300_000);
    const packed = gzipSync(plain);
    const wrong = Buffer.from(packed);
    wrong[wrong.length - 6]! ^= 0xff; // the checksum
    for (const [bytes, code] of [
      [wrong, "Z_DATA_ERROR"],
      [packed.subarray(0, packed.length - 10), "Z_BUF_ERROR"],
    ] as const) {
      const channel = await through(reactor, createGunzip(), bytes);
      expect(channel.error).toMatchObject({ code });
      expect(channel.error!.message).toMatch(/^the Gunzip: .* \(Z_\w+\)$/);
      expect(channel.out.equals(plain.subarray(0, channel.out.length))).toBe(true);
      expect(channel.ended).toBe(false);
    }
  });

  it("27: released in the middle, with bytes unread, it is piped on", async () => {
    await using reactor = createReactor();
    const plain = randomBytes(500_000);
    const stream = createGunzip();
    const channel = reactor.adopt(stream);
    channel.write(gzipSync(plain).subarray(0, 250_000));
    await until(() => channel.unread >= reactor.limits.inputMark);
    const head = channel.read(10_000)!;
    const released = channel.release();
    // Its input is stuck behind its output: whoever goes on reading gets that going.
    expect(channel.state).toBe("closing");
    const rest: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => rest.push(chunk)).resume();
    expect(await released).toBe(stream);
    stream.end(gzipSync(plain).subarray(250_000));
    await until(() => stream.readableEnded);
    expect(hash(Buffer.concat([head, ...rest]))).toBe(hash(plain));
  });
});

describe("files", () => {
  it("18: one is written with bounded memory, and whole when it is closed", async () => {
    await using reactor = createReactor();
    const path = join(folder, "written");
    const channel = reactor.adopt(createWriteStream(path));
    const bytes = pattern(3_000_000);
    const step = feed(channel, bytes);
    const seen = new Set<string>();
    reactor.register(channel, WRITABLE, (_, ready) => {
      seen.add(formatMask(ready));
      step();
    });
    expect(await channel.closed).toBe(null);
    expect([...seen]).toEqual(["WRITABLE", "HANGUP"]);
    expect(readFileSync(path).equals(bytes)).toBe(true);
    expect(channel.bytesOut).toBe(bytes.length);
  });

  it.each([
    ["/dev/full", "ENOSPC"],
    [folder, "EISDIR"],
    [join(folder, "no", "where"), "ENOENT"],
  ])("22: %s cannot be written: ERROR with %s, once", async (path, code) => {
    await using reactor = createReactor();
    const seen: string[] = [];
    const stream = createWriteStream(path);
    const { descriptor: channel } = reactor.register(stream, WRITABLE, (given, ready) => {
      seen.push(formatMask(ready));
      given.write(Buffer.from("x"));
    });
    await until(() => channel.state === "closed");
    expect(channel.error).toMatchObject({ code });
    expect(channel.error!.message).toMatch(
      new RegExp(`^writing to ${path}: ${code}: .*${code}\\)$`),
    );
    expect(seen.filter((mask) => mask !== "WRITABLE")).toEqual(["ERROR|HANGUP"]);
    await until(() => stream.destroyed);
  });

  it("22: a folder cannot be read: ERROR with EISDIR", async () => {
    await using reactor = createReactor();
    const { log } = record(reactor, reactor.adopt(createReadStream(folder)));
    await until(() => log.length > 0);
    expect(log).toEqual(["ERROR|HANGUP EISDIR"]);
  });

  it("27: one that is read is released in the middle, and read on", async () => {
    await using reactor = createReactor();
    const path = join(folder, "read");
    writeFileSync(path, pattern(500_000));
    const stream = createReadStream(path);
    const channel = reactor.adopt(stream);
    await until(() => channel.unread >= reactor.limits.inputMark);
    const pieces = [channel.read(7)!];
    expect(await channel.release()).toBe(stream);
    expect([stream.isPaused(), stream.listenerCount("data")]).toEqual([true, 0]);
    for await (const chunk of stream) pieces.push(chunk as Buffer);
    expect(Buffer.concat(pieces).equals(pattern(500_000))).toBe(true);
  });
});

describe("any Duplex", () => {
  it("17: what a stream keeps of what was written is its own", async () => {
    await using reactor = createReactor();
    const channel = reactor.adopt(new PassThrough());
    const large = Buffer.alloc(5000, "a");
    for (let i = 0; i < 20; i++) {
      channel.write(Buffer.alloc(100, 48 + i));
      channel.write(large);
      await until(() => channel.queued === 0);
      large.fill("b");
      expect(channel.read(100)!.equals(Buffer.alloc(100, 48 + i))).toBe(true);
      expect(Buffer.concat([channel.read()!]).equals(Buffer.alloc(5000, "a"))).toBe(true);
      large.fill("a");
    }
  });

  it("21: its two sides end apart, whichever ends first", async () => {
    await using reactor = createReactor();
    const written: string[] = [];
    const make = (): Duplex =>
      new Duplex({
        allowHalfOpen: false,
        read() {},
        write(chunk: Buffer, _, done) {
          written.push(chunk.toString());
          done();
        },
      });
    const first = make();
    const one = reactor.adopt(first);
    const { log } = record(reactor, one);
    first.push("last");
    first.push(null);
    await until(() => one.ended);
    expect([log, one.endConfirmed, one.state]).toEqual([
      ['READABLE "last"', "READABLE end"],
      true,
      "open",
    ]);
    one.write(Buffer.from("still written"));
    one.close();
    expect(await one.closed).toBe(null);
    expect([written, first.destroyed]).toEqual([["still written"], true]);

    const second = make();
    const two = reactor.adopt(second);
    const other = record(reactor, two);
    two.shutdown();
    await until(() => second.writableFinished);
    second.push("still read");
    second.push(null);
    await until(() => two.state === "closed");
    expect([other.log.join(), two.error, two.endConfirmed]).toEqual([
      'READABLE "still read",READABLE end,HANGUP',
      null,
      true,
    ]);
  });

  it("18: one write is in flight; only its completion lowers queued", async () => {
    await using reactor = createReactor({ flushBytes: 1000 });
    const pieces: [number, () => void][] = [];
    const stream = new Writable({
      highWaterMark: 10_000_000,
      write(chunk: Buffer, _, done) {
        pieces.push([chunk.length, done]);
      },
    });
    const channel = reactor.adopt(stream);
    channel.write(Buffer.alloc(2500));
    for (let i = 0; i < 5; i++) await pass();
    expect([pieces.length, channel.queued]).toEqual([1, 2500]);
    for (const left of [1500, 500, 0]) {
      pieces.at(-1)![1]();
      await until(() => channel.queued === left);
      for (let i = 0; i < 5; i++) await pass();
    }
    expect(pieces.map(([size]) => size)).toEqual([1000, 1000, 500]);
    channel.close();
    expect(await channel.closed).toBe(null);
  });

  it.each<[string, (stream: Duplex) => unknown, string]>([
    ["is destroyed outside of the reactor", (stream) => stream.destroy(), "ECONNABORTED"],
    ["is ended outside of the reactor", (stream) => stream.end(), "ECONNABORTED"],
    ["fails", (stream) => stream.destroy(new Error("broken")), "EIO"],
  ])("22: one that %s is lost, once", async (_, end, code) => {
    await using reactor = createReactor();
    const stream = new Duplex({ read() {}, write() {} });
    const { log } = record(reactor, reactor.adopt(stream));
    end(stream);
    await until(() => log.length > 0);
    for (let i = 0; i < 5; i++) await pass();
    expect([log, stream.destroyed]).toEqual([[`ERROR|HANGUP ${code}`], true]);
  });

  it("22: what a stream held back when it failed is read first", async () => {
    await using reactor = createReactor({ inputMark: 1 });
    const stream = new Duplex({ read() {}, write() {} });
    const channel = reactor.adopt(stream);
    stream.push("told ");
    await until(() => channel.unread > 0);
    stream.push("held ");
    stream.push("back");
    await pass();
    expect([channel.unread, stream.readableLength]).toEqual([5, 9]);
    stream.destroy(new Error("broken"));
    const { log, bytes } = record(reactor, channel);
    await until(() => channel.state === "closed");
    expect([bytes().toString(), log.at(-1)]).toEqual(["told held back", "ERROR|HANGUP EIO"]);
  });

  it("22: one whose write throws is lost with that error, and nobody else is", async () => {
    await using reactor = createReactor();
    const stream = new Writable({
      write() {
        throw Object.assign(new Error("no"), { code: "EAGAIN" });
      },
    });
    const channel = reactor.adopt(stream);
    channel.write(Buffer.from("x"));
    await until(() => channel.state === "failed");
    expect(channel.error).toMatchObject({ code: "EAGAIN" });
  });

  it("22: one that does not tell that it is closed ends all the same", async () => {
    await using reactor = createReactor();
    const stream = new PassThrough({ emitClose: false, autoDestroy: false });
    const { error, out } = await through(reactor, stream, Buffer.from("hello"));
    expect([error, out.toString(), stream.destroyed]).toEqual([null, "hello", true]);
  });

  it("27: released, nothing of ours is on it, and it is as it was", async () => {
    await using reactor = createReactor();
    const stream = new PassThrough({ allowHalfOpen: false });
    const listeners = (): unknown =>
      [...stream.eventNames()].map((name) => [name, stream.listenerCount(name)]);
    const symbols = (): unknown => Object.getOwnPropertySymbols(stream).filter(isSet(stream));
    const before = [listeners(), symbols(), stream.allowHalfOpen];
    for (let cycle = 0; cycle < 20; cycle++) {
      const channel = reactor.adopt(stream);
      expect(stream.allowHalfOpen).toBe(true);
      channel.write(Buffer.from(`${cycle} `));
      expect(await channel.release()).toBe(stream);
      expect([listeners(), symbols(), stream.allowHalfOpen]).toEqual(before);
    }
    const { out } = await through(reactor, stream, Buffer.from("end"));
    expect(out.toString()).toBe(`${[...Array(20).keys()].join(" ")} end`);
  });

  it("27: a Readable is released after its end was read", async () => {
    await using reactor = createReactor();
    const stream = Readable.from([Buffer.from("x")], { objectMode: false });
    const channel = reactor.adopt(stream);
    const { log } = record(reactor, channel);
    await until(() => log.length === 2);
    expect(await channel.release()).toBe(stream);
    expect(stream.readableEnded).toBe(true);
  });
});

function isSet(stream: object): (name: symbol) => boolean {
  return (name) => (stream as Record<symbol, unknown>)[name] !== undefined;
}
