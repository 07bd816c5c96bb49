/** The accounts of streams: what became of every byte, and that a network which cheats is caught. */
import { afterEach, describe, expect, it } from "vitest";

import { READABLE } from "iomux";
import {
  createSimulation,
  DISCARDS,
  searchSeeds,
  type Discard,
  type MemorySocket,
  type Scenario,
  type Simulation,
  type StreamAccount,
} from "iomux/testing";

import { SimulatedLink } from "../../src/testing/link.ts";

const PORT = 9000;

/** A listener that takes in whoever comes, raw, and both ends of a connection to it. */
async function connected(world: Simulation): Promise<[MemorySocket, MemorySocket]> {
  const [here, there] = [world.host("here"), world.host("there")];
  const reactor = there.createReactor({ onError: () => undefined });
  const listener = await reactor.listen({ host: "0.0.0.0", port: PORT });
  const near = here.dial({ host: there.address, port: PORT });
  while (listener.waiting === 0 || !near.connected) await world.sleep(1);
  const far = (await listener.accept()!.release()) as unknown as MemorySocket;
  far.resume();
  listener.close();
  await reactor.close();
  return [near, far];
}

/** What the connection to the listener has sent. */
function outward({ streams }: Simulation): StreamAccount {
  return streams.find(({ to }) => "port" in to && to.port === PORT)!;
}

const SIZES = { receive: 100, send: 64 };

describe("the accounts of streams", () => {
  it("say what was sent, is in flight, and was delivered; by direction", async () => {
    const world = createSimulation({ buffers: SIZES, route: { latencyMs: 5, bytesPerMs: 1000 } });
    await world.run(async () => {
      const [near, far] = await connected(world);
      const account = outward(world);
      far.pause();
      near.write(Buffer.alloc(1000));
      const after = async (ms: number): Promise<number[]> => {
        await world.sleep(ms);
        const { sent, delivered, inFlight, travelling } = account;
        return [sent, delivered, inFlight, travelling];
      };
      expect(await after(0)).toEqual([1000, 0, 1000, 100]);
      expect(await after(10)).toEqual([1000, 0, 1000, 0]);
      far.resume();
      expect(await after(1000)).toEqual([1000, 1000, 0, 0]);
      const back = world.streams.find(({ from }) => from === far.localAddress)!;
      expect(back).toMatchObject({ sent: 0, delivered: 0, inFlight: 0 });
      near.destroy();
      far.destroy();
    });
    expect([...outward(world).discarded]).toEqual([]);
  });

  it("bytes that are given back are not delivered until they are read again", async () => {
    const world = createSimulation();
    await world.run(async () => {
      const [near, far] = await connected(world);
      near.write("hello");
      await world.sleep(10);
      const account = outward(world);
      expect([account.delivered, account.inFlight]).toEqual([5, 0]);
      const reactor = world.host("there").createReactor();
      const channel = reactor.adopt(far as never);
      expect([account.delivered, account.inFlight]).toEqual([0, 5]);
      reactor.register(channel, READABLE, () => void channel.read());
      await world.sleep(10);
      expect([account.delivered, account.inFlight]).toEqual([5, 0]);
      channel.abort();
      near.destroy();
      await reactor.close();
    });
  });

  /** Each cause, from the end that sends (near) to the one that receives (far). */
  const CAUSES: Record<
    Exclude<Discard, "late after reset">,
    (near: MemorySocket, far: MemorySocket, world: Simulation) => unknown
  > = {
    "unsent at close": (near, far) => {
      far.pause();
      near.write(Buffer.alloc(1000));
      near.destroy();
      far.resume();
    },
    "unsent at reset": (near, far) => {
      far.pause();
      near.write(Buffer.alloc(1000));
      near.reset();
    },
    "unsent at failure": (near, far) => {
      far.pause();
      near.write(Buffer.alloc(1000));
      far.reset();
    },
    "lost at reset": (near) => {
      near.write("x");
      near.reset();
    },
    "late after close": (near, far) => {
      near.write("x");
      far.destroy();
    },
    "unread at close": async (near, far, world) => {
      far.pause();
      near.write("x");
      await world.sleep(10);
      far.destroy();
    },
    "unread at reset": async (near, far, world) => {
      far.pause();
      near.write("x");
      await world.sleep(10);
      far.reset();
    },
    "unread at failure": async (near, far, world) => {
      far.write(Buffer.alloc(1000));
      far.pause();
      near.pause();
      near.write("x");
      await world.sleep(10);
      near.reset();
    },
  };

  it.each(DISCARDS.filter((cause) => cause !== "late after reset"))("%s", async (cause) => {
    const faults = { loseOnReset: cause === "lost at reset" ? 1 : 0 };
    const world = createSimulation({ buffers: SIZES, faults });
    await world.run(async () => {
      const [near, far] = await connected(world);
      await CAUSES[cause](near, far, world);
      await world.sleep(100);
      for (const socket of [near, far]) if (!socket.closed) socket.destroy();
    });
    const { discarded, inFlight } = outward(world);
    expect(discarded.get(cause)).toBeGreaterThan(0);
    expect(inFlight).toBe(0);
    const bytes = discarded.get(cause)!;
    const line = new RegExp(`10.0.0.1:\\d+ > 10.0.0.2:9000 ${bytes} bytes discarded: ${cause}$`);
    expect(world.trace.last(100)).toContainEqual(expect.stringMatching(line));
  });

  it("late after reset: the network has broken it, and the other end does not know yet", async () => {
    const found = new Set<string>();
    for (let seed = 1; seed <= 50 && found.size === 0; seed++) {
      const world = createSimulation({ seed, faults: { reset: 0.5 } });
      await world.run(async () => {
        const [near, far] = await connected(world);
        near.pause();
        near.write("question");
        far.write("answer");
        await world.sleep(100);
        for (const socket of [near, far]) if (!socket.closed) socket.destroy();
      });
      for (const { discarded } of world.streams) {
        if (discarded.has("late after reset")) found.add("late after reset");
      }
    }
    expect([...found]).toEqual(["late after reset"]);
  });
});

/** Much is sent both ways, and nobody looks at it. */
const careless: Scenario = {
  name: "careless",
  run: async (world) => {
    const [near, far] = await connected(world);
    for (let n = 0; n < 20; n++) {
      for (const socket of [near, far]) socket.write(Buffer.alloc(world.random.integer(1, 100)));
      await world.sleep(world.random.integer(0, 10));
    }
    for (const socket of [near, far]) socket.end();
    await world.sleep(60_000);
    for (const socket of [near, far]) if (!socket.closed) socket.destroy();
  },
};

/** Such as break nothing. */
const FAULTS = { split: 0.5, delay: 0.1, slowHandler: 0.1, smallBuffers: 0.5 };

type Carry = SimulatedLink["carry"];

describe("a network that cheats is caught, though nobody looks at the bytes", () => {
  const { carry } = SimulatedLink.prototype;
  afterEach(() => {
    SimulatedLink.prototype.carry = carry;
  });

  /** The bug strikes one segment of bytes in `often`. */
  function plant(
    bug: (link: SimulatedLink, ...given: Parameters<Carry>) => void,
    often = 10,
  ): void {
    let segments = 0;
    SimulatedLink.prototype.carry = function (this: SimulatedLink, what, bytes, arrive) {
      if (what === "data" && ++segments % often === 0) bug(this, what, bytes, arrive);
      else carry.call(this, what, bytes, arrive);
    };
  }

  it.each<[string, Parameters<typeof plant>[0]]>([
    [
      "a byte is dropped",
      (link, what, bytes, arrive) => carry.call(link, what, bytes.subarray(1), arrive),
    ],
    [
      "a byte is doubled",
      (link, what, bytes, arrive) =>
        carry.call(link, what, Buffer.concat([bytes, bytes.subarray(-1)]), arrive),
    ],
    ["a segment is dropped", () => undefined],
    [
      "a segment is doubled",
      (link, what, bytes, arrive) => {
        carry.call(link, what, bytes, arrive);
        carry.call(link, what, bytes, arrive);
      },
    ],
    [
      "a segment is overtaken",
      (link, what, bytes, arrive) => {
        carry.call(link, what, bytes, () => {
          carry.call(link, what, bytes, arrive);
        });
      },
    ],
  ])("%s", async (_, bug) => {
    plant(bug);
    const failure = await searchSeeds(careless, { faults: FAULTS, count: 10 });
    expect(failure?.error.message).toMatch(
      /bytes are (lost|invented): \d+ sent, \d+ delivered|the network has lost, doubled or swapped/,
    );
  });

  it.each<[string, Parameters<typeof plant>[0]]>([
    [
      "1 bytes are lost: 5 sent, 4 delivered",
      (link, what, bytes, arrive) => {
        carry.call(link, what, bytes.subarray(1), arrive);
      },
    ],
    [
      "1 bytes are invented: 5 sent, 6 delivered",
      (link, what, bytes, arrive) => {
        carry.call(link, what, Buffer.concat([bytes, bytes.subarray(-1)]), arrive);
      },
    ],
    ["5 bytes are lost: 5 sent, 0 delivered", () => undefined],
  ])("at the end, where nothing follows: %s", async (message, bug) => {
    plant(bug, 1);
    const world = createSimulation();
    const running = world.run(async () => {
      const [near, far] = await connected(world);
      near.write("hello");
      await world.sleep(100);
      for (const socket of [near, far]) socket.destroy();
    });
    await expect(running).rejects.toThrow(`10.0.0.1:32768 > 10.0.0.2:9000: ${message}`);
  });

  it("one that does not cheat is not", async () => {
    expect(await searchSeeds(careless, { faults: FAULTS, count: 100 })).toBeNull();
  });
});
