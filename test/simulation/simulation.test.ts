/** Simulations: what follows from the seed, what goes wrong in them, and what they tell. */
import { describe, expect, it } from "vitest";

import { READABLE } from "iomux";
import {
  createSimulation,
  FAULTS,
  NO_FAULTS,
  shrinkFaultPlan,
  SimulationError,
  type FaultPlan,
  type Simulation,
} from "iomux/testing";

import { echoes, numbered, PORT, startEcho } from "./scenarios/serve-echo.ts";

const ALL = numbered(20);

describe("a simulation", () => {
  it("the same seed gives the same trace, byte for byte; another seed another one", async () => {
    const digest = async (seed: number): Promise<number> => {
      const world = createSimulation({ seed, faults: "swarm" });
      await world.run((simulation) => echoes(simulation));
      return world.trace.digest;
    };
    for (let seed = 1; seed <= 20; seed++) expect(await digest(seed)).toBe(await digest(seed));
    expect(await digest(1)).not.toBe(await digest(2));
  });

  it("without faults everything arrives, and takes the time of the way", async () => {
    const world = createSimulation({ route: { latencyMs: 50, bytesPerMs: 1000 } });
    const whole = { text: ALL, broken: false };
    expect(await world.run((simulation) => echoes(simulation))).toEqual([whole, whole, whole]);
    expect(world.clock.now()).toBeGreaterThanOrEqual(200);
  });

  const HARMLESS: (keyof FaultPlan)[] = ["split", "delay", "stall", "smallBuffers", "slowHandler"];

  it.each(HARMLESS)("%s alone costs time, and no byte", async (fault) => {
    const trace = async (probability: number): Promise<number> => {
      const world = createSimulation({ faults: { [fault]: probability } });
      const told = await world.run((simulation) => echoes(simulation, 500));
      const whole = { text: numbered(500), broken: false };
      expect(told).toEqual([whole, whole, whole]);
      return world.trace.digest;
    };
    expect(await trace(0.5)).not.toBe(await trace(0));
  });

  it("slowHandler costs time by the call, however often somebody reads the clock", async () => {
    const now = async (reads: number): Promise<number> => {
      const world = createSimulation({ faults: { slowHandler: 0.5 } });
      const reactor = world.host("there").createReactor();
      world.always(() => {
        for (let n = 0; n < reads; n++) reactor.now();
      });
      await world.run((simulation) => echoes(simulation, 500));
      return world.clock.now();
    };
    expect(await now(3)).toBe(await now(0));
  });

  it("an end never overtakes the bytes before it, however times are rounded", async () => {
    const whole = { text: ALL, broken: false };
    for (let seed = 1; seed <= 100; seed++) {
      const world = createSimulation({ seed, faults: { delay: 0.5 } });
      const heard = await world.run((simulation) => echoes(simulation));
      expect(heard, `seed ${seed}`).toEqual([whole, whole, whole]);
    }
  });

  it.each([
    ["reset", 0.03],
    ["refuse", 0.3],
    ["acceptFailure", 0.3],
  ] as const)(
    "%s alone breaks some, whose bytes are a beginning of what was sent; nothing is left",
    async (fault, probability) => {
      const ends = new Set<boolean>();
      for (let seed = 1; seed <= 30; seed++) {
        const world = createSimulation({ seed, faults: { [fault]: probability } });
        for (const { text, broken } of await world.run((simulation) => echoes(simulation))) {
          expect(ALL.startsWith(text)).toBe(true);
          ends.add(broken);
        }
      }
      expect(ends.size).toBe(2);
    },
  );

  it("a partition holds everything back until it is healed", async () => {
    const world = createSimulation();
    await world.run(async () => {
      const [here, there] = [world.host("here"), world.host("there")];
      const { reactor, server } = await startEcho(there);
      const socket = here.dial({ host: there.address, port: PORT });
      await world.sleep(10);
      world.partition(here, there);
      socket.write("a\n");
      await world.sleep(60_000);
      expect(socket.received.toString()).toBe("");
      world.heal(here, there);
      await world.sleep(10);
      expect(socket.received.toString()).toBe("a\n");
      socket.destroy();
      await server.close();
      await reactor.close();
    });
  });

  it("always() is asked after every step, and what it throws fails the run", async () => {
    const world = createSimulation({ seed: 5 });
    let steps = 0;
    world.always(() => {
      if (++steps === 3) throw new Error("three is too many");
    });
    const running = world.run(() => world.sleep(1).then(() => world.sleep(1)));
    await running;
    expect(steps).toBe(2);
    await expect(world.run(() => world.sleep(1))).rejects.toThrow("seed 5: three is too many");
  });

  it("a host that is not there cannot be reached", async () => {
    const world = createSimulation();
    const reactor = world.host("here").createReactor();
    await world.run(async () => {
      const channel = reactor.connect({ host: "10.9.9.9", port: 1 });
      reactor.register(channel, READABLE);
      await world.sleep(1000);
      expect(channel.error).toMatchObject({ code: "EHOSTUNREACH" });
      channel.close();
      await reactor.close();
    });
  });

  it("datagrams of a host are lost, doubled and overtaken", async () => {
    const world = createSimulation({
      faults: { loseDatagram: 0.3, duplicateDatagram: 0.3, reorderDatagram: 0.3 },
    });
    const { datagrams } = world.host("here").network;
    const [a, b] = [datagrams.socket({ port: 1 }), datagrams.socket({ port: 2 })];
    await world.run(async () => {
      for (let i = 0; i < 100; i++) a.send(Buffer.from(`${i}`), { host: "127.0.0.1", port: 2 });
      await world.sleep(1000);
      a.close();
      b.close();
    });
    const came = b.received.map(({ bytes }) => Number(bytes.toString()));
    expect(new Set(came).size).toBeLessThan(100);
    expect(came.length).toBeGreaterThan(new Set(came).size);
    expect(came).not.toEqual(came.toSorted((x, y) => x - y));
  });
});

describe("options of a simulation", () => {
  it.each([
    [{ faults: "swarmm" }, 'give "swarm"'],
    [{ faults: { splitt: 1 } }, "there is no fault splitt"],
    [{ faults: { toString: 1 } }, "there is no fault toString"],
    [{ faults: null }, 'give "swarm"'],
    [{ faults: { split: 7 } }, "fault split is 7: give a number from 0 to 1"],
    [{ faults: { split: NaN } }, "from 0 to 1"],
    [{ sead: 4 }, "there is no option sead: give one of seed,"],
    [{ route: { latencyMs: 5 } }, "route.bytesPerMs is undefined: give a number, more than 0"],
    [{ route: { latencyMs: -1, bytesPerMs: 1 } }, "route.latencyMs is -1: give a number, 0 at"],
    [{ maxMs: NaN }, "maxMs is NaN: give a number, 0 at least"],
    [{ traceLines: -1 }, "traceLines is -1: give a number, 0 at least"],
    [{ buffers: { recieve: 1 } }, "there is no option buffers.recieve: give one of receive, send"],
    [{ buffers: { receive: 0 } }, "buffers.receive is 0: give a whole number, 1 at least"],
    [{ buffers: { send: -1 } }, "buffers.send is -1: give a whole number, 0 at least"],
    [{ buffers: { send: 0.5 } }, "buffers.send is 0.5"],
  ])("%o throws", (options, message) => {
    expect(() => createSimulation(options as object)).toThrow(message);
  });
});

describe("what a simulation is asked for", () => {
  it("a misspelt option of a host throws, and so does a time to sleep that is none", () => {
    const world = createSimulation();
    expect(() => world.host("a", { descriptorLimt: 1 } as object)).toThrow(
      "there is no option descriptorLimt: give one of descriptorLimit",
    );
    expect(() => world.sleep(NaN)).toThrow("the time to sleep is NaN");
  });

  it("a host's limit may be given when it is asked for again", () => {
    const world = createSimulation();
    const host = world.host("a");
    expect(world.host("a", { descriptorLimit: 3 })).toBe(host);
    expect(world.host("a").network.descriptorLimit).toBe(3);
  });
});

describe("what a failed simulation tells", () => {
  async function failure(run: Promise<unknown>): Promise<SimulationError> {
    const error = await run.catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(SimulationError);
    return error as SimulationError;
  }

  it("the seed, the faults, the last events, and what is open at both ends", async () => {
    const world = createSimulation({ seed: "s7", faults: { split: 0.5 } });
    const { message } = await failure(
      world.run(async (simulation) => {
        const there = simulation.host("there");
        await startEcho(there);
        simulation.host("here").dial({ host: there.address, port: PORT }).write("x\n");
        await simulation.sleep(100);
        throw new Error("told you so");
      }),
    );
    expect(message).toContain(
      'seed s7: told you so\nmake it again: createSimulation({ seed: "s7", faults: { split: 0.5 } })\n',
    );
    expect(message).toContain("10.0.0.2:32768 > 10.0.0.1:9000 data");
    expect(message).toMatch(/host: proto +recv-q +send-q +local +foreign +state/);
    expect(message).toMatch(/there: tcp +0 +511 0.0.0.0:9000 +\* +LISTEN/);
    expect(message).toMatch(/here: tcp +0 +0 10.0.0.2:32768 +10.0.0.1:9000 +ESTABLISHED/);
    expect(message).toMatch(/there: tcp +0 +0 10.0.0.1:9000 +10.0.0.2:32768 +ESTABLISHED/);
    expect(message).not.toContain("127.0.0.1:0");
  });

  it.each([
    [Object.create(null) as object, "seed 1: [Object: null prototype] {}"],
    [5n, "seed 1: 5n"],
  ])("whatever was thrown: %#; and the next simulation runs", async (thrown, message) => {
    // What a scenario rejects with need not be an Error.
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
    const rejected = (): Promise<never> => Promise.reject(thrown);
    expect((await failure(createSimulation().run(rejected))).message).toContain(message);
    expect(await createSimulation().run(() => Promise.resolve(1))).toBe(1);
    expect(Date.now()).toBeGreaterThan(Date.UTC(2020));
  });

  it("what a part of it finds that nobody awaited", async () => {
    const forgotten = async (world: Simulation): Promise<void> => {
      await world.sleep(50);
      throw new Error("found late");
    };
    const { message } = await failure(
      createSimulation().run(async (world) => {
        void forgotten(world);
        await world.sleep(1);
      }),
    );
    expect(message).toContain("nobody handled it: found late");
  });

  it("that it waits for something real, or for ever", async () => {
    const { message } = await failure(createSimulation().run(() => new Promise(() => undefined)));
    expect(message).toContain("for something real (a timer, a file, a thread)");
  });

  it("not that it takes many steps, while time goes on, nor that it takes all of maxMs", async () => {
    const world = createSimulation({ maxMs: 100_100 });
    let left = 100_100;
    const next = (): void => {
      if (--left > 0) world.clock.timer(1, next);
    };
    await world.run(() => {
      next();
      return world.sleep(100_100);
    });
    expect([left, world.clock.now()]).toEqual([0, 100_100]);
  });

  it("that it does not end", async () => {
    const endless = createSimulation({ maxMs: 1000 });
    const forever = async (): Promise<void> => {
      for (;;) await endless.sleep(1);
    };
    expect((await failure(endless.run(forever))).message).toContain("not over after 1000 ms");
  });

  it("that time stands still", async () => {
    const world = createSimulation();
    const spin = (): void => {
      world.clock.immediate(spin);
    };
    const spinning = async (): Promise<void> => {
      spin();
      await world.sleep(1);
    };
    expect((await failure(world.run(spinning))).message).toContain("something spins");
  });

  it("what was never closed", async () => {
    const world = createSimulation();
    const { message } = await failure(
      world.run((simulation) => {
        simulation.host("a").network.descriptors++;
        return Promise.resolve();
      }),
    );
    expect(message).toContain("a: 1 descriptors are left open");
  });

  it("what was closed twice", async () => {
    const world = createSimulation();
    const { message } = await failure(
      world.run((simulation) => {
        simulation.host("a").network.descriptors--;
        return Promise.resolve();
      }),
    );
    expect(message).toContain("a: 1 were closed twice");
  });

  it("what was left open", async () => {
    const world = createSimulation();
    const { message } = await failure(world.run((simulation) => startEcho(simulation.host("a"))));
    expect(message).toContain("a: its reactor has left open 1, registered 1");
  });
});

describe("shrinkFaultPlan", () => {
  it("leaves the faults without which it does not fail", async () => {
    const plan = Object.fromEntries(FAULTS.map((fault) => [fault, 0.5])) as unknown as FaultPlan;
    const fails = ({ split, reset }: FaultPlan): Promise<boolean> =>
      Promise.resolve(split > 0 && reset > 0);
    expect(await shrinkFaultPlan(plan, fails)).toEqual({ ...NO_FAULTS, split: 0.5, reset: 0.5 });
  });

  it("also those that can be left out only when others are", async () => {
    const plan = { ...NO_FAULTS, split: 0.5, delay: 0.5, reset: 0.5 };
    const fails = ({ split, delay, reset }: FaultPlan): Promise<boolean> =>
      Promise.resolve(reset > 0 && (split > 0 || delay === 0));
    expect(await shrinkFaultPlan(plan, fails)).toEqual({ ...NO_FAULTS, reset: 0.5 });
  });
});
