/** Promise 23 of the times of a connection: handshake, write progress, lifetime; and lazy timers. */
import { expect, it, vi } from "vitest";

import { READABLE, type Connection } from "iomux";

import {
  type Guest,
  onEveryServer,
  onStillServers,
  sendUntilStuck,
  type Serving,
  servingLines,
} from "../support/serving.ts";

const NONE = { handshakeMs: 0, idleMs: 0, writeProgressMs: 0, lifetimeMs: 0 };

function cutOffFor({ error }: Connection): string {
  expect(error).toMatchObject({ code: "IOMUX_CUT_OFF" });
  return error!.message;
}

/** The peer reads until something has left, and no more. */
async function readALittle({ world }: Serving, { connection, peer }: Guest): Promise<void> {
  const { bytesOut } = connection.channel;
  peer.resume();
  await world.until(() => connection.channel.bytesOut > bytesOut, "output to leave");
  peer.pause();
}

onStillServers("times: handshakeMs", (world) => {
  it("23: without establish() a connection is cut off at handshakeMs, and not before", async () => {
    const served = await servingLines(world(), { ...NONE, handshakeMs: 1000 });
    const { connection, peer } = await served.join();
    for (let i = 0; i < 9; i++) {
      peer.write("still talking\n");
      await world().advance(111);
    }
    expect(served.reasonsOf(connection)).toEqual([]);
    await world().advance(1);
    expect(await served.closedFor(connection)).toBe("handshake");
    expect(cutOffFor(connection)).toContain(
      "was not established within 1000 ms (limit handshakeMs)",
    );
    expect(served.reactor.stats().timers).toBe(served.timersBefore);
  });

  it("23: after establish() it counts no more", async () => {
    const served = await servingLines(world(), { ...NONE, handshakeMs: 1000 });
    const { connection } = await served.join();
    await world().advance(999);
    connection.establish();
    await world().advance(100_000);
    expect([connection.state, served.reactor.stats().timers]).toEqual(["open", 0]);
  });

  it("23: who was told to go during the handshake may still read why", async () => {
    const served = await servingLines(world(), { ...NONE, handshakeMs: 1000 });
    const guest = await served.join();
    const sent = await sendUntilStuck(served, guest);
    guest.connection.end();
    await world().advance(1001);
    expect(guest.connection.state).toBe("ending");
    guest.peer.resume();
    await world().until(() => guest.peer.ended, "the end");
    expect(guest.peer.received.equals(sent)).toBe(true);
    guest.peer.end();
    expect(await served.closedFor(guest.connection)).toBe("local");
    expect(guest.connection.error).toBeNull();
  });
});

onEveryServer("times: writeProgressMs", (world) => {
  it("23: what is sent besides does not begin it anew", async () => {
    const served = await servingLines(world(), { ...NONE, writeProgressMs: 1000 });
    const guest = await served.join();
    await sendUntilStuck(served, guest);
    for (let i = 0; i < 15; i++) {
      guest.connection.send(Buffer.from("more"));
      await world().advance(100);
    }
    expect(await served.closedFor(guest.connection)).toBe("write-stalled");
  });

  it("23: it counts after end() too, and the reason stays the first cause", async () => {
    const served = await servingLines(world(), { ...NONE, writeProgressMs: 1000 });
    const guest = await served.join();
    await sendUntilStuck(served, guest);
    guest.connection.end();
    await world().advance(1500);
    expect(await served.closedFor(guest.connection)).toBe("local");
    expect(cutOffFor(guest.connection)).toContain("(limit writeProgressMs)");
  });

  it("23: 0: output may wait for ever", async () => {
    const served = await servingLines(world(), NONE);
    const guest = await served.join();
    await sendUntilStuck(served, guest);
    await world().advance(10_000_000);
    expect(guest.connection.state).toBe("open");
  });
});

onEveryServer("times: writeProgressMs, exactly where nothing is late", (world) => {
  const LIMIT_MS = 100_000;
  const limits = { ...NONE, writeProgressMs: LIMIT_MS };

  /** Output has stopped: it is open until the time is up, and not much longer. */
  async function expectStalled(served: Serving, { connection }: Guest, mostMs: number) {
    const { slackMs } = world();
    await world().advance(LIMIT_MS - 1 - slackMs);
    expect(connection.state).toBe("open");
    await world().advance(mostMs - LIMIT_MS + 1 + 2 * slackMs);
    expect(await served.closedFor(connection)).toBe("write-stalled");
  }

  it("23, F14: nothing leaves: cut off between once and one and a half times", async () => {
    const served = await servingLines(world(), limits);
    const guest = await served.join();
    await sendUntilStuck(served, guest);
    await expectStalled(served, guest, 1.5 * LIMIT_MS);
    expect(cutOffFor(guest.connection)).toMatch(
      /had \d+ bytes of output waiting, of which none left for 100000 ms \(limit writeProgressMs\)/,
    );
    expect(served.reactor.stats().timers).toBe(served.timersBefore);
  });

  it("23: it counts from when output waits, not from what left long before", async () => {
    const served = await servingLines(world(), limits);
    const guest = await served.join();
    for (let i = 0; i < 10; i++) {
      guest.connection.send(Buffer.from("soon gone"));
      await world().advance(LIMIT_MS / 3);
    }
    await sendUntilStuck(served, guest);
    await expectStalled(served, guest, 1.5 * LIMIT_MS);
  });

  it("23: a look is never further than a quarter away", async () => {
    const served = await servingLines(world(), limits);
    const guest = await served.join();
    await sendUntilStuck(served, guest);
    await world().advance(0.26 * LIMIT_MS);
    await readALittle(served, guest);
    await sendUntilStuck(served, guest);
    await expectStalled(served, guest, 1.25 * LIMIT_MS);
  });

  it("23: it does not count while nothing waits", async () => {
    const served = await servingLines(world(), limits);
    const guest = await served.join();
    guest.connection.send(Buffer.from("soon gone"));
    await world().advance(10 * LIMIT_MS);
    expect(guest.connection.state).toBe("open");
    await sendUntilStuck(served, guest);
    await expectStalled(served, guest, 1.5 * LIMIT_MS);
  });

  it("23: what moves a little now and then is not cut off; what then stops is", async () => {
    const served = await servingLines(world(), { ...limits, idleMs: LIMIT_MS / 2 });
    const guest = await served.join();
    await sendUntilStuck(served, guest);
    for (let i = 0; i < 8; i++) {
      await world().advance(0.65 * LIMIT_MS);
      await readALittle(served, guest);
      await sendUntilStuck(served, guest);
    }
    await expectStalled(served, guest, 1.5 * LIMIT_MS);
  });
});

onStillServers("times: lifetimeMs", (world) => {
  it("23: it is cut off then, however busy it is", async () => {
    const served = await servingLines(world(), { ...NONE, idleMs: 200, lifetimeMs: 1000 });
    const { connection, peer } = await served.join();
    for (let i = 0; i < 9; i++) {
      peer.write("busy\n");
      await world().until(() => served.frames.length > i, "the line");
      connection.send(Buffer.from("so are we\n"));
      await world().advance(111);
    }
    expect(connection.state).toBe("open");
    await world().advance(1);
    expect(await served.closedFor(connection)).toBe("lifetime");
    expect(cutOffFor(connection)).toContain("stood for 1000 ms (limit lifetimeMs)");
  });
});

onStillServers("times: timers", (world) => {
  it("23: limits of 0 set no timer, and cut nobody off", async () => {
    const served = await servingLines(world(), NONE);
    const setTimer = vi.spyOn(served.reactor, "setTimer");
    const { connection, peer } = await served.join();
    peer.write("hello\n");
    await world().until(() => served.frames.length === 1, "the line");
    connection.send(Buffer.from("hello\n"));
    await world().advance(10_000_000);
    expect(connection.state).toBe("open");
    expect(setTimer).not.toHaveBeenCalled();
    expect(served.reactor.stats().timers).toBe(served.timersBefore);
  });

  it("23: none is set again while 10,000 bytes come and are answered", async () => {
    let bytes = 0;
    const served = await servingLines(
      world(),
      {
        handshakeMs: 60_000,
        idleMs: 1000,
        writeProgressMs: 1000,
        lifetimeMs: 60_000,
        framer: () => ({
          next: (input) => {
            bytes++;
            return input.take(1);
          },
        }),
      },
      { frame: (connection, frame) => void connection.send(frame) },
    );
    const setTimer = vi.spyOn(served.reactor, "setTimer");
    const { connection, peer } = await served.join();
    expect(setTimer).toHaveBeenCalledTimes(1);
    for (let i = 0; i < 10_000; i++) {
      peer.write("x");
      await world().passes(1);
    }
    await world().until(() => bytes === 10_000, "the bytes");
    // The one of the beginning, and the first look at output.
    expect(setTimer).toHaveBeenCalledTimes(2);
    expect(served.reactor.stats().timers).toBe(served.timersBefore + 1);
    // As time goes by: four looks at output in a second, each with a new one for the rest.
    for (let i = 0; i < 50; i++) {
      peer.write("x");
      await world().advance(100);
    }
    expect(setTimer.mock.calls.length).toBeLessThanOrEqual(2 + 5 * (4 + 4));
    connection.abort();
    expect(served.reactor.stats().timers).toBe(served.timersBefore);
  });
});

onEveryServer("times: the connection's own end", (world) => {
  it("23: connections that were taken have the same times", async () => {
    const served = await servingLines(world(), { ...NONE, lifetimeMs: 1000 });
    const { reactor } = served;
    const listener = await world().run(reactor.listen(world().address()));
    reactor.register(listener, READABLE, () => {
      listener.accept();
    });
    const connection = served.server.take(reactor.connect(listener.localAddress!));
    await world().advance(1000);
    expect(await served.closedFor(connection)).toBe("lifetime");
  });
});
