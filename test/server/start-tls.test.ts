/** connection.startTls(): a connection of a server becomes a secure one, in place. */
import type net from "node:net";

import { expect, it } from "vitest";

import {
  createTlsContext,
  lines,
  raw,
  type Callbacks,
  type Connection,
  type ConnectionTlsOptions,
  type ReactorOptions,
  type ServeOptions,
} from "iomux";

import { authority, local } from "../support/certificates.ts";
import { frame, framesIn, onServers, servingLines, type Serving } from "../support/serving.ts";
import { dialRaw, secure, type TlsPeer } from "../support/tls-peers.ts";
import type { World } from "../support/world.ts";

const server = { server: createTlsContext(local) };
const client = { client: { servername: "localhost", ca: authority.cert } };

interface Plain {
  readonly served: Serving;
  readonly connection: Connection;
  readonly socket: net.Socket;
  /** What came in plain. */
  readonly text: () => string;
}

/** Answers AUTH with a go-ahead and TLS, and everything else in capitals. */
function answering(
  options: ConnectionTlsOptions = server,
): NonNullable<Callbacks<Buffer, undefined>["frame"]> {
  return (connection, line) => {
    if (line.toString() !== "AUTH") {
      connection.send(Buffer.from(`${line.toString().toUpperCase()}\n`));
      return;
    }
    connection.send(Buffer.from("234 go ahead\n"));
    connection.startTls(options);
  };
}

async function plain(
  world: World,
  callbacks: Callbacks<Buffer, undefined> = {},
  options: ServeOptions<Buffer> = {},
  reactor: ReactorOptions = {},
): Promise<Plain> {
  const given = { frame: answering(), ...callbacks };
  const served = await servingLines(world, options, given, reactor);
  const socket = dialRaw({ localAddress: served.server.addresses[0] } as never);
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  await world.until(() => served.opened.length === 1, "the connection");
  const text = (): string => Buffer.concat(chunks).toString();
  return { served, connection: served.opened[0]!, socket, text };
}

/** The peer asks for TLS, waits for the go-ahead, and speaks it from then on. */
async function upgraded(world: World, { socket, text }: Plain): Promise<TlsPeer> {
  socket.write("AUTH\n");
  await world.until(() => text().endsWith("234 go ahead\n"), "the go-ahead");
  socket.removeAllListeners("data");
  const peer = secure(socket);
  await world.until(() => peer.log.includes("secure"), "the handshake");
  return peer;
}

onServers([["net", "tcp"]], "connection.startTls()", (world) => {
  it("the answer leaves in plain, then frames flow on, secure, on the same connection", async () => {
    const there = await plain(world());
    const { connection, served, socket, text } = there;
    socket.write("hello\n");
    await world().until(() => text() === "HELLO\n", "the answer");
    const { fd } = connection;
    const peer = await upgraded(world(), there);
    expect(text()).toBe("HELLO\n234 go ahead\n");
    peer.socket.write("again\n");
    await world().until(() => peer.received() === "AGAIN\n", "the secure answer");
    expect([connection.fd, connection.state, connection.channel.tls!.protocol]).toEqual([
      ...[fd, "open", "TLSv1.3"],
    ]);
    expect(served.frames).toEqual(["hello", "AUTH", "again"]);
    peer.socket.end();
    expect(await served.closedFor(connection)).toBe("end");
  });

  it("secure is called once it is done, and before any frame; what it throws costs the connection", async () => {
    const seen: unknown[] = [];
    const callbacks: Callbacks<Buffer, undefined> = {
      frame(connection, line) {
        seen.push(line.toString());
        if (line.toString() === "AUTH") void answering()(connection, line);
        seen.push(connection.channel.tls?.protocol);
      },
      secure({ channel }) {
        seen.push(channel.tls!.protocol, channel.state);
        throw new Error("a bug");
      },
    };
    const there = await plain(world(), callbacks);
    const peer = await upgraded(world(), there);
    peer.socket.write("hello\n");
    expect(await there.served.closedFor(there.connection)).toBe("handler-error");
    expect(seen).toEqual(["AUTH", undefined, "TLSv1.3", "open"]);
    expect(there.served.reports.map(({ error }) => error.message)).toEqual(["a bug"]);
  });

  it("what is sent from the call on leaves once it is secure", async () => {
    const frame: Callbacks<Buffer, undefined>["frame"] = (connection, line) => {
      void answering()(connection, line);
      expect(connection.send(Buffer.from("220 secret\n"))).toBe(true);
      expect(connection.backlog).toBeGreaterThanOrEqual(11);
    };
    const there = await plain(world(), { frame });
    const peer = await upgraded(world(), there);
    await world().until(() => peer.received() === "220 secret\n", "what was sent");
    expect(there.text()).toBe("234 go ahead\n");
    expect(there.connection.backlog).toBe(0);
  });

  it("output over every mark leaves in plain, whole and in order, before the handshake", async () => {
    const there = await plain(world(), {}, { maxOutputBytes: 8_000_000 });
    const { connection, socket } = there;
    socket.pause();
    let count = 0;
    while (count < 100 && connection.send(frame(count, 65_536))) count++;
    expect(connection.backlog - connection.channel.queued).toBeGreaterThan(1_000_000);
    connection.startTls(server);
    expect(connection.backlog).toBe(connection.channel.queued);
    expect(connection.send(frame(999))).toBe(true);
    const chunks: Buffer[] = [];
    const received = (): number => chunks.reduce((sum, { length }) => sum + length, 0);
    socket.removeAllListeners("data");
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.resume();
    await world().until(() => received() >= count * 65_536, "all that was plain");
    socket.removeAllListeners("data");
    const peer = secure(socket);
    await world().until(() => peer.bytes().length >= 100, "what was sent meanwhile");
    const numbers = Array.from({ length: count }, (_, number) => number);
    expect(framesIn(Buffer.concat(chunks))).toEqual(numbers);
    expect(framesIn(peer.bytes())).toEqual([999]);
  });

  it.each([
    ["with the command", "AUTH\nRSET\n"],
    ["as half a line", "AUTH\nRSE"],
  ])("plain text that comes %s is refused: protocol, and no report", async (_, text) => {
    const { connection, served, socket } = await plain(world());
    socket.write(text);
    expect(await served.closedFor(connection)).toBe("protocol");
    expect(connection.error).toMatchObject({ code: "IOMUX_UNREAD_PLAINTEXT", fd: connection.fd });
    expect([served.frames, served.reports]).toEqual([["AUTH"], []]);
  });

  it("plain text that waits in the channel is refused too", async () => {
    let finish = (): void => undefined;
    const codes: unknown[] = [];
    const frame: Callbacks<Buffer, undefined>["frame"] = async (connection, line) => {
      if (line.toString() !== "AUTH") return;
      await new Promise<void>((resolve) => (finish = resolve));
      try {
        connection.startTls(server);
      } catch (error) {
        codes.push((error as NodeJS.ErrnoException).code);
      }
    };
    const { connection, served, socket } = await plain(world(), { frame });
    socket.write("AUTH\n");
    await world().until(() => served.frames.length === 1, "the command");
    socket.write("RSET\n");
    await world().until(() => connection.channel.unread > 0, "the injection");
    finish();
    await world().until(() => served.frames.length === 2, "the next command");
    // Who catches it goes on in plain.
    expect([codes, connection.state]).toEqual([["IOMUX_UNREAD_PLAINTEXT"], "open"]);
  });

  it("what a filter has swallowed, or is at work on, does not reach the secure stream", async () => {
    let began = false;
    const codes: unknown[] = [];
    const { connection, served, socket } = await plain(world());
    connection.filter((bytes) => {
      if (began) throw new Error("a filter of the plain stream");
      if (bytes.toString() !== "now\n") return bytes.subarray(0, 0);
      try {
        connection.startTls(server);
      } catch (error) {
        codes.push((error as NodeJS.ErrnoException).code);
      }
      return bytes;
    });
    socket.write("swallowed");
    await world().until(() => connection.channel.bytesIn === 9, "it");
    socket.write("now\n");
    await world().until(() => served.frames.length === 1, "the line");
    expect(codes).toEqual(["IOMUX_UNREAD_PLAINTEXT"]);
    connection.startTls(server);
    began = true;
    const peer = secure(socket);
    peer.socket.write("secure\n");
    await world().until(() => served.frames.length === 2, "the secure line");
    expect(served.frames).toEqual(["now", "secure"]);
  });

  it("the framer begins afresh, made anew, or another one cuts the stream", async () => {
    let made = 0;
    const framer = (): ReturnType<typeof lines> => {
      made++;
      return lines();
    };
    const there = await plain(world(), {}, { framer });
    expect(made).toBe(1);
    await upgraded(world(), there);
    expect(made).toBe(2);
    const other = await plain(world(), { frame: answering({ ...server, framer: raw() }) });
    const peer = await upgraded(world(), other);
    peer.socket.write("no line");
    await world().until(() => other.served.frames.length === 2, "the bytes");
    expect(other.served.frames).toEqual(["AUTH", "no line"]);
  });

  it("a handshake that fails closes it with reason tls, and the error says why", async () => {
    const { connection, served, socket } = await plain(world());
    socket.write("AUTH\n");
    await world().until(() => connection.channel.state === "connecting", "the handshake");
    socket.write("RSET\r\n and more that is no TLS");
    expect(await served.closedFor(connection)).toBe("tls");
    expect(connection.error).toMatchObject({ code: "ERR_SSL_WRONG_VERSION_NUMBER" });
    expect(connection.error!.message).toMatch(/^TLS handshake with 127\.0\.0\.1:\d+ failed: /);
    expect(served.frames).toEqual(["AUTH"]);
  });

  it.each(["reset", "FIN"])("a %s in mid-handshake is reason tls too", async (how) => {
    const { connection, served, socket } = await plain(world());
    socket.write("AUTH\n");
    await world().until(() => connection.channel.state === "connecting", "the handshake");
    if (how === "reset") socket.resetAndDestroy();
    else socket.end();
    expect(await served.closedFor(connection)).toBe("tls");
    expect(connection.error).toMatchObject({ code: "ECONNRESET" });
  });

  it("it has tlsHandshakeMs, in which it is not idle, even if it is paused", async () => {
    const limits = { idleMs: 1000 };
    const there = await plain(world(), {}, limits, { tlsHandshakeMs: 3000 });
    const { connection, served, socket, text } = there;
    socket.write("AUTH\n");
    await world().until(() => text() !== "", "the go-ahead");
    connection.pause();
    await world().advance(2900);
    expect(connection.state).toBe("open");
    await world().advance(101);
    expect(await served.closedFor(connection)).toBe("tls");
    expect(connection.error).toMatchObject({ code: "ETIMEDOUT" });
  });

  it("after a slow handshake it has its whole idle time", async () => {
    const there = await plain(world(), {}, { idleMs: 1000 });
    const { connection, served, socket, text } = there;
    socket.write("AUTH\n");
    await world().until(() => text() !== "", "the go-ahead");
    await world().advance(2500);
    socket.removeAllListeners("data");
    secure(socket);
    await world().until(() => connection.channel.tls !== null, "the handshake");
    await world().advance(900);
    expect(connection.state).toBe("open");
    await world().advance(101);
    expect(await served.closedFor(connection)).toBe("idle");
  });

  it("a channel that is taken speaks as a client", async () => {
    let dialled: Connection | null = null;
    const frame: Callbacks<Buffer, undefined>["frame"] = (connection, line) => {
      if (connection !== dialled) return answering()(connection, line);
    };
    const served = await servingLines(world(), {}, { frame });
    const channel = served.reactor.connect(served.server.addresses[0] as { port: number });
    await world().until(() => channel.state === "open", "the connection");
    const connection = served.server.take(channel);
    dialled = connection;
    connection.send(Buffer.from("AUTH\n"));
    await world().until(() => served.frames.includes("234 go ahead"), "the go-ahead");
    connection.startTls(client);
    connection.send(Buffer.from("secret\n"));
    await world().until(() => served.frames.includes("SECRET"), "the secure answer");
    expect(connection.channel.tls).toMatchObject({ authorized: true });
    connection.abort();
  });

  it("end() lets what waits leave secure; close() of the server does not wait for a handshake", async () => {
    const frame: Callbacks<Buffer, undefined>["frame"] = (connection, line) => {
      void answering()(connection, line);
      connection.send(Buffer.from("bye\n"));
      connection.end();
    };
    const there = await plain(world(), { frame });
    const peer = await upgraded(world(), there);
    await world().until(() => peer.log.includes("end"), "its goodbye");
    expect(peer.received()).toBe("bye\n");
    peer.socket.end();
    expect(await there.served.closedFor(there.connection)).toBe("local");
    const other = await plain(world());
    other.socket.write("AUTH\n");
    await world().until(() => other.connection.channel.state === "connecting", "the handshake");
    await world().run(other.served.server.close());
    expect(other.connection.reason).toBe("shutdown");
  });

  it("misuse throws, and changes nothing", async () => {
    const there = await plain(world());
    const { connection, served } = there;
    for (const options of [{}, null, { ...server, ...client }, { ...server, framer: {} }]) {
      expect(() => {
        connection.startTls(options as never);
      }).toThrow(expect.objectContaining({ code: "IOMUX_BAD_ARGUMENT" }));
    }
    expect(() => {
      served.reactor.startTls(connection.channel, server);
    }).toThrow(/it belongs to a connection of serve\(\): call startTls\(\) of that$/);
    const peer = await upgraded(world(), there);
    expect(() => {
      connection.startTls(server);
    }).toThrow(expect.objectContaining({ code: "IOMUX_CANNOT_START_TLS" }));
    peer.socket.write("still here\n");
    await world().until(() => peer.received() === "STILL HERE\n", "the answer");
    const { connection: gone } = await plain(world());
    gone.abort();
    gone.startTls(server);
    expect([gone.state, gone.channel.state]).toEqual(["closed", "closed"]);
  });
});
