/** What only real sockets do: other kinds of them, Node's own buffers, servers closed by others. */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TLSSocket } from "node:tls";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { createReactor, formatMask, IomuxError, READABLE, type Reactor } from "iomux";

import { thrownBy } from "../support/crowd.ts";
import { cleanUp, pair, pass, stuff, until } from "../support/raw-pair.ts";
import { pattern, record } from "../support/record.ts";

let reactor: Reactor;
let reports: Error[];

beforeEach(() => {
  reports = [];
  reactor = createReactor({
    inputMark: 16 * 1024,
    slowHandlerMs: Infinity,
    onError: (error) => reports.push(error),
  });
});

afterEach(async () => {
  reactor.assertInvariants();
  await reactor.close({ drainMs: 0, answerMs: 0 });
  expect(reports).toEqual([]);
});

/** A plain server that is listening, and who connected to it once it was adopted. */
async function adoptable(): Promise<{ server: net.Server; dial: () => net.Socket }> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen({ port: 0, host: "127.0.0.1" }, resolve));
  const { port } = server.address() as net.AddressInfo;
  const dial = (): net.Socket => {
    const socket = net.connect({ port, host: "127.0.0.1" });
    socket.on("error", () => undefined);
    cleanUp.push(() => socket.destroy());
    return socket;
  };
  cleanUp.push(() => server.close());
  return { server, dial };
}

describe("27: sockets that are refused", () => {
  const refused: [string, RegExp, (near: net.Socket) => net.Socket][] = [
    ["a TLS socket", /TLS/, (near) => new TLSSocket(near)],
    [
      "a corked one",
      /corked/,
      (near) => {
        near.cork();
        return near;
      },
    ],
    ["a flowing one", /pause\(\) it first/, (near) => near.resume()],
  ];

  it.each(refused)("%s", async (_, reason, make) => {
    const { near, far } = await pair("tcp");
    const odd = make(near);
    odd.on("error", () => undefined);
    cleanUp.push(() => odd.destroy());
    const error = thrownBy(() => reactor.adopt(odd));
    expect(error).toMatchObject({ name: "IomuxError", code: "IOMUX_CANNOT_ADOPT" });
    expect(error.message).toMatch(reason);
    expect(reactor.stats()).toMatchObject({ open: 0, registered: 0 });
    expect([odd.destroyed, far.destroyed]).toEqual([false, false]);
  });

  it("one whose bytes go to its own buffer (onread)", async () => {
    const { server, dial } = await adoptable();
    const { port } = server.address() as net.AddressInfo;
    dial();
    const odd = net.connect({
      port,
      host: "127.0.0.1",
      onread: { buffer: Buffer.alloc(1024), callback: () => true },
    });
    cleanUp.push(() => odd.destroy());
    await until(() => !odd.connecting);
    const error = thrownBy(() => reactor.adopt(odd));
    expect(error).toMatchObject({ name: "IomuxError", code: "IOMUX_CANNOT_ADOPT" });
    expect(error.message).toContain("onread");
    expect(reactor.stats().open).toBe(0);
  });

  it("and once uncorked, or paused, they are taken", async () => {
    const { near, far } = await pair("tcp");
    near.cork();
    expect(thrownBy(() => reactor.adopt(near)).message).toContain("uncork()");
    near.uncork();
    near.resume();
    expect(thrownBy(() => reactor.adopt(near)).message).toContain("pause()");
    near.pause();
    const channel = reactor.adopt(near);
    channel.write(Buffer.from("hello"));
    let heard = "";
    far.on("data", (bytes) => (heard += bytes.toString()));
    await until(() => heard === "hello");
  });
});

describe("27: adopted servers", () => {
  it("one closed outside is told of once, and closed", async () => {
    const { server } = await adoptable();
    const calls: string[] = [];
    const registration = reactor.register(server, READABLE, (listener, ready) => {
      calls.push(`${formatMask(ready)} ${listener.state} ${listener.error?.message}`);
    });
    const listener = registration.descriptor;
    server.close();
    expect(await listener.closed).toMatchObject({ code: "ECONNABORTED" });
    await pass();
    expect(calls).toHaveLength(1);
    expect(calls[0]).toMatch(/ERROR\|HANGUP failed the server was closed outside the reactor/);
    expect([listener.state, registration.active]).toEqual(["closed", false]);
    expect(reactor.stats()).toMatchObject({ open: 0, registered: 0 });
  });

  it("one closed outside that nobody registered is closed", async () => {
    const { server } = await adoptable();
    const listener = reactor.adopt(server);
    server.close();
    expect(await listener.closed).toMatchObject({ code: "ECONNABORTED" });
    expect(reactor.stats().open).toBe(0);
  });

  it("what a peer sends before accept() is not read before it, and not lost", async () => {
    const { server, dial } = await adoptable();
    const listener = reactor.adopt(server);
    const sockets: net.Socket[] = [];
    server.on("connection", (socket) => sockets.push(socket));
    const peer = dial();
    peer.end(pattern(100_000));
    await until(() => listener.waiting === 1);
    for (let i = 0; i < 10; i++) await pass();
    expect([sockets[0]!.bytesRead, sockets[0]!.readableLength]).toEqual([0, 0]);
    const channel = listener.accept()!;
    const { bytes } = record(reactor, channel);
    await until(() => channel.ended);
    expect(bytes().equals(pattern(100_000))).toBe(true);
    expect([channel.state, channel.error]).toEqual(["open", null]);
  });
});

describe("27: what Node held when a socket was adopted", () => {
  /** A socket in whose own buffer `length` bytes lie. */
  async function holding(length: number): Promise<{ near: net.Socket; far: net.Socket }> {
    const both = await pair("tcp", { highWaterMark: 4 * 1024 * 1024 });
    both.near.pause();
    both.near.read(0);
    both.far.write(pattern(length));
    await until(() => both.near.readableLength === length);
    return both;
  }

  it("is told before the reset that comes while reading is stopped", async () => {
    const { near, far } = await holding(100_000);
    const channel = reactor.adopt(near);
    await until(() => channel.unread >= 16 * 1024);
    for (let i = 0; i < 5; i++) await pass();
    expect(channel.unread).toBeLessThan(100_000);
    far.resetAndDestroy();
    await until(() => channel.state === "failed");
    const { log, bytes } = record(reactor, channel);
    await until(() => channel.state === "closed");
    expect(bytes().equals(pattern(100_000))).toBe(true);
    expect(log.at(-1)).toBe("ERROR|HANGUP ECONNRESET");
    expect(channel.bytesIn).toBe(100_000);
  });

  it.each([20_000, 60_000, 100_000, 300_000])(
    "%i bytes, more than inputMark: they come whole, with what follows and the end",
    async (length) => {
      const { near, far } = await holding(length);
      const channel = reactor.adopt(near);
      await until(() => channel.unread >= 16 * 1024);
      for (let i = 0; i < 5; i++) await pass();
      far.end(pattern(200_000, length));
      for (let i = 0; i < 5; i++) await pass();
      const { log, bytes } = record(reactor, channel);
      await until(() => channel.ended);
      expect(bytes().equals(pattern(length + 200_000))).toBe(true);
      expect(log.at(-1)).toBe("READABLE end");
      expect([channel.state, channel.endConfirmed]).toEqual(["open", true]);
    },
  );
});

it.each(["tcp", "unix"] as const)(
  "22, %s: abort ends a channel whose own end waits behind a full pipe",
  async (family) => {
    const { near, far } = await pair(family);
    far.pause();
    await stuff(near);
    near.write(Buffer.alloc(1024 * 1024));
    const sent = near.writableLength + near.bytesWritten;
    let released = false;
    near.on("close", () => (released = true));
    const channel = reactor.adopt(near);
    channel.shutdown();
    for (let i = 0; i < 5; i++) await pass();
    expect([near.writableEnded, near.writableFinished]).toEqual([true, false]);
    channel.abort();
    expect([channel.state, reactor.stats().open]).toEqual(["closed", 0]);
    await until(() => released);
    let received = 0;
    let over = false;
    far.on("data", (bytes) => (received += bytes.length));
    far.on("end", () => (over = true));
    far.on("close", () => (over = true));
    far.resume();
    await until(() => over);
    expect(received).toBeLessThan(sent);
    expect(await channel.closed).toBeNull();
  },
);

it("22: abort ends a channel whose own end is leaving at this very moment", async () => {
  // Turns that follow each other within one read of the socket: nothing comes between them.
  const eager = createReactor({
    turnBytes: 1024,
    slowHandlerMs: Infinity,
    onError: (error) => reports.push(error),
  });
  cleanUp.push(() => void eager.close({ drainMs: 0, answerMs: 0 }));
  const { near, far } = await pair("tcp");
  far.write(Buffer.alloc(4 * 1024 * 1024));
  for (let i = 0; i < 20; i++) await pass();
  let released = false;
  near.on("close", () => (released = true));
  const pending: boolean[] = [];
  eager.register(near, READABLE, (channel, _, { dispatches }) => {
    channel.read();
    if (dispatches === 1) channel.shutdown();
    if (dispatches !== 2) return;
    pending.push(near.writableEnded && !near.writableFinished);
    channel.abort();
  });
  await until(() => pending.length === 1);
  expect(pending).toEqual([true]);
  await until(() => released && far.destroyed);
  expect([eager.stats().open, near.destroyed]).toEqual([0, true]);
});

describe("26: paths at which nobody can listen", () => {
  let folder: string;

  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), "iomux-odd-")));
    mkdirSync(join(folder, "dir"));
    writeFileSync(join(folder, "file"), "kept");
  });

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it.each(["dir/", "dir/new/", "new/", "dir", "file", "file/", "file/x", "file/x/y", "none/x"])(
    "%s is refused by name, and nothing is left bound",
    async (below) => {
      const path = `${folder}/${below}`;
      const error = await reactor.listen({ path }).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(IomuxError);
      expect((error as Error).message).toContain(path);
      expect([readdirSync(folder), readdirSync(join(folder, "dir"))]).toEqual([
        ["dir", "file"],
        [],
      ]);
      expect(readFileSync(join(folder, "file"), "utf8")).toBe("kept");
      expect(readFileSync("/proc/net/unix", "utf8")).not.toContain(folder);
      expect(reactor.stats().open).toBe(0);
    },
  );
});
