/** Nothing real leaks into a simulation, and nothing of it leaks out. */
import { randomBytes, scrypt } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { setTimeout as realSleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { deflate, deflateSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";

import { READABLE } from "iomux";
import { createSimulation, SimulationError, type Simulation } from "iomux/testing";

const FILE = "package.json";
const PORT = 9000;

async function failure(run: Promise<unknown>): Promise<SimulationError> {
  const error = await run.catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(SimulationError);
  return error as SimulationError;
}

/** A simulation that goes on for ever, in which a handler does `what` when a byte comes. */
async function handling(world: Simulation, what: () => unknown): Promise<void> {
  const [there, here] = [world.host("server"), world.host("home")];
  const reactor = there.createReactor();
  const listener = await reactor.listen({ host: "0.0.0.0", port: PORT });
  reactor.register(listener, READABLE, () => {
    for (let peer = listener.accept(); peer !== null; peer = listener.accept()) {
      reactor.register(peer, READABLE, async (channel) => {
        channel.read();
        await what();
      });
    }
  });
  const busy = here.dial({ host: there.address, port: PORT });
  busy.write("x");
  for (;;) await world.sleep(1);
}

describe("a handler that waits for something real", () => {
  const opened: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of opened.splice(0)) await close();
  });

  it.each<[string, string, () => unknown]>([
    ["a timer", "a real timer (Timeout)", () => new Promise((done) => setTimeout(done, 1))],
    ["one that keeps nothing alive", "a real timer", () => setTimeout(() => 0, 1).unref()],
    ["timers/promises", "a real timer (Timeout)", () => realSleep(1)],
    ["an immediate", "an immediate of the real loop", () => new Promise(setImmediate)],
    ["a file", "a real file (FSREQPROMISE)", () => readFile(FILE)],
    ["a hash in a thread", "a thread (SCRYPTREQUEST)", () => scrypt("a", "b", 8, () => 0)],
    ["compression in a thread", "a thread (ZLIB)", () => deflate("a", () => 0)],
    [
      "a worker",
      "a thread (WORKER)",
      () => {
        const worker = new Worker("0", { eval: true });
        opened.push(() => worker.terminate());
        return once(worker, "exit");
      },
    ],
    [
      "a socket",
      "a real socket (TCPWRAP)",
      () => {
        const socket = connect(9, "127.0.0.1");
        opened.push(() => socket.destroy());
        return new Promise((done) => socket.on("connect", done).on("error", done));
      },
    ],
    [
      "a signal",
      "a real signal (SIGNALWRAP)",
      () => {
        const nothing = (): void => undefined;
        process.on("SIGUSR2", nothing);
        opened.push(() => process.off("SIGUSR2", nothing));
      },
    ],
  ])("%s: fails at once, and says what, where and whose", async (_, real, what) => {
    const world = createSimulation({ maxMs: 1000 });
    const { message } = await failure(world.run((simulation) => handling(simulation, what)));
    expect(message).toContain(`something real is waited for: ${real}`);
    expect(message).toContain("seclusion.test.ts");
    expect(message).toContain("use the simulation's sleep(), or setTimer()");
    expect(world.clock.now()).toBeLessThan(10);
  });

  it("names the handlers that are pending", async () => {
    const world = createSimulation();
    const { message } = await failure(
      world.run((simulation) => handling(simulation, () => realSleep(1))),
    );
    expect(message).toMatch(/handlers that are pending: fd 2 on host "server";/);
  });

  it("also when it has waited for the simulation before", async () => {
    const world = createSimulation();
    const late = async (): Promise<void> => {
      await world.sleep(20);
      await realSleep(1);
    };
    const { message } = await failure(world.run((simulation) => handling(simulation, late)));
    expect(message).toContain("a real timer");
    expect(world.clock.now()).toBeLessThan(30);
  });

  it("not what is over at once, and not the console", async () => {
    await createSimulation().run((world) => {
      clearTimeout(setTimeout(() => undefined, 1));
      clearImmediate(setImmediate(() => undefined));
      randomBytes(8);
      deflateSync("a");
      readFileSync(FILE);
      structuredClone({ a: 1 });
      queueMicrotask(() => undefined);
      process.nextTick(() => undefined);
      console.debug("seen by whoever looks for a defect");
      return world.sleep(1);
    });
  });

  it("what is real and begun outside of the simulation goes on behind it", async () => {
    const server = createServer((socket) => socket.end("real")).listen(0, "127.0.0.1");
    await once(server, "listening");
    const socket: Socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
    const answer = once(socket, "data");
    await createSimulation().run((world) => world.sleep(1000));
    expect(String((await answer)[0])).toBe("real");
    socket.destroy();
    server.close();
  });
});

describe("between two callbacks of a simulation", () => {
  it("every promise and every tick is run, however long their chain is", async () => {
    const world = createSimulation();
    let hops = 0;
    const hop = (left: number): void => {
      hops++;
      if (left === 0) return;
      if (left % 3 === 0) process.nextTick(hop, left - 1);
      else if (left % 3 === 1)
        queueMicrotask(() => {
          hop(left - 1);
        });
      else
        void Promise.resolve().then(() => {
          process.nextTick(hop, left - 1);
        });
    };
    await world.run(async () => {
      const seen: number[] = [];
      world.clock.post(() => {
        hop(1000);
      });
      world.clock.post(() => seen.push(hops));
      world.clock.post(() => {
        process.nextTick(() => {
          process.nextTick(hop, 1000);
        });
      });
      world.clock.post(() => seen.push(hops));
      await world.sleep(1);
      expect(seen).toEqual([1001, 2002]);
    });
  });
});

describe("the globals of the process", () => {
  const REAL = [Date, Date.now, Math.random, performance.now, process.hrtime];
  const globals = (): unknown[] => [Date, Date.now, Math.random, performance.now, process.hrtime];

  it("are those of the simulation while it runs", async () => {
    const told = async (seed: number): Promise<unknown> => {
      const world = createSimulation({ seed });
      return world.run(async () => {
        await world.sleep(1500);
        return {
          date: new Date().toISOString(),
          now: Date.now() - Date.UTC(2000),
          given: new Date(0).getTime(),
          parsed: Date.parse("1970-01-01T00:00:01Z"),
          is: new Date() instanceof Date,
          performance: performance.now(),
          hrtime: process.hrtime([1, 0]),
          bigint: process.hrtime.bigint(),
          random: [Math.random(), Math.random()],
        };
      });
    };
    const first = await told(1);
    expect(first).toMatchObject({
      date: "2000-01-01T00:00:01.500Z",
      now: 1500,
      given: 0,
      parsed: 1000,
      is: true,
      performance: 1500,
      hrtime: [0, 500_000_000],
      bigint: 1_500_000_000n,
    });
    expect(await told(1)).toEqual(first);
    expect(await told(2)).not.toEqual(first);
  });

  it("are the real ones again afterwards, also when it has failed", async () => {
    await createSimulation().run((world) => world.sleep(1));
    expect(globals()).toEqual(REAL);
    await failure(createSimulation().run(() => Promise.reject(new Error("no"))));
    expect(globals()).toEqual(REAL);
    expect(Math.abs(Date.now() - new Date().getTime())).toBeLessThan(60_000);
  });

  it("are there once: a second simulation does not run meanwhile", async () => {
    const first = createSimulation().run((world) => world.sleep(1));
    const second = createSimulation().run((world) => world.sleep(1));
    await expect(second).rejects.toThrow("another simulation runs in this process");
    await first;
    await createSimulation().run((world) => world.sleep(1));
  });
});

describe("a promise that is rejected and that nobody handles", () => {
  it("fails the run, and not the process", async () => {
    const listeners = process.listeners("unhandledRejection");
    const world = createSimulation({ seed: 5 });
    const { message } = await failure(
      world.run(async () => {
        void Promise.reject(new Error("lost"));
        await world.sleep(10);
      }),
    );
    expect(message).toContain(
      "seed 5: a promise was rejected, and nobody handled it: lost\nmake it again",
    );
    expect(process.listeners("unhandledRejection")).toEqual(listeners);
  });
});
