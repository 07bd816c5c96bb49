/** await connection.startTls(): STARTTLS by coroutine, as a server and as a client. */
import type net from "node:net";

import { expect, it } from "vitest";

import { connect, createTlsContext, lines, type AsyncConnection, type TcpAddress } from "iomux";

import { awaiting, outcome, watch, type AsyncServing } from "../support/awaiting.ts";
import { authority, local } from "../support/certificates.ts";
import { dialRaw, secure } from "../support/tls-peers.ts";
import { onNetworks, type World } from "../support/world.ts";

const LINES = { framer: () => lines() };
const server = { server: createTlsContext(local) };
const client = { client: { servername: "localhost", ca: authority.cert } };

interface Met {
  readonly served: AsyncServing;
  readonly connection: AsyncConnection;
  readonly socket: net.Socket;
}

/** A connection that was accepted, and a raw client. */
async function meet(world: World, options = {}): Promise<Met> {
  const served = await awaiting(world, { ...LINES, ...options }, { tlsHandshakeMs: 3000 });
  const accepted = watch(served.server.accept());
  const socket = dialRaw({ localAddress: served.server.addresses[0] } as never);
  await world.until(() => accepted.settled, "the connection");
  return { served, connection: accepted.value!, socket };
}

onNetworks([["net", "tcp"]], "await connection.startTls()", (world) => {
  it("both sides by coroutine: commands in plain, then in secret", async () => {
    const served = await awaiting(world(), LINES);
    const over = watch(
      served.server.each(async (connection) => {
        expect(await connection.readLine()).toBe("AUTH TLS");
        await connection.send(Buffer.from("234 go ahead\r\n"));
        const { protocol } = await connection.startTls(server);
        expect([protocol, connection.channel.tls!.protocol]).toEqual(["TLSv1.3", "TLSv1.3"]);
        for await (const line of connection)
          await connection.send(Buffer.from(`${line.toString()}!\n`));
      }),
    );
    const address = served.server.addresses[0] as TcpAddress;
    const dialled = await outcome(world(), connect(served.reactor, address, LINES));
    const ours = dialled.value!;
    await ours.send(Buffer.from("AUTH TLS\r\n"));
    expect((await outcome(world(), ours.readLine())).value).toBe("234 go ahead");
    const secured = await outcome(world(), ours.startTls(client));
    expect(secured.value).toMatchObject({ authorized: true });
    await ours.send(Buffer.from("secret\n"));
    expect((await outcome(world(), ours.read())).value!.toString()).toBe("secret!");
    ours.end();
    await world().until(() => served.server.connections.size === 0, "the end");
    await world().run(served.server.close());
    expect([over.error, served.reports]).toEqual([undefined, []]);
  });

  it("rejects with reason tls if it fails, also while nothing is read", async () => {
    const { connection, socket } = await meet(world());
    socket.write("one\ntwo\n");
    expect((await outcome(world(), connection.readLine())).value).toBe("one");
    expect((await outcome(world(), connection.readLine())).value).toBe("two");
    const securing = watch(connection.startTls(server));
    socket.write("not TLS at all");
    await world().until(() => securing.settled, "the failure");
    expect([securing.text, securing.error!.reason]).toEqual([
      ...["ERR_SSL_WRONG_VERSION_NUMBER", "tls"],
    ]);
    expect(securing.error!.message).toMatch(/^cannot start TLS on fd \d+: it is closed \(tls\)/);
    const after = await outcome(world(), connection.startTls(server));
    expect(after.error).toMatchObject({ name: "ConnectionClosedError", reason: "tls" });
  });

  it("a registration that was paused for what nobody read hears of the failure too", async () => {
    const { connection, socket } = await meet(world());
    socket.write("one\n");
    await world().until(() => connection.channel.unread > 0, "the line");
    await world().settle();
    expect((await outcome(world(), connection.readLine())).value).toBe("one");
    const securing = watch(connection.startTls(server));
    socket.resetAndDestroy();
    await world().until(() => securing.settled, "the failure");
    expect(securing.error!.reason).toBe("tls");
  });

  it("plain text after the command throws; if nobody catches it, reason protocol", async () => {
    const { connection, socket, served } = await meet(world());
    const next = watch(
      served.server.each(async (other) => {
        await other.readLine();
        await other.startTls(server);
      }),
    );
    socket.write("AUTH TLS\nRSET\n");
    await outcome(world(), connection.readLine());
    const refused = expect.objectContaining({ code: "IOMUX_UNREAD_PLAINTEXT" }) as Error;
    expect(() => connection.startTls(server)).toThrow(refused);
    expect((await outcome(world(), connection.readLine())).value).toBe("RSET");
    const eve = dialRaw({ localAddress: served.server.addresses[0] } as never);
    eve.write("AUTH TLS\nRSET\n");
    await world().until(() => served.server.stats().closed.protocol === 1, "its end");
    connection.abort();
    await world().run(served.server.close());
    expect([next.error, served.reports]).toEqual([undefined, []]);
  });

  it("what a readLine() had begun to throw away is forgotten", async () => {
    const { connection, socket } = await meet(world());
    socket.write("x".repeat(50));
    const long = await outcome(world(), connection.readLine({ maxBytes: 10 }));
    expect(long.text).toBe("IOMUX_FRAME_TOO_LONG");
    const none = await outcome(world(), connection.readLine({ maxBytes: 10, timeoutMs: 0 }));
    expect(none.text).toBe("IOMUX_TIMED_OUT");
    const securing = watch(connection.startTls(server));
    const peer = secure(socket);
    await world().until(() => securing.settled, "the handshake");
    peer.socket.write("secret\n");
    const line = await outcome(world(), connection.readLine({ maxBytes: 10 }));
    expect(line.value).toBe("secret");
  });

  it("another framer cuts the stream from then on, also for read()", async () => {
    const { connection, socket } = await meet(world());
    const securing = watch(connection.startTls({ ...server, framer: lines({ maxBytes: 5 }) }));
    const peer = secure(socket);
    await world().until(() => securing.settled, "the handshake");
    peer.socket.write("short\nover-long\n");
    expect((await outcome(world(), connection.read())).value!.toString()).toBe("short");
    expect((await outcome(world(), connection.read())).text).toBe("IOMUX_FRAME_TOO_LONG");
  });

  it("a frame larger than all that may wait leaves in plain first", async () => {
    const { connection, socket } = await meet(world(), { maxOutputBytes: 100_000 });
    const sent = watch(connection.send(Buffer.alloc(20_000_000, "x")));
    await world().settle();
    expect(sent.text).toBe("pending");
    const securing = watch(connection.startTls(server));
    let plain = 0;
    socket.on("data", (chunk: Buffer) => (plain += chunk.length));
    await world().until(() => plain === 20_000_000, "all of it");
    socket.removeAllListeners("data");
    secure(socket);
    await world().until(() => securing.settled && sent.settled, "both");
    expect([sent.value, securing.value!.protocol]).toEqual([true, "TLSv1.3"]);
  });

  it("a wait that is given up leaves the handshake under way", async () => {
    const { connection, socket } = await meet(world());
    const securing = watch(connection.startTls({ ...server, timeoutMs: 100 }));
    await world().advance(100);
    expect(securing.text).toBe("IOMUX_TIMED_OUT");
    const now = await outcome(
      world(),
      (await meet(world())).connection.startTls({
        ...server,
        timeoutMs: 0,
      }),
    );
    expect(now.text).toBe("IOMUX_TIMED_OUT");
    const read = watch(connection.readLine());
    const peer = secure(socket);
    peer.socket.write("secret\n");
    await world().until(() => read.settled, "the line");
    expect(read.value).toBe("secret");
  });

  it("an aborted signal begins nothing; while a read waits it throws", async () => {
    const { connection, socket } = await meet(world());
    const signal = AbortSignal.abort();
    const aborted = await outcome(world(), connection.startTls({ ...server, signal }));
    expect([aborted.error!.name, connection.channel.state]).toEqual(["AbortError", "open"]);
    const read = watch(connection.read());
    expect(() => connection.startTls(server)).toThrow(
      expect.objectContaining({ code: "IOMUX_READ_TWICE" }),
    );
    socket.write("still plain\n");
    await world().until(() => read.settled, "the line");
    expect(read.value!.toString()).toBe("still plain");
    for (const options of [null, {}, { ...server, timeoutMs: -1 }, { ...server, later: 1 }]) {
      expect(() => connection.startTls(options as never)).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/^IOMUX_BAD_/) as string }),
      );
    }
  });
});
