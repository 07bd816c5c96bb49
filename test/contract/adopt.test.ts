import { EventEmitter } from "node:events";
import { createServer as createHttpServer } from "node:http";
import net from "node:net";
import { PassThrough } from "node:stream";

import { expect, it } from "vitest";

import { READABLE, type Channel } from "iomux";

import { pattern, record } from "../support/record.ts";
import { onEveryNetwork, onStillNetworks, onNetworks, type World } from "../support/world.ts";

onEveryNetwork("adopt", (world) => {
  it("27: a raw socket is adopted whole: both directions, the end, the same descriptor", async () => {
    const reactor = world().createReactor();
    const { source, peer } = await world().adoptable();
    const channel: Channel = reactor.adopt(source);
    expect(channel).toMatchObject({ fd: 1, kind: "channel", state: "open" });
    const { log, bytes } = record(reactor, channel);
    peer.end(pattern(1000));
    channel.write(pattern(500));
    await world().until(() => channel.ended && peer.received.length === 500, "both directions");
    expect(bytes().equals(pattern(1000))).toBe(true);
    expect(log.at(-1)).toBe("READABLE end");
    expect(channel.endConfirmed).toBe(world().family === "tcp");
    // Half-close was set: our side is still open.
    expect(channel.write(Buffer.from("after"))).toBe(5);
    await world().until(() => peer.received.length === 505, "what was written after its end");
  });

  it("27: bytes and an end that came before are kept", async () => {
    const reactor = world().createReactor();
    const { source, peer } = await world().adoptable();
    peer.end("came before");
    await world().settle();
    const channel: Channel = reactor.adopt(source);
    const { log } = record(reactor, channel);
    await world().until(() => channel.ended, "the end");
    expect(log).toEqual(['READABLE "came before"', "READABLE end"]);
  });

  it("20, 27, H36: bytes and a reset that came before are told", async () => {
    const reactor = world().createReactor();
    const { source, peer } = await world().adoptable();
    peer.write("came before");
    peer.reset();
    await world().settle();
    const channel: Channel = reactor.adopt(source);
    const { log } = record(reactor, channel);
    await world().until(() => channel.ended || channel.state === "closed", "the end");
    await world().settle();
    const tcp = world().family === "tcp";
    expect(log).toEqual([
      'READABLE "came before"',
      tcp ? "ERROR|HANGUP ECONNRESET" : "READABLE end",
    ]);
  });

  it("27, 1: twice, here or in another reactor, throws and leaves the tables as they were", async () => {
    const reactor = world().createReactor();
    const other = world().createReactor();
    const { source } = await world().adoptable();
    const registration = reactor.register(source as net.Socket, READABLE, () => undefined);
    const code = (name: string): Error => expect.objectContaining({ code: name }) as Error;
    expect(() => reactor.register(source as net.Socket, READABLE)).toThrow(
      code("IOMUX_ALREADY_REGISTERED"),
    );
    expect(() => reactor.adopt(source)).toThrow(code("IOMUX_CANNOT_ADOPT"));
    expect(() => other.register(source as net.Socket, READABLE)).toThrow(
      code("IOMUX_OTHER_REACTOR"),
    );
    expect(() => other.adopt(source)).toThrow(code("IOMUX_OTHER_REACTOR"));
    expect([reactor.stats().open, reactor.stats().registered]).toEqual([1, 1]);
    expect([other.stats().open, other.stats().registered]).toEqual([0, 0]);
    expect(registration.active).toBe(true);
  });

  it("27: a failed register adopts nothing", async () => {
    const reactor = world().createReactor();
    const { source, peer } = await world().adoptable();
    expect(() => reactor.register(source as net.Socket, 0)).toThrow(RangeError);
    expect(() => reactor.register(source as net.Socket, READABLE, 5 as never)).toThrow(TypeError);
    expect(reactor.stats()).toMatchObject({ open: 0, registered: 0 });
    const channel: Channel = reactor.adopt(source);
    peer.write("untouched");
    await world().until(() => channel.unread === 9, "the bytes");
  });

  it.each([
    ["undefined", undefined],
    ["null", null],
    ["a number", 5],
    ["a string", "socket"],
    ["a function", () => undefined],
  ])("27: what is no object at all is a TypeError: %s", (_, value) => {
    const reactor = world().createReactor();
    const wrong = { name: "IomuxTypeError", code: "IOMUX_BAD_ARGUMENT" };
    expect(catching(() => reactor.adopt(value as never))).toMatchObject(wrong);
    expect(catching(() => reactor.register(value as never, READABLE))).toMatchObject(wrong);
    expect(reactor.stats().open).toBe(0);
  });

  it.each([
    ["a plain object", {}],
    ["an emitter", new EventEmitter()],
  ])("27: what is neither socket nor server is refused: %s", (_, value) => {
    const reactor = world().createReactor();
    expect(() => reactor.adopt(value as never)).toThrow(
      expect.objectContaining({ name: "IomuxError", code: "IOMUX_CANNOT_ADOPT" }) as Error,
    );
    expect(reactor.stats().open).toBe(0);
  });

  it("27: a socket that is destroyed, or has failed, is refused", async () => {
    const reactor = world().createReactor();
    const gone = await world().adoptable();
    (gone.source as net.Socket).destroy();
    expect(() => reactor.adopt(gone.source)).toThrow(
      expect.objectContaining({ code: "IOMUX_CANNOT_ADOPT" }) as Error,
    );
    expect(reactor.stats().open).toBe(0);
  });
});

onStillNetworks("adopt", (world) => {
  it("27, 1: register adopts; the raw socket then names the registration", async () => {
    const reactor = world().createReactor();
    const { source, peer } = await world().adoptable();
    const seen: string[] = [];
    const registration = reactor.register(source as net.Socket, READABLE, (channel, ready, own) => {
      expect([own, ready]).toEqual([registration, READABLE]);
      seen.push(channel.read()!.toString());
    });
    peer.write("hello");
    await world().until(() => seen.length === 1, "the bytes");
    expect(seen).toEqual(["hello"]);
    expect(reactor.get(source)).toBe(registration);
    expect([reactor.has(source), reactor.has(registration.fd)]).toEqual([true, true]);
    reactor.modify(source, READABLE);
    expect(reactor.explain(source).fd).toBe(registration.fd);
    expect(reactor.unregister(source)).toBe(true);
    expect(registration.descriptor.state).toBe("open");
  });
});

type Obstacle = (socket: net.Socket, world: World) => unknown;

const settled: Obstacle = (_, world) => world.settle();

/** What stands in the way, how it is made, and what the message says. */
const OBSTACLES: Readonly<Record<string, readonly [Obstacle, RegExp]>> = {
  "is destroyed": [(socket) => socket.destroy(), /destroyed/],
  "has failed": [
    async (socket, world) => {
      socket.on("error", () => undefined);
      socket.destroy(new Error("its cause"));
      await settled(socket, world);
    },
    /failed: its cause/,
  ],
  "has a data listener": [(socket) => socket.on("data", () => undefined), /"data"/],
  "has a paused data listener": [(socket) => socket.pause().on("data", () => undefined), /"data"/],
  "has a readable listener": [(socket) => socket.on("readable", () => undefined), /"readable"/],
  "gives strings": [(socket) => socket.setEncoding("utf8"), /setEncoding/],
  "is in object mode": [
    (socket) => Object.defineProperty(socket, "readableObjectMode", { value: true }),
    /object mode/,
  ],
  "is piped into something": [(socket) => socket.pipe(new PassThrough()), /"data"|pipe/],
  "is piped into": [(socket) => new PassThrough().pipe(socket), /pipe/],
  "is flowing": [(socket) => socket.resume(), /dropped/],
  "was ended by us": [(socket) => socket.end(), /ended/],
};

onNetworks(
  [
    ["net", "tcp"],
    ["net", "unix"],
  ],
  "adopt: what Node's streams may be up to",
  (world) => {
    it.each(Object.entries(OBSTACLES))(
      "27: a socket that %s is refused, untouched",
      async (_, row) => {
        const [obstruct, why] = row;
        const reactor = world().createReactor();
        const socket = (await world().adoptable()).source as net.Socket;
        await obstruct(socket, world());
        const before = listenersOf(socket);
        const { allowHalfOpen } = socket;
        const refused = catching(() => reactor.adopt(socket));
        expect(refused).toMatchObject({ name: "IomuxError", code: "IOMUX_CANNOT_ADOPT" });
        expect(refused.message).toMatch(why);
        if (socket.errored) expect(refused.cause).toBe(socket.errored);
        expect([listenersOf(socket), socket.allowHalfOpen]).toEqual([before, allowHalfOpen]);
        expect(reactor.stats().open).toBe(0);
        expect(() => reactor.register(socket, READABLE)).toThrow(refused.message);
        socket.destroy();
      },
    );

    it("27: a socket whose end was read is refused", async () => {
      const reactor = world().createReactor();
      const { source, peer } = await world().adoptable();
      const socket = source as net.Socket;
      const read = (): unknown => socket.read();
      socket.on("readable", read);
      peer.end("all of it");
      await world().until(() => socket.readableEnded, "its end");
      socket.off("readable", read);
      expect(catching(() => reactor.adopt(socket)).message).toContain("end was read");
      socket.destroy();
    });

    it("27: a socket that is not connected is refused", () => {
      const reactor = world().createReactor();
      const refused = catching(() => reactor.adopt(new net.Socket()));
      expect(refused).toMatchObject({ code: "IOMUX_CANNOT_ADOPT" });
      expect(refused.message).toContain("not connected");
    });

    it("27: what Node has read into its own buffer is kept", async () => {
      const reactor = world().createReactor();
      const { source, peer } = await world().adoptable();
      const socket = source as net.Socket;
      socket.read(0);
      peer.write(pattern(5000));
      await world().until(() => socket.readableLength === 5000, "Node's buffer");
      const channel = reactor.adopt(socket);
      const { bytes } = record(reactor, channel);
      peer.write(pattern(5000, 5000));
      await world().until(() => bytes().length === 10_000, "all bytes");
      expect(bytes().equals(pattern(10_000))).toBe(true);
    });

    it("27, 21: allowHalfOpen is set on a socket that had none: its peer's end is not ours", async () => {
      const reactor = world().createReactor();
      const server = await listening(net.createServer({ pauseOnConnect: true }), world());
      const accepted = new Promise<net.Socket>((resolve) => server.once("connection", resolve));
      const far = net.connect({ ...where(server), allowHalfOpen: true });
      const received: Buffer[] = [];
      far.on("data", (bytes: Buffer) => received.push(bytes));
      const socket = await accepted;
      expect(socket.allowHalfOpen).toBe(false);
      const channel = reactor.adopt(socket);
      const { log } = record(reactor, channel);
      far.end("question");
      await world().until(() => channel.ended, "the end");
      await world().settle();
      expect([log, channel.state]).toEqual([['READABLE "question"', "READABLE end"], "open"]);
      channel.write(Buffer.from("answer"));
      channel.close();
      await world().run(channel.closed);
      await world().until(() => far.readableEnded, "our end");
      expect(Buffer.concat(received).toString()).toBe("answer");
      server.close();
    });

    it("27, F6: what Node's buffer holds when the connection is lost is told before the loss", async () => {
      const reactor = world().createReactor({ inputMark: 1 });
      const { source, peer } = await world().adoptable();
      const socket = source as net.Socket;
      socket.read(0);
      for (let at = 0; at < 5000; at += 1000) {
        peer.write(pattern(1000, at));
        await world().until(() => socket.readableLength === at + 1000, "Node's buffer");
      }
      const channel = reactor.adopt(socket);
      const { bytes, log, registration } = record(reactor, channel);
      registration.pause();
      await world().until(() => channel.unread > 0, "the first piece");
      expect(socket.readableLength).toBeGreaterThan(0);
      socket.destroy(new Error("lost"));
      await world().until(() => channel.state === "failed", "the loss");
      registration.resume();
      await world().until(() => channel.state === "closed", "its being told");
      expect(bytes().equals(pattern(5000))).toBe(true);
      expect(log.at(-1)).toMatch(/^ERROR\|HANGUP/);
    });

    it("27: a socket that is still connecting is taken over, and connects or fails once", async () => {
      const reactor = world().createReactor();
      const listener = await world().run(reactor.listen(world().address()));
      const at = listener.localAddress as net.NetConnectOpts;
      const channel = reactor.adopt(net.connect(at));
      expect(channel.state).toBe("connecting");
      await world().until(() => channel.state === "open" && listener.waiting === 1, "connected");
      const { log: ends } = record(reactor, channel);
      listener.accept()!.shutdown();
      await world().until(() => ends.length > 0, "the end");
      expect(ends).toEqual(["READABLE end"]);
      expect(channel.endConfirmed).toBe(world().family === "tcp");
      listener.close();
      await world().run(listener.closed);
      const failing = reactor.adopt(net.connect(at));
      const { log } = record(reactor, failing);
      await world().until(() => failing.state === "closed", "refused");
      expect(log).toEqual([expect.stringMatching(/^ERROR\|HANGUP (ECONNREFUSED|ENOENT)$/)]);
    });

    it("27, 1: two wrappers of one socket are one descriptor", async () => {
      const reactor = world().createReactor();
      const socket = (await world().adoptable()).source as net.Socket;
      const handle = (socket as unknown as { _handle: object })._handle;
      const wrapper = new net.Socket({ handle } as never);
      const registration = reactor.register(wrapper, READABLE, () => undefined);
      const code = (name: string): Error => expect.objectContaining({ code: name }) as Error;
      expect(() => reactor.register(socket, READABLE)).toThrow(code("IOMUX_ALREADY_REGISTERED"));
      expect(() => reactor.adopt(socket)).toThrow(code("IOMUX_CANNOT_ADOPT"));
      expect(() => world().createReactor().adopt(socket)).toThrow(code("IOMUX_OTHER_REACTOR"));
      expect(reactor.get(socket)).toBe(registration);
      expect(reactor.stats()).toMatchObject({ open: 1, registered: 1 });
    });

    it("27: a socket destroyed outside of the reactor is a loss, told once", async () => {
      const reactor = world().createReactor();
      const socket = (await world().adoptable()).source as net.Socket;
      const { log, registration } = record(reactor, reactor.adopt(socket));
      socket.destroy();
      await world().until(() => !registration.active, "the loss");
      expect(log).toEqual(["ERROR|HANGUP ECONNABORTED"]);
    });

    it("27: a server is adopted: its connections are accepted, half-open and unread", async () => {
      const reactor = world().createReactor();
      const server = await listening(net.createServer(), world());
      const accepted: Channel[] = [];
      const registration = reactor.register(server, READABLE, (listener) => {
        for (let peer = listener.accept(); peer !== null; peer = listener.accept())
          accepted.push(peer);
      });
      expect([server.allowHalfOpen, registration.descriptor.kind]).toEqual([true, "listener"]);
      const peer = world().dial(registration.descriptor);
      await world().until(() => accepted.length === 1 && peer.connected, "a connection");
      const { log } = record(reactor, accepted[0]!);
      peer.end("question");
      await world().until(() => accepted[0]!.ended, "the end");
      accepted[0]!.write(Buffer.from("answer"));
      await world().until(() => peer.received.length === 6, "the answer");
      expect(log).toEqual(['READABLE "question"', "READABLE end"]);
      expect(() => reactor.adopt(server)).toThrow(/descriptor already/);
      registration.descriptor.close();
      await world().run(registration.descriptor.closed);
      expect(server.listening).toBe(false);
    });

    it.each<[string, () => net.Server, boolean, RegExp]>([
      ["that does not listen", () => net.createServer(), false, /not listening/],
      ["with a connection listener", () => net.createServer(() => undefined), true, /"connection"/],
      ["that is an http.Server", () => createHttpServer(), true, /"connection".*HTTP/],
    ])("27: a server %s is refused, untouched", async (_, make, listen, why) => {
      const reactor = world().createReactor();
      const server = listen ? await listening(make(), world()) : make();
      const { allowHalfOpen } = server as net.Server & { allowHalfOpen: boolean };
      const refused = catching(() => reactor.register(server, READABLE));
      expect(refused).toMatchObject({ code: "IOMUX_CANNOT_ADOPT" });
      expect(refused.message).toMatch(why);
      expect(server).toMatchObject({ allowHalfOpen });
      expect(reactor.stats().open).toBe(0);
      server.close();
    });
  },
);

async function listening(
  server: net.Server,
  world: World,
): Promise<net.Server & { allowHalfOpen?: boolean }> {
  await new Promise<void>((resolve) => server.listen(world.address(), resolve));
  return server;
}

function where(server: net.Server): net.NetConnectOpts {
  const bound = server.address()!;
  return typeof bound === "string" ? { path: bound } : { port: bound.port, host: bound.address };
}

function catching(act: () => unknown): Error {
  try {
    act();
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was thrown");
}

function listenersOf(socket: net.Socket): string {
  return socket
    .eventNames()
    .map((name) => `${String(name)} ${socket.listenerCount(name)}`)
    .sort()
    .join();
}
