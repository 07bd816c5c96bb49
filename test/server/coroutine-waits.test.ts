/** What ends a wait: its time, its signal, and each of the ways in which a connection ends. */
import { expect, it } from "vitest";

import { AbortError, ConnectionClosedError, lines, type ServeOptions } from "iomux";

import {
  awaiting,
  onEveryAsyncServer,
  onStillAsyncServers,
  outcome,
  watch,
  type AsyncGuest,
  type AsyncServing,
} from "../support/awaiting.ts";
import { turns } from "../support/crowd.ts";
import { fill } from "../support/record.ts";
import { onNetworks } from "../support/world.ts";

const LINES: ServeOptions<Buffer> = { framer: () => lines() };

onStillAsyncServers("a time limit", (world) => {
  it("rejects at its time and not before, and what comes later is for the next read", async () => {
    const served = await awaiting(world(), LINES);
    const { connection, peer } = await served.join();
    const read = watch(connection.read({ timeoutMs: 1000 }));
    peer.write("begun, ");
    await world().until(() => connection.channel.bytesIn === 7, "a part");
    await world().advance(999);
    expect(read.text).toBe("pending");
    await world().advance(1);
    expect([read.text, connection.state]).toEqual(["IOMUX_TIMED_OUT", "open"]);
    peer.write("and done\n");
    expect((await outcome(world(), connection.read())).text).toBe('"begun, and done"');
  });

  it("given up, nothing is read until the next read", async () => {
    const served = await awaiting(world(), LINES);
    const { connection, peer } = await served.join();
    const read = watch(connection.read({ timeoutMs: 10 }));
    await world().advance(10);
    expect(read.text).toBe("IOMUX_TIMED_OUT");
    peer.write("later\n");
    await world().until(() => connection.channel.bytesIn === 6, "the line");
    await turns(world(), served.reactor, 3);
    expect(connection.channel.unread).toBe(6);
    expect((await outcome(world(), connection.readLine())).text).toBe('"later"');
  });

  it("0 does not wait, and answers what is here", async () => {
    const served = await awaiting(world(), LINES);
    const { connection, peer } = await served.join();
    const now = { timeoutMs: 0 };
    expect((await outcome(world(), connection.read(now))).text).toBe("IOMUX_TIMED_OUT");
    peer.write("here\n");
    await world().until(() => connection.channel.unread === 5, "the line");
    expect((await outcome(world(), connection.read(now))).text).toBe('"here"');
    expect((await outcome(world(), served.server.accept(now))).text).toBe("IOMUX_TIMED_OUT");
  });

  it("that was not needed is no timer any more, and keeps no process alive", async () => {
    const served = await awaiting(world(), LINES);
    const { connection, peer } = await served.join();
    const { timers } = served.reactor.stats();
    const read = watch(connection.read({ timeoutMs: 60_000 }));
    expect(served.reactor.stats().timers).toBe(timers + 1);
    peer.write("x\n");
    await world().until(() => read.settled, "the line");
    expect(served.reactor.stats().timers).toBe(timers);
    connection.abort();
    void served.server.accept({ timeoutMs: 1000 });
    for (const { descriptor } of served.reactor.registrations.values()) descriptor.close();
    await world().until(() => served.reactor.stats().open === 0, "nothing to be open");
    expect(world().alive).toBe(false);
  });
});

onStillAsyncServers("a signal", (world) => {
  it("aborted before, or meanwhile: AbortError with its reason, and nothing is lost", async () => {
    const served = await awaiting(world(), LINES);
    const { connection, peer } = await served.join();
    const before = await outcome(world(), connection.read({ signal: AbortSignal.abort("no") }));
    expect(before.error).toBeInstanceOf(AbortError);
    expect([before.text, before.error!.cause]).toEqual(["ABORT_ERR", "no"]);
    const controller = new AbortController();
    const read = watch(connection.read({ signal: controller.signal }));
    controller.abort("enough");
    await world().passes(1);
    expect([read.text, read.error!.cause]).toEqual(["ABORT_ERR", "enough"]);
    peer.write("kept\n");
    const later = connection.read({ signal: new AbortController().signal });
    expect((await outcome(world(), later)).text).toBe('"kept"');
  });

  it("aborted after the answer does nothing", async () => {
    const served = await awaiting(world(), LINES);
    const { connection, peer } = await served.join();
    const controller = new AbortController();
    peer.write("a\nb\n");
    const options = { signal: controller.signal, timeoutMs: 50 };
    expect((await outcome(world(), connection.read(options))).text).toBe('"a"');
    controller.abort();
    await world().advance(100);
    expect((await outcome(world(), connection.read())).text).toBe('"b"');
  });
});

type End = (served: AsyncServing, guest: AsyncGuest) => unknown;

const ENDS: Record<string, [End, string, string]> = {
  "end()": [(_, { connection }) => connection.end(), "IOMUX_CONNECTION_CLOSED", "local"],
  "abort()": [(_, { connection }) => connection.abort(), "IOMUX_CONNECTION_CLOSED", "abort"],
  "abort(error)": [
    (_, { connection }) => connection.abort(Object.assign(new Error("own"), { code: "EOWN" })),
    "EOWN",
    "abort",
  ],
  "channel.abort()": [
    (_, { connection }) => connection.channel.abort(),
    "IOMUX_CONNECTION_CLOSED",
    "abort",
  ],
  "server.close()": [
    ({ server }) => void server.close({ drainMs: 100 }),
    "IOMUX_CONNECTION_CLOSED",
    "shutdown",
  ],
  "reactor.close()": [
    ({ reactor }) => void reactor.close({ drainMs: 0 }),
    "IOMUX_CONNECTION_CLOSED",
    "shutdown",
  ],
  idleMs: [({ world }) => world.advance(500), "IOMUX_CUT_OFF", "idle"],
};

onEveryAsyncServer("every wait is settled by", (world) => {
  it.each(Object.entries(ENDS))("%s", async (_name, [end, code, reason]) => {
    const served = await awaiting(world(), { ...LINES, idleMs: 500, highWaterMark: 1000 });
    const guest = await served.join();
    const { connection } = guest;
    const read = watch(connection.read());
    const closed = watch(connection.closed);
    const { signal } = connection;
    await end(served, guest);
    await world().passes(2);
    expect([read.text, read.error?.reason]).toEqual([code, reason]);
    expect(read.error).toBeInstanceOf(ConnectionClosedError);
    expect(signal.aborted).toBe(true);
    for (const late of [connection.read(), connection.send(Buffer.from("x"))]) {
      const { error } = await outcome<unknown>(world(), late);
      expect([error!.code, error!.reason]).toEqual([code, reason]);
    }
    guest.peer.destroy();
    if (_name !== "reactor.close()") {
      await world().until(() => closed.settled, "the connection to be over");
      expect(closed.value).toBe(reason);
    }
  });

  const SENDING_ENDS: typeof ENDS = {
    ...ENDS,
    // It is at work until then.
    "server.close(), at drainMs": [
      ({ server, world }) => {
        void server.close({ drainMs: 100 });
        return world.advance(100);
      },
      "ETIMEDOUT",
      "shutdown",
    ],
  };
  delete SENDING_ENDS["server.close()"];
  delete SENDING_ENDS.idleMs;

  it.each(Object.entries(SENDING_ENDS))(
    "%s: sends that wait, too",
    async (_name, [end, code, reason]) => {
      const served = await awaiting(world(), { highWaterMark: 1000, maxOutputBytes: 5000 });
      const guest = await served.join();
      guest.peer.pause();
      await fill(world(), guest.connection.channel);
      const sends = [watch(guest.connection.send(Buffer.alloc(10)))];
      sends.push(watch(guest.connection.send(Buffer.alloc(10_000))));
      await world().passes(2);
      expect(sends.map(({ text }) => text)).toEqual(["pending", "pending"]);
      await end(served, guest);
      await world().passes(2);
      for (const { error } of sends) expect([error?.code, error?.reason]).toEqual([code, reason]);
      guest.peer.destroy();
    },
  );

  it("nobody who waits: no promise is rejected behind anybody's back", async () => {
    const served = await awaiting(world(), { ...LINES, highWaterMark: 1000 });
    const { connection, peer } = await served.join();
    peer.pause();
    await fill(world(), connection.channel);
    void connection.read();
    void connection.send(Buffer.alloc(10));
    void served.server.accept({ timeoutMs: 5 });
    connection.abort();
    void connection.read();
    void connection.send(Buffer.alloc(10));
    void connection.read({ signal: AbortSignal.abort() });
    await world().advance(10);
    await world().passes(4);
  });
});

onNetworks(
  [
    ["net", "tcp"],
    ["memory", "tcp"],
  ],
  "a reset, which only TCP has",
  (world) => {
    it("rejects a read that waits, with its code and reason", async () => {
      const served = await awaiting(world(), LINES);
      const { connection, peer } = await served.join();
      const read = watch(connection.read());
      peer.reset();
      await world().until(() => read.settled, "the reset");
      expect([read.text, read.error!.reason]).toEqual(["ECONNRESET", "reset"]);
      expect(connection.error).toBe(read.error!.cause);
    });

    it("comes after every frame that came before it, however slowly they are read", async () => {
      const served = await awaiting(world(), LINES);
      const { connection, peer } = await served.join();
      peer.write("a\nb\nc\nd");
      const first = connection.read();
      expect((await outcome(world(), first)).text).toBe('"a"');
      peer.reset();
      await world().until(() => connection.channel.state === "failed", "the reset");
      const seen: string[] = [];
      for (let i = 0; i < 3; i++) {
        await turns(world(), served.reactor, 5);
        expect(connection.state).toBe("open");
        seen.push((await outcome(world(), connection.read())).text);
      }
      expect(seen).toEqual(['"b"', '"c"', "ECONNRESET"]);
      expect(connection.reason).toBe("reset");
    });

    it("does not wait for frames longer than unreadMs", async () => {
      const served = await awaiting(world(), LINES, { unreadMs: 500 });
      const { connection, peer } = await served.join();
      peer.write("a\nb\n");
      expect((await outcome(world(), connection.read())).text).toBe('"a"');
      peer.reset();
      await world().until(() => connection.channel.state === "failed", "the reset");
      await world().advance(499);
      expect(connection.state).toBe("open");
      await world().advance(1);
      await turns(world(), served.reactor);
      expect([connection.state, connection.reason]).toEqual(["closed", "reset"]);
      expect((await outcome(world(), connection.read())).text).toBe("ECONNRESET");
      expect(served.bufferedBytes).toBe(0);
    });
  },
);
