/** `expire`: the last word to a connection whose time is up. */
import { expect, it } from "vitest";

import { lines, serve, type CloseReason, type ServerLimits, type TimeUp } from "iomux";

import { fill } from "../support/record.ts";
import { connected, onEveryNetwork, type World } from "../support/world.ts";

async function expiring(world: World, limits: Partial<ServerLimits>, lingerMs = 10_000) {
  const reactor = world.createReactor({ lingerMs, onError: () => undefined });
  const { channel, peer } = await connected(world, reactor);
  const told: TimeUp[] = [];
  const closed: CloseReason[] = [];
  const server = await world.run(
    serve(
      reactor,
      { ...limits, framer: () => lines() },
      {
        expire: (connection, reason) => {
          told.push(reason);
          connection.send(Buffer.from("bye\n"));
        },
        close: (_, reason) => {
          closed.push(reason);
        },
      },
    ),
  );
  return { reactor, server, channel, peer, connection: server.take(channel), told, closed };
}

/** Longer than anything is late in a simulated world. */
const LIMIT_MS = 100_000;

onEveryNetwork("expire", (world) => {
  it.each([
    ["handshake", { handshakeMs: 1000 }],
    ["idle", { idleMs: 1000 }],
    ["lifetime", { lifetimeMs: 1000 }],
  ] as const)("23: %s: what is sent in it arrives, then the end", async (reason, limits) => {
    const { connection, peer, told, closed } = await expiring(world(), limits);
    await world().advance(1000);
    await world().until(() => peer.ended, "the end");
    expect(peer.received.toString()).toBe("bye\n");
    expect(peer.errorCode).toBeNull();
    peer.end();
    await world().until(() => closed.length > 0, "close");
    expect([told, closed]).toEqual([[reason], [reason]]);
    expect(connection.error).toMatchObject({ code: "IOMUX_CUT_OFF" });
  });

  it("23: who takes no last word is cut off after writeProgressMs, with the first reason", async () => {
    const limits = { idleMs: LIMIT_MS, maxOutputBytes: 100_000_000, highWaterMark: 1000 };
    const { connection, channel, peer, told, closed } = await expiring(world(), {
      ...limits,
      lifetimeMs: 1.5 * LIMIT_MS,
      writeProgressMs: 4 * LIMIT_MS,
    });
    peer.pause();
    await fill(world(), channel);
    while (connection.backlog < 200_000) connection.send(Buffer.alloc(50_000));
    await world().advance(1.5 * LIMIT_MS);
    expect([told, closed]).toEqual([["lifetime"], []]);
    await world().advance(6 * LIMIT_MS);
    await world().until(() => closed.length > 0, "close");
    expect([told, closed]).toEqual([["lifetime"], ["lifetime"]]);
  });
});

onEveryNetwork("the last output without writeProgressMs", (world) => {
  const limits = { writeProgressMs: 0, maxOutputBytes: 100_000_000, highWaterMark: 1000 };

  it.each(["lifetime", "local"] as const)(
    "23: %s: a peer that takes none of it is cut off after lingerMs of the reactor",
    async (reason) => {
      const { slackMs } = world();
      const lifetimeMs = reason === "lifetime" ? LIMIT_MS : 0;
      const { connection, channel, peer, closed } = await expiring(
        world(),
        { ...limits, lifetimeMs },
        LIMIT_MS,
      );
      peer.pause();
      await fill(world(), channel);
      while (connection.backlog < 200_000) connection.send(Buffer.alloc(50_000));
      await world().advance(LIMIT_MS);
      if (reason === "local") connection.end();
      await world().passes(2);
      expect([connection.state, connection.reason, closed]).toEqual(["ending", reason, []]);
      await world().advance(LIMIT_MS - 1 - slackMs);
      expect(connection.state).toBe("ending");
      await world().advance(LIMIT_MS / 4 + 1 + 2 * slackMs);
      await world().until(() => closed.length > 0, "close");
      expect(closed).toEqual([reason]);
      if (reason === "local") expect(connection.error?.message).toContain("(limit lingerMs)");
    },
  );

  it("23: a peer that takes it slowly gets all of it", async () => {
    const { connection, channel, peer, closed } = await expiring(
      world(),
      { ...limits, lifetimeMs: LIMIT_MS },
      LIMIT_MS,
    );
    peer.pause();
    const before = await fill(world(), channel);
    while (connection.backlog < 5_000_000) connection.send(Buffer.alloc(50_000));
    await world().advance(LIMIT_MS);
    for (let i = 0; i < 4; i++) {
      await world().advance(0.6 * LIMIT_MS);
      expect(connection.state).toBe("ending");
      const { bytesOut } = channel;
      peer.resume();
      await world().until(() => channel.bytesOut > bytesOut || peer.ended, "output to leave");
      peer.pause();
    }
    peer.resume();
    await world().until(() => peer.ended, "the end");
    expect(peer.received.length).toBeGreaterThan(before + 5_000_000 - 1);
    peer.end();
    await world().until(() => closed.length > 0, "close");
    expect(closed).toEqual(["lifetime"]);
  });
});

onEveryNetwork("expire, and then", (world) => {
  it.each(["end", "abort", "throw"] as const)(
    "22: %s inside it changes nothing: the time that was up is the first cause",
    async (how) => {
      const reactor = world().createReactor({ onError: () => undefined });
      const { channel } = await connected(world(), reactor);
      const closed: CloseReason[] = [];
      const server = await world().run(
        serve(
          reactor,
          { idleMs: 100 },
          {
            expire: (connection) => {
              if (how === "throw") throw new Error("expire threw");
              connection[how]();
            },
            close: (_, reason) => {
              closed.push(reason);
            },
          },
        ),
      );
      const connection = server.take(channel);
      await world().advance(100);
      await world().run(server.close({ drainMs: 0 }).catch(() => undefined));
      await world().until(() => closed.length > 0, "close");
      expect(closed).toEqual(["idle"]);
      expect(connection.error).toMatchObject({ code: "IOMUX_CUT_OFF" });
    },
  );
});
