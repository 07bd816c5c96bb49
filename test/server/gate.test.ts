/** Promises 23, 24 and 25 at the gate of a server: who may come in, and what becomes of the rest. */
import net from "node:net";

import { expect, it } from "vitest";

import { READABLE, type BlockList, type TurnedAway } from "iomux";
import { MemoryNetwork } from "iomux/testing";

import type { MemoryWorld } from "../support/memory-world.ts";
import {
  isOver,
  onEveryServer,
  onStillServers,
  onServers,
  type Serving,
  servingLines,
} from "../support/serving.ts";
import { onNetworks, type Peer, type World } from "../support/world.ts";

/** Dials, and waits until somebody was turned away. */
async function refused(served: Serving, why: TurnedAway): Promise<Peer> {
  const before = served.server.stats().turnedAway[why];
  const peer = served.dial();
  const more = (): boolean => served.server.stats().turnedAway[why] > before;
  await served.world.until(() => more() && isOver(peer), "a peer to be turned away");
  return peer;
}

onEveryServer("the gate: maxConnections", (world) => {
  it("23: one more is turned away, counted, told and reported; who leaves makes room", async () => {
    const told: unknown[] = [];
    const served = await servingLines(
      world(),
      { maxConnections: 2 },
      { turnedAway: (why, address) => told.push([why, address?.family]) },
    );
    const first = await served.join();
    await served.join();
    const third = await refused(served, "max-connections");
    const family = world().family === "tcp" ? "IPv4" : "unix";
    expect(told).toEqual([["max-connections", family]]);
    expect(third.received.length).toBe(0);
    if (world().family === "tcp") expect(third.errorCode).toBe("ECONNRESET");
    expect(served.reports.map(({ error }) => error.code)).toEqual(["IOMUX_TURNED_AWAY"]);
    expect(served.reports[0]!.error.message).toContain("(limit maxConnections)");
    expect(served.opened).toHaveLength(2);

    first.peer.end();
    await served.closedFor(first.connection);
    await served.join();
    await refused(served, "max-connections");
    expect(served.server.stats()).toMatchObject({
      connections: 2,
      turnedAway: { "max-connections": 2 },
      closed: { end: 1 },
    });
  });

  it.each(["reset", "end", "abort in open", "end in open", "open throws", "framer throws"])(
    "23: a place is given back: %s",
    async (how) => {
      let healthy = false;
      const served = await servingLines(
        world(),
        {
          maxConnections: 1,
          framer: () => {
            if (how === "framer throws" && !healthy) throw new Error("no framer");
            return { next: (input) => input.take(input.length) };
          },
        },
        {
          open: (connection) => {
            if (healthy) return;
            if (how === "abort in open") connection.abort();
            if (how === "end in open") connection.end();
            if (how === "open throws") throw new Error("no");
          },
        },
      );
      for (let i = 0; i < 3; i++) {
        const peer = served.dial();
        await world().until(() => peer.connected, "a connection");
        if (how === "reset" || how === "end") {
          await world().until(() => served.opened.length === i + 1, "a connection");
          if (how === "reset") peer.reset();
          else peer.end();
        }
        await world().until(() => isOver(peer), "its end");
        peer.end();
        await world().until(() => served.server.connections.size === 0, "to be empty");
      }
      expect(served.server.stats().turnedAway["max-connections"]).toBe(0);
      healthy = true;
      await served.join();
      await refused(served, "max-connections");
    },
  );
});

onEveryServer("the gate: maxConnectionsPerAddress", (world) => {
  it("23: counts by address, not for Unix-domain sockets, and gives back after a reset", async () => {
    const served = await servingLines(world(), { maxConnectionsPerAddress: 2 });
    const guests = [await served.join(), await served.join()];
    if (world().family === "unix") {
      await served.join();
      expect(served.server.stats()).toMatchObject({
        connections: 3,
        turnedAway: { "max-connections-per-address": 0 },
      });
      return;
    }
    await refused(served, "max-connections-per-address");
    expect(served.reports[0]!.error.message).toContain("(limit maxConnectionsPerAddress)");
    guests[0]!.peer.reset();
    await served.closedFor(guests[0]!.connection);
    await served.join();
    await refused(served, "max-connections-per-address");
    guests[1]!.connection.abort();
    await served.closedFor(guests[1]!.connection);
    await served.join();
    await refused(served, "max-connections-per-address");
  });
});

onServers([["net", "tcp"]], "the gate: two families of addresses", (world) => {
  it("23: a peer by an IPv4-mapped IPv6 address is the same peer, also for the block list", async () => {
    const blockList = new net.BlockList();
    const any = { host: "::", port: 0 };
    const served = await servingLines(world(), {
      listen: [any, { port: 0 }],
      maxConnectionsPerAddress: 2,
      blockList,
    });
    const dualStack = (): net.Socket => {
      const [first] = served.server.addresses;
      const { port } = first as { port: number };
      const socket = net.connect(port, "127.0.0.1");
      socket.on("error", () => undefined);
      return socket;
    };
    const sockets = [dualStack()];
    await world().until(() => served.opened.length === 1, "the first");
    expect(served.opened[0]!.remoteAddress).toMatchObject({ host: "::ffff:127.0.0.1" });
    const peer = served.dial(1);
    await world().until(() => served.opened.length === 2 && peer.connected, "the second");
    expect(served.opened[1]!.remoteAddress).toMatchObject({ host: "127.0.0.1" });
    sockets.push(dualStack());
    const { turnedAway } = served.server.stats();
    expect(turnedAway["max-connections-per-address"]).toBe(0);
    const count = (why: TurnedAway): number => served.server.stats().turnedAway[why];
    await world().until(() => count("max-connections-per-address") === 1, "the third");

    blockList.addAddress("127.0.0.1");
    sockets.push(dualStack());
    await world().until(() => count("blocked") === 1, "the blocked one");
    for (const socket of sockets) socket.destroy();
  });

  it("23: an IPv6 peer is asked for as IPv6", async () => {
    const asked: unknown[] = [];
    const blockList: BlockList = {
      check: (...given) => {
        asked.push(given);
        return false;
      },
    };
    const served = await servingLines(world(), { listen: { host: "::1", port: 0 }, blockList });
    await served.join();
    expect(asked).toEqual([["::1", "ipv6"]]);
  });
});

onEveryServer("the gate: blockList", (world) => {
  it("23: a net.BlockList turns its addresses away; Unix-domain sockets have none", async () => {
    const blockList = new net.BlockList();
    blockList.addRange("127.0.0.0", "127.255.255.255");
    const served = await servingLines(world(), { blockList });
    if (world().family === "unix") {
      await served.join();
      return;
    }
    await refused(served, "blocked");
    expect(served.reports[0]!.error.message).toMatch(
      /turned away 127\.0\.0\.1:\d+: the block list has its address/,
    );
    expect(served.opened).toEqual([]);
  });

  it("23: a list that throws lets nobody in, is reported, and costs its own peer only", async () => {
    let broken = true;
    const blockList: BlockList = {
      check: () => {
        if (broken) throw new Error("the list cannot be read");
        return false;
      },
    };
    const served = await servingLines(world(), { blockList });
    if (world().family === "unix") return;
    for (let i = 0; i < 10; i++) {
      const peer = served.dial();
      await world().until(() => isOver(peer), "the peer to be turned away");
    }
    expect(served.opened).toEqual([]);
    expect(served.reports[0]!.error.message).toBe("the list cannot be read");
    await world().settle();
    expect(served.reactor.stats().open).toBe(1);
    broken = false;
    await served.join();
  });
});

onEveryServer("the gate: acceptsPerSecond", (world) => {
  it("23: a fraction: one, and the next one after two seconds", async () => {
    const served = await servingLines(world(), { acceptsPerSecond: 0.5 });
    await served.join();
    await world().advance(1999);
    await refused(served, "accepts-per-second");
    await world().advance(1);
    await served.join();
  });
});

onStillServers("the gate: acceptsPerSecond", (world) => {
  it("23: a second's worth at once, then as time goes by; others cost no token", async () => {
    const served = await servingLines(world(), { acceptsPerSecond: 4, maxConnections: 6 });
    for (let i = 0; i < 4; i++) await served.join();
    await refused(served, "accepts-per-second");
    expect(served.reports[0]!.error.message).toContain("(limit acceptsPerSecond)");
    await world().advance(250);
    await served.join();
    await refused(served, "accepts-per-second");
    await world().advance(2000);
    await served.join();
    for (let i = 0; i < 8; i++) await refused(served, "max-connections");
    served.opened[0]!.abort();
    await served.closedFor(served.opened[0]!);
    await served.join();
    expect(served.server.stats().turnedAway).toMatchObject({
      "accepts-per-second": 2,
      "max-connections": 8,
    });
  });
});

onEveryServer("the gate: take()", (world) => {
  it("23: connections that were taken are not counted", async () => {
    const served = await servingLines(world(), { maxConnections: 1, maxConnectionsPerAddress: 1 });
    const { reactor, server } = served;
    const listener = await world().run(reactor.listen(world().address()));
    const taken = reactor.connect(listener.localAddress!);
    const connection = server.take(taken);
    await world().until(() => taken.state === "open", "the connection");
    await served.join();
    await refused(served, "max-connections");
    connection.abort();
    await served.closedFor(connection);
    await refused(served, "max-connections");
  });

  it("take() of what is registered already throws, and leaves it as it was", async () => {
    const served = await servingLines(world(), { idleMs: 100, lifetimeMs: 200 });
    const { reactor, server } = served;
    const listener = await world().run(reactor.listen(world().address()));
    const peer = world().dial(listener);
    await world().until(() => listener.waiting === 1 && peer.connected, "the connection");
    const channel = listener.accept()!;
    const { room } = channel;
    reactor.register(channel, READABLE, () => {
      channel.read();
    });
    expect(() => server.take(channel)).toThrow(
      expect.objectContaining({ code: "IOMUX_ALREADY_REGISTERED" }),
    );
    expect([reactor.stats().timers, channel.room]).toEqual([served.timersBefore, room]);
    await world().advance(1000);
    expect([channel.state, server.connections.size]).toEqual(["open", 0]);
  });

  it("take() of another reactor's channel, and of no channel, throws", async () => {
    const served = await servingLines(world());
    const other = world().createReactor();
    const listener = await world().run(other.listen(world().address()));
    const channel = other.connect(listener.localAddress!);
    expect(() => served.server.take(channel)).toThrow(
      expect.objectContaining({ code: "IOMUX_OTHER_REACTOR" }),
    );
    for (const what of [listener, null, {}]) {
      expect(() => served.server.take(what as never)).toThrow(
        expect.objectContaining({ code: "IOMUX_BAD_ARGUMENT" }),
      );
    }
    expect(served.server.connections.size).toBe(0);
  });
});

onNetworks(
  [
    ["memory", "tcp"],
    ["memory", "unix"],
  ],
  "the gate: descriptors",
  (world: () => World) => {
    it("25: within reserveDescriptors peers are refused before the gate; it goes on by itself", async () => {
      const { memory } = world() as MemoryWorld;
      expect(memory).toBeInstanceOf(MemoryNetwork);
      memory.descriptorLimit = 30;
      const served = await servingLines(world(), {}, {}, { reserveDescriptors: 10 });
      const peers = Array.from({ length: 40 }, () => served.dial());
      await world().settle();
      expect(served.server.stats()).toMatchObject({ connections: 19 });
      expect(served.reactor.stats().refused).toBe(21);
      expect(served.reports.map(({ error }) => error.code)).toEqual(["IOMUX_DESCRIPTOR_LIMIT"]);
      for (const peer of peers) peer.end();
      await world().settle();
      expect(served.server.stats()).toMatchObject({ connections: 0, closed: { end: 19 } });
      for (let i = 0; i < 15; i++) served.dial();
      await world().settle();
      expect(served.server.stats().connections).toBe(15);
      expect(Object.values(served.server.stats().turnedAway)).toEqual([0, 0, 0, 0, 0]);
    });
  },
);
