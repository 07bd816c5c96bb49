/** What the network of a simulation does with streams: TCP between raw peers. */
import { describe, expect, it } from "vitest";

import { READABLE, type Channel, type Listener, type Reactor } from "iomux";
import {
  createSimulation,
  MemoryNetwork,
  MemorySocket,
  SimulatedClock,
  type Conditions,
  type MemoryTransport,
  type SimulatedHost,
  type Simulation,
} from "iomux/testing";

const PORT = 9000;
const ROUTE = { latencyMs: 5, bytesPerMs: 100 };

interface Pair {
  readonly world: Simulation;
  readonly here: SimulatedHost;
  readonly there: SimulatedHost;
  readonly reactor: Reactor;
  readonly listener: Listener;
}

/** A listener on one host, and what happens with it; everything is closed at the end. */
async function listening(
  options: Parameters<typeof createSimulation>[0],
  scenario: (pair: Pair) => Promise<void>,
  listen: { backlog?: number } = {},
): Promise<Simulation> {
  const world = createSimulation(options);
  await world.run(async () => {
    const [here, there] = [world.host("here"), world.host("there")];
    const reactor = there.createReactor({ onError: () => undefined });
    const listener = await reactor.listen({ host: "0.0.0.0", port: PORT }, listen);
    await scenario({ world, here, there, reactor, listener });
    listener.close();
    await reactor.close();
  });
  return world;
}

const dial = ({ here, there }: Pair): MemorySocket =>
  here.dial({ host: there.address, port: PORT });

/** A connection that was accepted, and the raw socket at its other end. */
async function connected(pair: Pair): Promise<[MemorySocket, Channel]> {
  const socket = dial(pair);
  while (!socket.connected) await pair.world.sleep(1);
  await pair.world.sleep(10);
  return [socket, pair.listener.accept()!];
}

describe("streams between hosts", () => {
  it("bytes take the latency and the bandwidth of the route", async () => {
    await listening({ route: ROUTE }, async (pair) => {
      const [socket, channel] = await connected(pair);
      const arrived: number[] = [];
      pair.reactor.register(channel, READABLE, () => {
        if (channel.read()!.length > 0) arrived.push(pair.world.clock.now());
        else channel.close();
      });
      const begin = pair.world.clock.now();
      socket.end(Buffer.alloc(1000));
      await pair.world.sleep(100);
      expect(arrived).toEqual([begin + 5 + 10]);
    });
  });

  it("share the bandwidth of their route, in each direction; other routes are not concerned", async () => {
    const world = createSimulation({ route: ROUTE, seed: 3 });
    await world.run(async () => {
      const [a, b, c] = ["a", "b", "c"].map((name) => world.host(name)) as [
        SimulatedHost,
        SimulatedHost,
        SimulatedHost,
      ];
      const arrivals = new Map<string, number>();
      for (const host of [a, b, c]) {
        const listener = await host.network.listen({ host: "0.0.0.0", port: PORT }, {});
        listener.attach({
          onConnection: (transport) => {
            const socket = new MemorySocket(transport as MemoryTransport);
            world.always(() => {
              const name = socket.received.toString("latin1", 0, 3);
              if (socket.received.length < 1000 || arrivals.has(name)) return;
              arrivals.set(name, world.clock.now());
              socket.destroy();
            });
          },
          onAcceptFailed: () => undefined,
          onClosed: () => undefined,
        });
      }
      const ways = { ab1: [a, b], ab2: [a, b], ba1: [b, a], ac1: [a, c], aa1: [a, a] } as const;
      for (const [name, [from, to]] of Object.entries(ways)) {
        from.dial({ host: to.address, port: PORT }).end(name.repeat(334).slice(0, 1000));
      }
      await world.sleep(1000);
      // 5 ms for each part of the handshake and for the bytes, 10 ms for 1000 bytes to leave.
      expect(Object.fromEntries(arrivals)).toEqual({
        ab1: 25,
        ab2: 35,
        ba1: 25,
        ac1: 25,
        aa1: 0.0625,
      });
      for (const host of [a, b, c]) host.crash();
    });
  });

  it("half-closed from either side, the other direction goes on", async () => {
    await listening({}, async (pair) => {
      const [socket, channel] = await connected(pair);
      socket.end("question");
      await pair.world.sleep(10);
      expect(channel.read()?.toString()).toBe("question");
      expect(channel.read()).toHaveLength(0);
      channel.write(Buffer.from("answer"));
      channel.close();
      await pair.world.sleep(10);
      expect(socket.received.toString()).toBe("answer");
      expect(socket).toMatchObject({ ended: true, closed: true, error: null });

      const [other, ours] = await connected(pair);
      ours.shutdown();
      await pair.world.sleep(10);
      expect(other).toMatchObject({ ended: true, closed: false });
      other.end("still heard");
      await pair.world.sleep(10);
      expect(ours.read()?.toString()).toBe("still heard");
      ours.close();
    });
  });

  it("who closes with bytes unread resets; who has read everything ends", async () => {
    const world = createSimulation();
    await world.run(async () => {
      for (const unread of [true, false]) {
        const [left, right] = world.host("it").network.pair();
        if (unread) right.pause();
        left.write("x");
        await world.sleep(10);
        right.destroy();
        await world.sleep(10);
        if (unread) expect(left.error).toMatchObject({ code: "ECONNRESET" });
        else expect(left).toMatchObject({ error: null, ended: true });
        left.destroy();
      }
    });
  });

  it("bytes that came before a reset are read first; then it is ECONNRESET", async () => {
    await listening({}, async (pair) => {
      const [socket, channel] = await connected(pair);
      const heard: string[] = [];
      socket.write("last words");
      await pair.world.sleep(10);
      socket.reset();
      await pair.world.sleep(10);
      pair.reactor.register(channel, READABLE, () => {
        heard.push(channel.read()?.toString() ?? "nothing");
      });
      await pair.world.sleep(10);
      expect(heard[0]).toBe("last words");
      expect(channel.error).toMatchObject({ code: "ECONNRESET" });
    });
  });

  it("bytes for an end that is closed are answered by a reset, which takes its way", async () => {
    await listening({ route: ROUTE }, async (pair) => {
      const [socket, channel] = await connected(pair);
      channel.close();
      await pair.world.sleep(20);
      expect(socket.ended).toBe(true);
      channel.abort();
      const begin = pair.world.clock.now();
      socket.write("x");
      while (socket.error === null) await pair.world.sleep(0.5);
      expect(pair.world.clock.now() - begin).toBeGreaterThanOrEqual(5);
      expect(socket.error).toMatchObject({ code: "ECONNRESET" });
    });
  });

  it("a write that waits fails at a reset, though nobody reads", async () => {
    await listening({ buffers: { receive: 100, send: 100 } }, async (pair) => {
      const [near, channel] = await connected(pair);
      const far = (await channel.release()) as unknown as MemorySocket; // which does not read yet
      near.pause();
      far.write("unread");
      near.write(Buffer.alloc(1000));
      await pair.world.sleep(10);
      far.reset();
      await pair.world.sleep(10);
      expect(near.error).toMatchObject({ code: "ECONNRESET" });
      expect(near.received).toHaveLength(0);
    });
  });

  it("a partition holds back a connection under way, which stands after the healing", async () => {
    await listening({ route: ROUTE }, async (pair) => {
      const { world, here, there } = pair;
      world.partition(here, there);
      const socket = dial(pair);
      await world.sleep(60_000);
      expect(socket).toMatchObject({ connected: false, error: null });
      world.heal(here, there);
      await world.sleep(20);
      expect(socket.connected).toBe(true);
      pair.listener.accept()!.abort();
      await world.sleep(20);
    });
  });

  it("a connection that stands is not given up after that time", async () => {
    await listening({}, async (pair) => {
      const [socket, channel] = await connected(pair);
      await pair.world.sleep(128_000);
      expect(socket).toMatchObject({ closed: false, error: null });
      expect(channel.state).toBe("open");
      socket.destroy();
      channel.abort();
    });
  });

  it("an answer that never comes is ETIMEDOUT, after 127 s", async () => {
    await listening({}, async (pair) => {
      const { world, here, there } = pair;
      world.partition(here, there);
      const socket = dial(pair);
      await world.sleep(126_999);
      expect(socket.closed).toBe(false);
      await world.sleep(2);
      expect(socket.error).toMatchObject({ code: "ETIMEDOUT" });
    });
  });
});

describe("connecting", () => {
  it("where nobody listens is refused, and the refusal takes its way back", async () => {
    await listening({ route: ROUTE }, async ({ world, here, there }) => {
      const socket = here.dial({ host: there.address, port: 1 });
      await world.sleep(9);
      expect(socket.closed).toBe(false);
      await world.sleep(2);
      expect(socket.error).toMatchObject({ code: "ECONNREFUSED" });
    });
  });

  it("a full backlog does not answer; the question is repeated, and finds room", async () => {
    const world = await listening(
      {},
      async (pair) => {
        const { listener } = pair;
        const first = dial(pair);
        await pair.world.sleep(10);
        const more = [dial(pair), dial(pair), dial(pair)];
        await pair.world.sleep(500);
        expect(more.every(({ error }) => error === null)).toBe(true);
        const accepted: Channel[] = [];
        pair.reactor.register(listener, READABLE, () => {
          for (let peer = listener.accept(); peer !== null; peer = listener.accept()) {
            accepted.push(peer);
          }
        });
        await pair.world.sleep(10_000);
        expect(accepted).toHaveLength(4);
        for (const channel of accepted) channel.abort();
        await pair.world.sleep(10);
        for (const socket of [first, ...more]) socket.destroy();
      },
      { backlog: 1 },
    );
    expect(world.clock.now()).toBeGreaterThan(1000);
  });

  it("over the limit of descriptors of a host is EMFILE, to connect, to listen and to bind", async () => {
    const world = createSimulation();
    await world.run(async () => {
      const here = world.host("here", { descriptorLimit: 1 });
      const reactor = here.createReactor();
      const only = await reactor.listen({ port: 1 });
      const refused = { code: "EMFILE" };
      await expect(reactor.listen({ port: 2 })).rejects.toMatchObject(refused);
      await expect(reactor.bind({ port: 2 })).rejects.toMatchObject(refused);
      const channel = reactor.connect({ port: 1 });
      reactor.register(channel, READABLE);
      await world.sleep(10);
      expect(channel.error).toMatchObject(refused);
      only.close();
      await reactor.close();
    });
  });

  it("peers wait in the backlog while there are no descriptors, and are accepted then", async () => {
    const world = createSimulation();
    await world.run(async () => {
      const [here, there] = [world.host("here"), world.host("there", { descriptorLimit: 2 })];
      const reactor = there.createReactor({ onError: () => undefined, reserveDescriptors: 0 });
      const listener = await reactor.listen({ host: "0.0.0.0", port: PORT });
      const accepted: Channel[] = [];
      reactor.register(listener, READABLE, () => {
        for (let peer = listener.accept(); peer !== null; peer = listener.accept()) {
          accepted.push(peer);
        }
      });
      const dialled = [1, 2].map(() => here.dial({ host: there.address, port: PORT }));
      await world.sleep(100);
      expect(accepted).toHaveLength(1);
      accepted[0]!.abort();
      await world.sleep(5000);
      expect(accepted).toHaveLength(2);
      accepted[1]!.abort();
      await world.sleep(10);
      for (const socket of dialled) socket.destroy();
      listener.close();
      await reactor.close();
    });
  });
});

describe("buffers", () => {
  it.each([
    { receive: 64, send: 64 },
    { receive: 1000, send: 64 },
    { receive: 64, send: 1000 },
    { receive: 1, send: 0 },
  ])("of the sizes that are asked for: %o", async (buffers) => {
    await listening({ buffers }, async (pair) => {
      const [near, channel] = await connected(pair);
      const far = (await channel.release()) as unknown as MemorySocket; // which does not read yet
      for (let n = 0; n < 3000; n++) near.write("x");
      await pair.world.sleep(10);
      // The write that does not fit any more is under way; those behind it wait in the process.
      const taken = buffers.receive + buffers.send + 1;
      expect(near.queued).toBe(3000 - taken);
      const account = pair.world.streams.find(({ from }) => from === near.localAddress)!;
      expect(account).toMatchObject({ sent: taken, delivered: 0, inFlight: taken });
      const line = new RegExp(`there: tcp +${buffers.receive} +0 10.0.0.2:9000 `);
      expect(pair.world.netstat()).toContainEqual(expect.stringMatching(line));
      far.resume();
      await pair.world.sleep(10_000);
      expect(far.received).toHaveLength(3000);
      near.destroy();
      far.destroy();
    });
  });

  it("one that is not asked for is drawn as it would be drawn otherwise", async () => {
    const sizes = async (buffers: object): Promise<string[]> => {
      const faults = { smallBuffers: 1 };
      const world = await listening({ seed: 7, faults, buffers }, async (pair) => {
        const [near, channel] = await connected(pair);
        near.destroy();
        channel.abort();
      });
      return world.trace.last(1000).filter((line) => line.includes("smallBuffers"));
    };
    const drawn = await sizes({});
    const given = await sizes({ send: 64 });
    expect(drawn.length).toBeGreaterThan(3);
    expect(given).toEqual(drawn.map((line) => line.replace(/send \d+/, "send 64")));
  });

  it("who closes leaves what is in its send buffer, from the beginning; the rest never leaves", async () => {
    await listening({ buffers: { receive: 100, send: 64 } }, async (pair) => {
      const [near, channel] = await connected(pair);
      const far = (await channel.release()) as unknown as MemorySocket; // which does not read yet
      const sent = Buffer.from(Array.from({ length: 1000 }, (_, i) => i & 0xff));
      near.write(sent);
      await pair.world.sleep(10);
      near.destroy();
      far.resume();
      await pair.world.sleep(10);
      expect(far.received.equals(sent.subarray(0, 164))).toBe(true);
      far.destroy();
    });
  });

  it("one I/O event delivers 64 KiB at most", () => {
    const clock = new SimulatedClock();
    const [left, right] = new MemoryNetwork(clock).pair();
    left.write(Buffer.alloc(60 * 1024));
    left.write(Buffer.alloc(60 * 1024));
    clock.stepSync();
    expect(right.received).toHaveLength(64 * 1024);
    clock.stepSync();
    expect(right.received).toHaveLength(120 * 1024);
  });

  it("back-pressure begins where the send buffer of one end and the receive buffer of the other end", () => {
    const clock = new SimulatedClock();
    const network = new MemoryNetwork(clock);
    const conditions: Conditions = {
      ...network.conditions,
      buffers: () => ({ receive: 1000, send: 500 }),
    };
    const [left, right] = new MemoryNetwork(clock, { conditions }).pair();
    right.pause();
    left.write(Buffer.alloc(1500));
    left.write(Buffer.alloc(1));
    expect(left.queued).toBe(0); // the first write was complete: this one is under way
    left.write(Buffer.alloc(1));
    expect(left.queued).toBe(1);
  });
});
