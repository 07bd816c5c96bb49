/** Promise 27: Node's Readables that are no sockets, and what of them is refused. */
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Duplex, PassThrough, Readable, Writable, type DuplexOptions } from "node:stream";

import { afterAll, describe, expect, it } from "vitest";

import { createReactor, READABLE, type Channel, type Reactor } from "iomux";

import { thrownBy } from "../support/crowd.ts";
import { pretendStdin } from "../support/inputs.ts";
import { pass, until } from "../support/raw-pair.ts";
import { pattern, record } from "../support/record.ts";

const folder = mkdtempSync(join(tmpdir(), "iomux-streams-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function file(bytes: Buffer | string): string {
  const path = join(folder, "input");
  writeFileSync(path, bytes);
  return path;
}

/** A stream of these pieces. */
function made(pieces: Iterable<Buffer | string>): Readable {
  return Readable.from(pieces, { objectMode: false });
}

/** One that never says anything by itself. */
function silent(): Readable {
  return new Readable({ read() {} });
}

function adoptAll(reactor: Reactor, stream: Readable): { channel: Channel; text: () => string } {
  const channel = reactor.adopt(stream);
  const { bytes } = record(reactor, channel);
  return { channel, text: () => bytes().toString() };
}

describe("27: a Readable is adopted", () => {
  it("a file is read to its end, and destroyed when its channel closes", async () => {
    await using reactor = createReactor();
    const stream = createReadStream(file(pattern(300_000)), { emitClose: true, autoClose: false });
    const channel = reactor.adopt(stream);
    const { bytes, log } = record(reactor, channel);
    await until(() => channel.ended);
    expect(bytes().equals(pattern(300_000))).toBe(true);
    expect([log.at(-1), channel.endConfirmed]).toEqual(["READABLE end", true]);
    expect([stream.destroyed, channel.write(Buffer.from("x")), channel.room]).toEqual([
      false,
      0,
      0,
    ]);
    expect(reactor.explain(channel).text).toContain(`channel ${stream.path as string}`);
    channel.close();
    expect(channel.state).toBe("closed");
    await until(() => stream.destroyed);
  });

  it.each(["close", "abort"] as const)("%s() in the middle destroys it", async (end) => {
    await using reactor = createReactor({ inputMark: 1000 });
    const stream = createReadStream(file(pattern(300_000)));
    const channel = reactor.adopt(stream);
    await until(() => channel.unread > 0);
    channel[end]();
    await until(() => stream.destroyed);
    expect(stream.bytesRead).toBeLessThan(300_000);
    expect(() => reactor.adopt(stream)).toThrow(
      expect.objectContaining({ code: "IOMUX_CANNOT_ADOPT" }) as Error,
    );
  });

  it("bytes made by a program, strings among them, arrive as bytes", async () => {
    await using reactor = createReactor();
    const { channel, text } = adoptAll(reactor, made(["one ", Buffer.from("two "), "drei ü"]));
    await until(() => channel.ended);
    expect(text()).toBe("one two drei ü");
  });

  it("what its buffer holds, and an end that was not told yet, are kept", async () => {
    await using reactor = createReactor();
    const stream = silent();
    stream.push("buffered");
    stream.push(null);
    const { channel, text } = adoptAll(reactor, stream);
    expect(text()).toBe("");
    await until(() => channel.ended);
    expect(text()).toBe("buffered");
  });

  it("setEncoding() of an adopted one is an error that says so, and read() answers no string", async () => {
    await using reactor = createReactor();
    const stream = new PassThrough();
    const channel = reactor.adopt(stream);
    stream.setEncoding("utf8");
    stream.write("hello");
    await until(() => channel.state === "failed");
    expect(channel.read()).toBeNull();
    expect(channel.error).toMatchObject({ code: "IOMUX_BAD_ARGUMENT" });
    expect(channel.error!.message).toContain("setEncoding() was called after it was adopted");
    expect(stream.destroyed).toBe(true);
  });

  it("strings that an adopted one still held when it failed are not handed on either", async () => {
    await using reactor = createReactor();
    const stream = new PassThrough();
    const channel = reactor.adopt(stream);
    stream.pause();
    stream.setEncoding("utf8");
    stream.write("hello");
    stream.emit("error", new Error("broken"));
    await until(() => channel.state === "failed");
    expect(channel.read()).toBeNull();
    expect(channel.error!.message).toContain("setEncoding()");
  });

  it("close() of the reactor says what a stream that is cut off is called", async () => {
    const reactor = createReactor();
    class Stuck extends Writable {
      override _write(): void {}
    }
    const channel = reactor.adopt(new Stuck());
    channel.write(Buffer.from("hello"));
    const { cutOff } = await reactor.close({ drainMs: 0 });
    expect(cutOff).toEqual([{ fd: channel.fd, queued: 5, peer: "the Stuck" }]);
  });

  it("19: one that has much is asked for no more than the input mark", async () => {
    await using reactor = createReactor({ inputMark: 10_000 });
    let asked = 0;
    const stream = new Readable({
      highWaterMark: 1000,
      read() {
        asked++;
        this.push(Buffer.alloc(1000));
      },
    });
    const channel = reactor.adopt(stream);
    await until(() => channel.unread >= 10_000);
    for (let i = 0; i < 20; i++) await pass();
    expect(asked).toBeLessThan(20);
    while (channel.unread > 0) channel.read();
    await until(() => channel.unread >= 10_000);
    expect(asked).toBeGreaterThan(20);
  });

  it("22: its failure is told after its bytes, with its code and its cause", async () => {
    await using reactor = createReactor();
    const stream = silent();
    const channel = reactor.adopt(stream);
    stream.push("came before");
    const cause = Object.assign(new Error("broken"), { code: "EIO" });
    await until(() => channel.unread > 0);
    stream.destroy(cause);
    const { log } = record(reactor, channel);
    await until(() => channel.state === "closed");
    expect(log).toEqual(['READABLE "came before"', "ERROR|HANGUP EIO"]);
    expect(channel.error).toMatchObject({ message: "reading the stream: broken (EIO)", cause });
  });

  it("22: a file that is not there is told, with the system's code", async () => {
    await using reactor = createReactor();
    const path = join(folder, "nowhere");
    const { log } = record(reactor, reactor.adopt(createReadStream(path)));
    await until(() => log.length > 0);
    expect(log).toEqual(["ERROR|HANGUP ENOENT"]);
  });

  it("22: one that never destroys itself is destroyed when it has failed", async () => {
    await using reactor = createReactor();
    const stream = new Readable({ read() {}, autoDestroy: false });
    const channel = reactor.adopt(stream);
    stream.emit("error", new Error("broken"));
    expect([channel.state, stream.destroyed]).toEqual(["failed", true]);
  });

  it("22: one that is destroyed outside of the reactor is lost, and says so once", async () => {
    await using reactor = createReactor();
    const stream = silent();
    const { log } = record(reactor, reactor.adopt(stream));
    stream.destroy();
    await until(() => log.length > 0);
    expect(log).toEqual(["ERROR|HANGUP ECONNABORTED"]);
  });

  it("22: errors that come after close() are nobody's", async () => {
    await using reactor = createReactor();
    const stream = new Readable({
      read() {},
      destroy(_, done) {
        done(new Error("cannot be closed"));
      },
    });
    reactor.adopt(stream).close();
    await until(() => stream.destroyed);
    await pass();
  });

  it("11: a handler that throws costs it its life: it is no standard input", async () => {
    const errors: Error[] = [];
    await using reactor = createReactor({
      slowHandlerMs: Infinity,
      onError: (error) => errors.push(error),
    });
    const stream = silent();
    stream.push("bytes");
    const registration = reactor.register(stream, READABLE, () => {
      throw new Error("broken");
    });
    await until(() => stream.destroyed);
    expect(registration.descriptor.error).toMatchObject({ message: "broken" });
    expect(errors).toHaveLength(1);
  });
});

type Obstruct = (stream: Readable) => unknown;

const OBSTACLES: readonly (readonly [string, Obstruct, RegExp])[] = [
  ["is destroyed", (stream) => stream.destroy(), /destroyed/],
  [
    "has failed",
    (stream) => stream.on("error", () => undefined).destroy(new Error("its cause")),
    /failed: its cause/,
  ],
  ["has a data listener", (stream) => stream.on("data", () => undefined), /"data"/],
  ["has a paused data listener", (stream) => stream.pause().on("data", () => {}), /"data"/],
  ["has a readable listener", (stream) => stream.on("readable", () => undefined), /"readable"/],
  ["gives strings", (stream) => stream.setEncoding("utf8"), /setEncoding/],
  ["is piped into something", (stream) => stream.pipe(new PassThrough()), /"data"/],
  ["is flowing", (stream) => stream.resume(), /dropped/],
  [
    "was read to its end",
    async (stream) => {
      stream.push(null);
      stream.resume();
      await until(() => stream.readableEnded);
    },
    /end was read/,
  ],
];

/** A stream that stays as it is when it has ended. */
function obstructed(): Readable {
  return new Readable({ read() {}, autoDestroy: false });
}

describe.each([
  ["a Readable", (stream: Readable) => stream, "cannot adopt the stream"],
  ["stdin", pretendStdin, "cannot adopt stdin"],
] as const)("27: %s", (_, as, refused) => {
  it.each(OBSTACLES)("that %s is refused, untouched", async (__, obstruct, why) => {
    await using reactor = createReactor();
    const stream = as(obstructed());
    await obstruct(stream);
    const before = [stream.eventNames(), stream.readableFlowing, stream.destroyed];
    const thrown = thrownBy(() => reactor.adopt(stream));
    expect(thrown).toMatchObject({ name: "IomuxError", code: "IOMUX_CANNOT_ADOPT" });
    expect(thrown.message).toMatch(why);
    expect(thrown.message).toContain(refused);
    if (stream.errored) expect(thrown.cause).toBe(stream.errored);
    expect([stream.eventNames(), stream.readableFlowing, stream.destroyed]).toEqual(before);
    expect(reactor.stats().open).toBe(0);
    expect(() => reactor.register(stream, READABLE)).toThrow(thrown.message);
  });

  it("in object mode is refused", async () => {
    await using reactor = createReactor();
    const stream = as(Readable.from(["a", "b"]));
    expect(() => reactor.adopt(stream)).toThrow(/object mode: make it with/);
  });
});

describe("27: what can be written to", () => {
  it.each<[string, () => object, RegExp]>([
    ["in object mode", () => new Writable({ objectMode: true, write() {} }), /object mode/],
    ["whose writing takes objects", () => new Duplex(OBJECTS), /object mode/],
    ["whose reading gives objects", () => new Duplex({ ...OBJECTS, ...SWAPPED }), /object mode/],
    ["that was ended", () => new Writable({ write() {} }).end(), /ended already/],
    ["that is destroyed", () => new Writable({ write() {} }).destroy(), /destroyed/],
    ["that is corked", () => corked(new PassThrough()), /corked/],
    ["that is piped into", () => piped(new PassThrough()), /pipe/],
    ["that is piped out of", () => pipedOut(new PassThrough()), /"data"/],
    ["with no side", () => new Duplex(NO_SIDE), /no side/],
    ["that is not connected", () => new net.Socket(), /not connected/],
  ])("a stream %s is refused, untouched", async (_, make, why) => {
    await using reactor = createReactor();
    const stream = make() as Duplex;
    const before = [stream.eventNames(), stream.destroyed, stream.allowHalfOpen];
    const thrown = thrownBy(() => reactor.adopt(stream));
    expect(thrown).toMatchObject({ code: "IOMUX_CANNOT_ADOPT" });
    expect(thrown.message).toMatch(why);
    expect([stream.eventNames(), stream.destroyed, stream.allowHalfOpen]).toEqual(before);
    expect(reactor.stats().open).toBe(0);
  });

  it("one that has failed is refused, with its cause", async () => {
    await using reactor = createReactor();
    const stream = new Writable({ write() {} });
    const cause = new Error("its cause");
    stream.on("error", () => undefined).destroy(cause);
    expect(thrownBy(() => reactor.adopt(stream))).toMatchObject({ cause });
  });
});

const NO_SIDE = { readable: false, writable: false } as DuplexOptions;
const OBJECTS = { writableObjectMode: true, read() {}, write() {} };
const SWAPPED = { writableObjectMode: false, readableObjectMode: true };

function corked(stream: Duplex): Duplex {
  stream.cork();
  return stream;
}

function piped(stream: Duplex): Duplex {
  silent().pipe(stream);
  return stream;
}

function pipedOut(stream: Duplex): Duplex {
  stream.pipe(new PassThrough());
  return stream;
}

describe("27: stdin", () => {
  it("that fails is not destroyed by us, and its error is told", async () => {
    await using reactor = createReactor();
    const stdin = pretendStdin(new Readable({ read() {}, autoDestroy: false }));
    const { log } = record(reactor, reactor.adopt(stdin));
    stdin.emit("error", Object.assign(new Error("i/o error"), { code: "EIO" }));
    await until(() => log.length > 0);
    expect(log).toEqual(["ERROR|HANGUP EIO"]);
    expect([stdin.destroyed, stdin.listenerCount("error"), stdin.listenerCount("data")]).toEqual([
      false,
      0,
      0,
    ]);
  });

  it("is not made by asking whether something else is it", async () => {
    let asked = 0;
    const real = Object.getOwnPropertyDescriptor(process, "stdin")!;
    Object.defineProperty(process, "stdin", { get: () => asked++, configurable: true });
    await using reactor = createReactor();
    reactor.adopt(made(["x"])).close();
    Object.defineProperty(process, "stdin", real);
    expect(asked).toBe(0);
  });
});
