/** startTls: a plain channel becomes a secure one, in place. */
import net from "node:net";
import { Duplex } from "node:stream";

import { expect, it } from "vitest";

import {
  createTlsContext,
  READABLE,
  WRITABLE,
  type Channel,
  type Listener,
  type Reactor,
  type ReactorOptions,
} from "iomux";

import { authority, local } from "../support/certificates.ts";
import { fill, pattern, record } from "../support/record.ts";
import { listening, type Report } from "../support/reports.ts";
import { dialRaw, secure } from "../support/tls-peers.ts";
import { onNetworks, type World } from "../support/world.ts";

const server = { server: createTlsContext(local) };
const client = { client: { servername: "localhost", ca: authority.cert } };

/** A plain channel that was accepted, and the raw peer. */
async function plain(
  world: World,
  options: ReactorOptions = {},
): Promise<{
  reactor: Reactor;
  reports: Report[];
  channel: Channel;
  raw: net.Socket;
  listener: Listener;
}> {
  const [reactor, reports] = listening(world, options);
  const listener = await reactor.listen({ port: 0 });
  const raw = dialRaw(listener);
  await world.until(() => listener.waiting === 1, "the peer");
  return { reactor, reports, channel: listener.accept()!, raw, listener };
}

function code(channel: Channel): unknown {
  const error: NodeJS.ErrnoException | null = channel.error;
  return error?.code;
}

onNetworks([["net", "tcp"]], "startTls", (world) => {
  it("as a server: same fd, same registration, nothing is told but that it is secure", async () => {
    const { reactor, channel, raw } = await plain(world());
    const { fd } = channel;
    const { log, registration } = record(reactor, channel);
    raw.write("STARTTLS");
    await world().until(() => log.length === 1, "the command");
    reactor.startTls(channel, server);
    registration.modify(READABLE | WRITABLE);
    expect([channel.state, channel.room, channel.write(Buffer.from("x"))]).toEqual([
      ...["connecting", 0, 0],
    ]);
    await world().settle();
    expect([log.length, channel.tls]).toEqual([1, null]);
    const peer = secure(raw);
    await world().until(() => log.length > 1, "WRITABLE");
    registration.modify(READABLE);
    expect([channel.state, channel.fd, reactor.get(fd)]).toEqual(["open", fd, registration]);
    expect(channel.tls!.protocol).toBe("TLSv1.3");
    peer.socket.write("secret");
    await world().until(() => log.includes('READABLE "secret"'), "the bytes");
    channel.write(Buffer.from("answer"));
    await world().until(() => peer.received() === "answer", "the answer");
    expect(reactor.stats().connected).toBe(0);
  });

  it("as a client: over a connection of ours to a server of ours", async () => {
    const { reactor, listener } = await plain(world());
    const channel = reactor.connect(listener.localAddress as { port: number });
    await world().until(() => channel.state === "open" && listener.waiting === 1, "both");
    const far = listener.accept()!;
    reactor.startTls(channel, client);
    reactor.startTls(far, server);
    await world().until(() => channel.tls !== null && far.tls !== null, "both to be secure");
    expect(channel.tls).toMatchObject({ authorized: true, servername: "localhost" });
    far.write(Buffer.from("hello"));
    await world().until(() => channel.unread === 5, "the bytes");
  });

  it("one that has yet to connect is secured once it stands, as a server too", async () => {
    const { reactor, listener } = await plain(world());
    const channel = reactor.connect(listener.localAddress as { port: number });
    reactor.startTls(channel, server);
    const { log } = record(reactor, channel, WRITABLE);
    await world().until(() => listener.waiting === 1, "the connection");
    const far = listener.accept()!;
    await world().settle();
    expect([channel.state, log]).toEqual(["connecting", []]);
    reactor.startTls(far, client);
    await world().until(() => log.length > 0 && far.tls !== null, "the handshake");
    expect([channel.state, log[0]]).toEqual(["open", "WRITABLE"]);
    expect([channel.tls!.protocol, far.tls!.authorized]).toEqual(["TLSv1.3", true]);
  });

  it("one that cannot connect fails as without TLS", async () => {
    const { reactor, listener } = await plain(world());
    const gone = listener.localAddress as { port: number };
    listener.close();
    await listener.closed;
    const channel = reactor.connect(gone);
    reactor.startTls(channel, server);
    record(reactor, channel, WRITABLE);
    await world().until(() => channel.state === "closed", "the failure");
    expect([code(channel), channel.localAddress]).toEqual(["ECONNREFUSED", null]);
  });

  it("unread plain text is refused, and in a handler it ends the channel", async () => {
    const { reactor, reports, channel, raw } = await plain(world());
    let state = "";
    reactor.register(channel, READABLE, () => {
      channel.read(8);
      try {
        reactor.startTls(channel, server);
      } finally {
        ({ state } = channel);
      }
    });
    raw.write("STARTTLSRSET\r\n");
    await world().until(() => channel.state === "closed", "the end");
    expect([code(channel), state]).toEqual(["IOMUX_UNREAD_PLAINTEXT", "open"]);
    expect(reports.map(({ error }) => error.code)).toEqual(["IOMUX_UNREAD_PLAINTEXT"]);
  });

  it.each(["read", "not read yet"])(
    "a peer that has ended its side, %s, cannot shake hands: the failure comes at once",
    async (end) => {
      const { reactor, channel, raw } = await plain(world());
      raw.end();
      await world().until(() => reactor.explain(channel).reading !== "nothing came", "its end");
      if (end === "read") expect(channel.read()).toHaveLength(0);
      reactor.startTls(channel, server);
      expect([channel.state, code(channel)]).toEqual(["failed", "ECONNRESET"]);
      expect(channel.error!.message).toContain("the peer has ended its side before it began");
    },
  );

  it("plain text sent after it was called is no plain text: the handshake fails of it", async () => {
    const { reactor, channel, raw } = await plain(world());
    const { log } = record(reactor, channel);
    reactor.startTls(channel, server);
    raw.write("RSET\r\nMAIL FROM:<eve>\r\n");
    await world().until(() => channel.state === "closed", "the failure");
    expect(code(channel)).toBe("ERR_SSL_WRONG_VERSION_NUMBER");
    expect(log).toEqual(["ERROR|HANGUP ERR_SSL_WRONG_VERSION_NUMBER"]);
  });

  it("plain output leaves before the handshake, whole, and what comes meanwhile is kept", async () => {
    const { reactor, channel, raw } = await plain(world());
    record(reactor, channel);
    raw.pause();
    const sent = await fill(world(), channel);
    expect(channel.queued).toBeGreaterThan(0);
    reactor.startTls(channel, server);
    expect([channel.state, channel.tls]).toEqual(["connecting", null]);
    // Its hello comes before it has read a byte of ours: it is for the handshake all the same.
    raw.write(HELLO_OF_NO_USE);
    const chunks: Buffer[] = [];
    raw.on("data", (chunk: Buffer) => chunks.push(chunk));
    raw.resume();
    await world().until(() => channel.state !== "connecting", "the end of the handshake");
    await world().until(() => Buffer.concat(chunks).length >= sent, "all that was plain");
    const received = Buffer.concat(chunks);
    expect(received.subarray(0, sent).equals(pattern(sent))).toBe(true);
    expect(code(channel)).toMatch(/^ERR_SSL_/);
  });

  it("a ClientHello that comes before our plain output has left is not lost", async () => {
    const { reactor, channel, raw } = await plain(world());
    record(reactor, channel);
    raw.pause();
    const sent = await fill(world(), channel);
    reactor.startTls(channel, server);
    const peerSide = new PlainThenSecure(raw, sent);
    await world().until(() => channel.tls !== null, "the handshake");
    expect(peerSide.plain.equals(pattern(sent))).toBe(true);
    channel.write(Buffer.from("now secure"));
    await world().until(() => peerSide.received === "now secure", "the bytes");
  });

  it("called before a peer is done: tlsHandshakeMs, and the failure says so", async () => {
    const { reactor, channel } = await plain(world(), { tlsHandshakeMs: 2000 });
    const { log } = record(reactor, channel);
    reactor.startTls(channel, server);
    await world().settle();
    await world().advance(1999);
    expect(channel.state).toBe("connecting");
    await world().advance(2);
    await world().until(() => channel.state === "closed", "the failure");
    expect([code(channel), log]).toEqual(["ETIMEDOUT", ["ERROR|HANGUP ETIMEDOUT"]]);
  });

  it("tlsHandshakeMs counts from the call, also while plain output cannot leave", async () => {
    const { reactor, channel, raw } = await plain(world(), { tlsHandshakeMs: 2000 });
    record(reactor, channel);
    raw.pause();
    await fill(world(), channel);
    reactor.startTls(channel, server);
    await world().advance(2001);
    await world().until(() => channel.state === "closed", "the failure");
    expect(code(channel)).toBe("ETIMEDOUT");
  });

  it.each(["reset", "FIN"])("a %s in mid-handshake is a loss", async (how) => {
    const { reactor, channel, raw } = await plain(world());
    const { log } = record(reactor, channel);
    reactor.startTls(channel, server);
    await world().settle();
    if (how === "reset") raw.resetAndDestroy();
    else raw.end();
    await world().until(() => channel.state === "closed", "the loss");
    expect(log).toEqual(["ERROR|HANGUP ECONNRESET"]);
  });

  it.each(["abort", "close"] as const)("%s() in mid-handshake resets, silently", async (call) => {
    const { reactor, channel, raw } = await plain(world());
    const { log } = record(reactor, channel);
    const errors: unknown[] = [];
    raw.on("error", (error: NodeJS.ErrnoException) => errors.push(error.code));
    raw.resume();
    reactor.startTls(channel, server);
    await world().settle();
    channel[call]();
    await world().until(() => raw.destroyed, "the reset");
    expect([errors, log, channel.error, channel.state]).toEqual([
      ...[["ECONNRESET"], [], null, "closed"],
    ]);
  });

  it("abort() before the plain output has left: no handshake begins, and the peer is reset", async () => {
    const { reactor, channel, raw } = await plain(world());
    raw.pause();
    await fill(world(), channel);
    reactor.startTls(channel, server);
    channel.abort();
    await world().settle();
    raw.resume();
    await world().until(() => raw.destroyed || raw.readableEnded, "the reset");
    await world().advance(60_000);
    expect([channel.state, channel.error]).toEqual(["closed", null]);
  });

  it("misuse throws, and changes nothing", async () => {
    const { reactor, channel, listener } = await plain(world());
    const refused = expect.objectContaining({ code: "IOMUX_CANNOT_START_TLS" }) as Error;
    const connecting = reactor.connect(listener.localAddress as { port: number });
    reactor.startTls(connecting, client);
    expect(() => {
      reactor.startTls(connecting, client);
    }).toThrow(refused);
    for (const options of [
      {},
      { server: local, client: {} },
      { client: {} },
      null,
      { server: {} },
    ]) {
      expect(() => {
        reactor.startTls(channel, options as never);
      }).toThrow(expect.objectContaining({ code: "IOMUX_BAD_ARGUMENT" }));
    }
    expect(() => {
      reactor.startTls(listener as never, server);
    }).toThrow(expect.objectContaining({ code: "IOMUX_BAD_ARGUMENT" }));
    expect(channel.state).toBe("open");
    channel.shutdown();
    expect(() => {
      reactor.startTls(channel, server);
    }).toThrow(refused);
    channel.abort();
    reactor.startTls(channel, server);
    expect(channel.state).toBe("closed");
  });

  it("a secure channel is not secured again", async () => {
    const { reactor, channel, raw } = await plain(world());
    reactor.startTls(channel, server);
    secure(raw);
    await world().until(() => channel.tls !== null, "the handshake");
    expect(() => {
      reactor.startTls(channel, server);
    }).toThrow(expect.objectContaining({ code: "IOMUX_CANNOT_START_TLS" }));
  });
});

onNetworks([["net", "tcp"]], "connect with tls", (world) => {
  const expired = authority.issue({ names: ["localhost"], to: new Date(Date.now() - 1000) });
  const other = authority.issue({ names: ["other.example"] });

  it.each([
    ["a trusted one", local, { ca: authority.cert }, undefined],
    ["an unknown authority's", local, {}, "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
    ["an expired one", expired, { ca: authority.cert }, "CERT_HAS_EXPIRED"],
    ["another's", other, { ca: authority.cert }, "ERR_TLS_CERT_ALTNAME_INVALID"],
    ["any, if told so", other, { rejectUnauthorized: false }, undefined],
  ])("verifies by default: %s", async (_, identity, options, expected) => {
    const [reactor] = listening(world());
    const listener = await reactor.listen({ port: 0 }, { tls: identity });
    const channel = reactor.connect(
      { host: "localhost", port: (listener.localAddress as { port: number }).port },
      { tls: options },
    );
    const { log } = record(reactor, channel, WRITABLE);
    await world().until(() => log.length > 0, "the end of the handshake");
    expect(code(channel)).toBe(expected);
    if (expected !== undefined) {
      expect(channel.error!.message).toMatch(
        /^TLS handshake with 127\.0\.0\.1:\d+ failed: [^\n]+$/,
      );
      expect(channel.tls).toBeNull();
    } else expect(channel.tls!.authorized).toBe(!("rejectUnauthorized" in options));
  });

  it.each(["TLSv1.2", "TLSv1.3"] as const)(
    "resumes the session of another: %s",
    async (version) => {
      const [reactor] = listening(world());
      const listener = await reactor.listen({ port: 0 }, { tls: server.server });
      const address = {
        host: "localhost",
        port: (listener.localAddress as { port: number }).port,
      };
      const tls = { ca: authority.cert, maxVersion: version };
      const dial = async (session?: Uint8Array): Promise<Channel> => {
        const channel = reactor.connect(address, {
          tls: session === undefined ? tls : { ...tls, session },
        });
        await world().until(() => listener.waiting === 1, "the handshake");
        listener.accept()!.write(Buffer.from("hello"));
        await world().until(() => channel.unread === 5, "the first bytes");
        return channel;
      };
      const first = await dial();
      expect(first.tls!.resumed).toBe(false);
      const second = await dial(first.tls!.session!);
      expect(second.tls).toMatchObject({ resumed: true, authorized: true, protocol: version });
      const forgotten = await dial(Buffer.from("nothing that any server knows"));
      expect(forgotten.tls).toMatchObject({ resumed: false, authorized: true });
    },
  );

  it("a server that does not speak TLS is an error, and so is one that closes", async () => {
    for (const [answer, expected] of [
      ["220 hello\r\n", "ERR_SSL_WRONG_VERSION_NUMBER"],
      ["", "ECONNRESET"],
    ] as const) {
      const raw = net.createServer((socket) => {
        socket.on("error", () => undefined);
        socket.end(answer);
      });
      await new Promise<void>((resolve) => raw.listen(0, "127.0.0.1", resolve));
      const reactor = world().createReactor();
      const { port } = raw.address() as net.AddressInfo;
      const channel = reactor.connect({ port }, { tls: {} });
      record(reactor, channel, WRITABLE);
      await world().until(() => channel.state === "closed", "the failure");
      expect(code(channel)).toBe(expected);
      raw.close();
    }
  });

  it("tlsHandshakeMs holds for a server that stalls; timeoutMs covers all of it", async () => {
    const raw = net.createServer();
    await new Promise<void>((resolve) => raw.listen(0, "127.0.0.1", resolve));
    const { port } = raw.address() as net.AddressInfo;
    const reactor = world().createReactor({ tlsHandshakeMs: 5000 });
    const slow = reactor.connect({ port }, { tls: {} });
    const slower = reactor.connect({ port }, { tls: {}, timeoutMs: 1000 });
    await world().settle();
    await world().advance(1001);
    expect([slow.state, code(slower)]).toEqual(["connecting", "ETIMEDOUT"]);
    await world().advance(4001);
    expect(code(slow)).toBe("ETIMEDOUT");
    raw.close();
  });
});

/** A record that says it is a ClientHello and is none. */
const HELLO_OF_NO_USE = Buffer.from("1603010005010000010000", "hex");

/** Reads so many plain bytes of `raw`, having said its ClientHello before, and then speaks TLS. */
class PlainThenSecure {
  plain = Buffer.alloc(0);
  #peer: ReturnType<typeof secure> | null = null;

  constructor(raw: net.Socket, plainBytes: number) {
    // The client speaks to a pipe of ours, so that its hello can leave at once.
    const [near, far] = duplexPair();
    this.#peer = secure(near as unknown as net.Socket);
    far.on("data", (chunk: Buffer) => raw.write(chunk));
    raw.on("data", (chunk: Buffer) => {
      const missing = plainBytes - this.plain.length;
      if (missing > 0) this.plain = Buffer.concat([this.plain, chunk.subarray(0, missing)]);
      if (chunk.length > missing) far.write(chunk.subarray(Math.max(0, missing)));
    });
    setImmediate(() => raw.resume());
  }

  get received(): string {
    return this.#peer!.received();
  }
}

/** Two streams, each of which reads what is written to the other. */
function duplexPair(): [Duplex, Duplex] {
  const pair: Duplex[] = [0, 1].map(
    (side) =>
      new Duplex({
        read: () => undefined,
        write: (chunk, _, done) => {
          pair[1 - side]!.push(chunk);
          done();
        },
      }),
  );
  return pair as [Duplex, Duplex];
}
