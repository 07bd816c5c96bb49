/** What peers that are turned away are told: `turnedAway` writes it, and limits bound it. */
import { expect, it } from "vitest";

import { isOver, onStillServers, servingLines } from "../support/serving.ts";

onStillServers("the gate: farewells", (world) => {
  it("what turnedAway writes arrives whole, and then the end, without a reset", async () => {
    const farewell = Buffer.alloc(20_000, "full. ");
    const served = await servingLines(
      world(),
      { maxConnections: 1 },
      { turnedAway: (_, __, channel) => channel.write(farewell) },
    );
    await served.join();
    const peer = served.dial();
    await world().until(() => peer.connected, "a connection");
    peer.write("what an eager client says at once\n");
    await world().until(() => peer.ended, "the end");
    expect(peer.received.equals(farewell)).toBe(true);
    expect(peer.errorCode).toBeNull();
    peer.end();
    await world().until(() => served.reactor.stats().open === 2, "its channel to be closed");
  });

  it("FAREWELL_MS: who does not end its side is let go, and has read its farewell", async () => {
    const served = await servingLines(
      world(),
      { maxConnections: 1 },
      { turnedAway: (_, __, channel) => channel.write(Buffer.from("full")) },
    );
    await served.join();
    const peer = served.dial();
    await world().until(() => peer.ended, "the end");
    await world().advance(249);
    expect(served.reactor.stats().open).toBe(3);
    await world().advance(1);
    await world().until(() => served.reactor.stats().open === 2, "its channel to be closed");
    expect([peer.received.toString(), peer.errorCode]).toEqual(["full", null]);
  });

  it("FAREWELL_MS: who does not read its farewell is reset", async () => {
    const served = await servingLines(
      world(),
      { maxConnections: 1 },
      {
        turnedAway(_, __, channel) {
          channel.setWaterMarks(20_000_000, 0);
          channel.write(Buffer.alloc(20_000_000));
        },
      },
    );
    await served.join();
    const peer = served.dial();
    await world().until(() => peer.connected, "a connection");
    peer.pause();
    await world().until(() => served.reactor.stats().open === 3, "the peer");
    await world().advance(249);
    expect(served.reactor.stats()).toMatchObject({ open: 3 });
    expect(served.bufferedBytes).toBeGreaterThan(0);
    await world().advance(1);
    await world().until(() => served.reactor.stats().open === 2, "its channel to be closed");
    expect(served.bufferedBytes).toBe(0);
  });

  it("MAX_FAREWELLS: so many at a time get one, the others are reset; who leaves makes room", async () => {
    const served = await servingLines(
      world(),
      { maxConnections: 1 },
      { turnedAway: (_, __, channel) => channel.write(Buffer.from("full")) },
    );
    await served.join();
    const peers = Array.from({ length: 140 }, () => served.dial());
    await world().until(() => peers.every(isOver), "all to be turned away");
    const told = peers.filter(({ received }) => received.toString() === "full");
    expect(told).toHaveLength(128);
    expect(served.reactor.stats().open).toBe(2 + 128);
    const late = served.dial();
    await world().until(() => isOver(late), "one more");
    expect(late.received.length).toBe(0);

    told[0]!.end();
    await world().until(() => served.reactor.stats().open === 2 + 127, "room");
    const next = served.dial();
    await world().until(() => isOver(next), "the next one");
    expect(next.received.toString()).toBe("full");
  });

  it("a turnedAway that throws is reported, and the peer is turned away all the same", async () => {
    const served = await servingLines(
      world(),
      { maxConnections: 1 },
      {
        turnedAway: () => {
          throw new Error("no farewell");
        },
      },
    );
    await served.join();
    for (let i = 0; i < 10; i++) {
      const peer = served.dial();
      await world().until(() => isOver(peer), "a peer to be turned away");
    }
    const messages = served.reports.map(({ error }) => error.message);
    expect(messages.filter((message) => message === "no farewell")).toHaveLength(10);
    served.opened[0]!.abort();
    await served.closedFor(served.opened[0]!);
    await served.join();
  });

  it("a turnedAway that closes the channel itself may do so", async () => {
    const served = await servingLines(
      world(),
      { maxConnections: 1 },
      {
        turnedAway: (_, __, channel) => {
          channel.write(Buffer.from("bye"));
          channel.close();
        },
      },
    );
    await served.join();
    const peer = served.dial();
    await world().until(() => peer.ended, "the end");
    expect(peer.received.toString()).toBe("bye");
  });
});
