/** Datagrams between the hosts of a simulation. */
import { describe, expect, it } from "vitest";

import { READABLE } from "iomux";
import {
  createSimulation,
  type MemoryUdpSocket,
  type SimulatedHost,
  type Simulation,
} from "iomux/testing";

const ROUTE = { latencyMs: 5, bytesPerMs: 100 };

/** Sends the numbers below `count` from one host to another, and answers how they arrive. */
async function numbers(
  world: Simulation,
  count: number,
  [here, there]: readonly SimulatedHost[] = [world.host("here"), world.host("there")],
): Promise<number[]> {
  const from = here!.network.datagrams.socket({ host: "0.0.0.0", port: 0 });
  const to = there!.network.datagrams.socket({ host: "0.0.0.0", port: 53 });
  for (let n = 0; n < count; n++) from.send(`${n}`, { host: there!.address, port: 53 });
  await world.sleep(1000);
  from.close();
  to.close();
  return texts(to).map(Number);
}

function texts({ received }: MemoryUdpSocket): string[] {
  return received.map(({ bytes }) => bytes.toString());
}

const ALL = Array.from({ length: 100 }, (_, n) => n);
const byNumber = (a: number, b: number): number => a - b;

describe("datagrams between hosts", () => {
  it("take the time of the way, say whose they are, and can be answered", async () => {
    const world = createSimulation({ route: ROUTE });
    await world.run(async () => {
      const [here, there] = [world.host("here"), world.host("there")];
      const reactor = there.createReactor();
      const echo = await reactor.bind({ host: "0.0.0.0", port: 7 });
      reactor.register(echo, READABLE, () => {
        for (let got = echo.receive(); got !== null; got = echo.receive()) {
          expect(world.clock.now()).toBe(6);
          echo.send(got.bytes, got.from);
        }
      });
      const peer = here.network.datagrams.socket({ host: "0.0.0.0", port: 4000 });
      peer.send(Buffer.alloc(100), { host: there.address, port: 7 });
      await world.sleep(11);
      expect(peer.received).toHaveLength(0);
      await world.sleep(2);
      const [answer] = peer.received;
      expect(answer).toMatchObject({ from: { host: there.address, port: 7, family: "IPv4" } });
      peer.close();
      echo.close();
      await reactor.close();
    });
  });

  it("arrive in order and once where nothing goes wrong, whatever their sizes", async () => {
    const world = createSimulation({ route: ROUTE });
    expect(await world.run((simulation) => numbers(simulation, 100))).toEqual(ALL);
  });

  it.each([
    ["loseDatagram", (came: number[]) => new Set(came).size < 100],
    ["duplicateDatagram", (came: number[]) => came.length > new Set(came).size],
    ["reorderDatagram", (came: number[]) => came.some((n, i) => n < (came[i - 1] ?? 0))],
  ] as const)("%s happens, and does only what it says", async (fault, happened) => {
    const world = createSimulation({ faults: { [fault]: 0.3 } });
    const came = await world.run((simulation) => numbers(simulation, 100));
    expect(happened(came)).toBe(true);
    const distinct = [...new Set(came)];
    if (fault !== "loseDatagram") expect(distinct.toSorted(byNumber)).toEqual(ALL);
    if (fault !== "duplicateDatagram") expect(came).toHaveLength(distinct.length);
    if (fault === "loseDatagram") expect(came).toEqual(came.toSorted(byNumber));
  });

  it("are lost in a partition, and pass again when it is healed; others are not concerned", async () => {
    const world = createSimulation();
    await world.run(async () => {
      const [a, b, c] = [world.host("a"), world.host("b"), world.host("c")];
      world.partition(a, b);
      expect(await numbers(world, 10, [a, b])).toEqual([]);
      expect(await numbers(world, 10, [a, c])).toEqual(ALL.slice(0, 10));
      world.heal(a, b);
      expect(await numbers(world, 10, [a, b])).toEqual(ALL.slice(0, 10));
    });
  });

  it("who has a peer hears late that nobody receives there; who has none does not", async () => {
    const world = createSimulation({ route: ROUTE });
    await world.run(async () => {
      const [here, there] = [world.host("here"), world.host("there")];
      const { datagrams } = here.network;
      const to = { host: there.address, port: 9 };
      const connected = datagrams.socket({ host: "0.0.0.0", port: 0 }, { peer: to });
      const unconnected = datagrams.socket({ host: "0.0.0.0", port: 0 });
      expect(connected.localAddress.host).toBe(here.address);
      connected.send("x", to);
      unconnected.send("x", to);
      await world.sleep(9);
      expect(connected.errors).toEqual([]);
      await world.sleep(2);
      expect(connected.errors).toMatchObject([{ code: "ECONNREFUSED" }]);
      expect(unconnected.errors).toEqual([]);
      connected.close();
      unconnected.close();
    });
  });

  it("who has a peer hears nobody else, who is refused", async () => {
    const world = createSimulation();
    await world.run(async () => {
      const [a, b, c] = [world.host("a"), world.host("b"), world.host("c")];
      const peer = { host: a.address, port: 1 };
      const picky = b.network.datagrams.socket({ host: "0.0.0.0", port: 2 }, { peer });
      const to = { host: b.address, port: 2 };
      const bind = { host: "0.0.0.0", port: 1 };
      const friend = a.network.datagrams.socket(bind, { peer: to });
      const stranger = c.network.datagrams.socket(bind, { peer: to });
      friend.send("friend", to);
      stranger.send("stranger", to);
      await world.sleep(10);
      expect(texts(picky)).toEqual(["friend"]);
      expect(friend.errors).toEqual([]);
      expect(stranger.errors).toMatchObject([{ code: "ECONNREFUSED" }]);
      for (const socket of [picky, friend, stranger]) socket.close();
    });
  });

  it("a host that is not there swallows them; one bound to loopback sends to no other", async () => {
    const world = createSimulation();
    await world.run(async () => {
      const { datagrams } = world.host("here").network;
      const to = { host: "10.9.9.9", port: 1 };
      const anywhere = datagrams.socket({ host: "0.0.0.0", port: 0 }, { peer: to });
      const loopback = datagrams.socket({ port: 0 });
      anywhere.send("x", to);
      loopback.send("x", to);
      await world.sleep(10);
      expect(anywhere.errors).toEqual([]);
      expect(loopback.errors).toMatchObject([{ code: "EINVAL" }]);
      anywhere.close();
      loopback.close();
    });
  });

  it("a host has only its own addresses to bind to", async () => {
    const world = createSimulation();
    const [here, there] = [world.host("here"), world.host("there")];
    await world.run(async () => {
      const reactor = here.createReactor();
      const bound = reactor.bind({ host: there.address, port: 1 });
      await expect(bound).rejects.toMatchObject({ code: "EADDRNOTAVAIL" });
      (await reactor.bind({ host: here.address, port: 1 })).close();
      await reactor.close();
    });
  });

  it("what the receive buffer has no room for is dropped and counted, whoever sends it", async () => {
    const world = createSimulation();
    await world.run(async () => {
      const [here, there] = [world.host("here"), world.host("there")];
      const { datagrams } = there.network;
      const small = { receiveBufferBytes: 3 * (768 + 100) };
      const to = datagrams.bind({ host: "0.0.0.0", port: 5 }, small); // nobody reads it
      const from = here.network.datagrams.socket({ host: "0.0.0.0", port: 0 });
      for (let n = 0; n < 5; n++) from.send(Buffer.alloc(100), { host: there.address, port: 5 });
      await world.sleep(10);
      expect(datagrams.overflowed).toBe(2);
      to.close();
      from.close();
    });
  });

  it("reach a group on every host that has joined it, and its own only if it wants that", async () => {
    const world = createSimulation();
    await world.run(async () => {
      const hosts = ["a", "b", "c"].map((name) => world.host(name));
      const bind = { host: "0.0.0.0", port: 6 };
      const sockets = hosts.map(({ network }) =>
        network.datagrams.socket(bind, { multicastLoopback: false, broadcast: true }),
      );
      const [a, b, c] = sockets as [MemoryUdpSocket, MemoryUdpSocket, MemoryUdpSocket];
      a.joinGroup("239.1.1.1");
      b.joinGroup("239.1.1.1");
      a.send("group", { host: "239.1.1.1", port: 6 });
      await world.sleep(10);
      a.send("all", { host: "255.255.255.255", port: 6 });
      await world.sleep(10);
      expect(sockets.map(texts)).toEqual([["all"], ["group", "all"], ["all"]]);
      for (const socket of [a, b, c]) socket.close();
    });
  });
});
