/** The trace of a simulation: what its lines say, so that cause and effect are seen. */
import { describe, expect, it } from "vitest";

import { READABLE } from "iomux";
import {
  createSimulation,
  FAULTS,
  MemoryNetwork,
  SimulatedClock,
  Trace,
  type Simulation,
} from "iomux/testing";

import { echoes, startEcho } from "./scenarios/serve-echo.ts";

const PORT = 9000;

/** The lines of a simulation, without their times. */
function said(world: Simulation): string[] {
  return world.trace.last(Infinity).map((line) => line.replace(/^\S+ /, ""));
}

/** Streams and datagrams between two hosts. */
async function busy(world: Simulation): Promise<void> {
  const [here, there] = [world.host("here 1"), world.host("there")];
  const from = here.network.datagrams.socket({ host: "0.0.0.0", port: 0 });
  const to = there.network.datagrams.socket({ host: "0.0.0.0", port: 53 });
  for (let n = 0; n < 5; n++) from.send("datagram", { host: there.address, port: 53 });
  await echoes(world);
  const sockets = [here.dial({ host: there.address, port: PORT })];
  const { server, reactor } = await startEcho(there);
  sockets.push(here.dial({ host: there.address, port: PORT }));
  await world.sleep(100);
  for (const socket of sockets) if (!socket.closed) socket.write("to be lost\n");
  for (const socket of sockets) if (!socket.closed) socket.reset();
  await world.sleep(1000);
  await server.close();
  await reactor.close();
  from.close();
  to.close();
}

describe("a fault", () => {
  it.each(FAULTS)(
    "%s has a line of its own that names it each time when it strikes",
    async (fault) => {
      const world = createSimulation({ faults: { [fault]: 0.7 }, traceLines: 100_000 });
      await world.run(busy);
      const struck = said(world).filter((line) => line.includes("fault "));
      expect(struck.length).toBeGreaterThan(0);
      for (const line of struck)
        expect(line).toMatch(new RegExp(`^(\\S+ > \\S+|stdin|there( #2)?:) fault ${fault}: .`));
    },
  );

  it("that does not strike has none", async () => {
    const world = createSimulation({ traceLines: 100_000 });
    await world.run(busy);
    expect(said(world).filter((line) => line.includes("fault"))).toEqual([]);
  });
});

it("pieces of a segment do not arrive together", async () => {
  const world = createSimulation({ faults: { split: 1 } });
  await world.run(async () => {
    const [left, right] = world.host("it").network.pair();
    left.end(Buffer.alloc(5000));
    await world.sleep(100);
    for (const socket of [left, right]) socket.destroy();
  });
  const pieces = world.trace.last(1000).filter((line) => / data \d+$/.test(line));
  const moments = pieces.map((line) => line.replace(/ .*$/, ""));
  expect(pieces.length).toBeGreaterThan(3);
  expect(new Set(moments).size).toBe(moments.length);
});

describe("what happens has a line", () => {
  it("a call of a handler: which reactor, fd and mask, and what the descriptor is", async () => {
    const world = createSimulation({ buffers: { receive: 1000, send: 1000 } });
    await world.run(async () => {
      const [here, there] = [world.host("here"), world.host("there")];
      const reactor = there.createReactor();
      const listener = await reactor.listen({ host: "0.0.0.0", port: PORT });
      reactor.register(listener, READABLE, () => {
        reactor.register(listener.accept()!, READABLE, (channel) => {
          if (channel.read()?.length === 0) channel.close();
        });
      });
      const second = there.createReactor();
      const signals = second.signals(["SIGHUP"]);
      second.register(signals, READABLE, () => void signals.read());
      const socket = here.dial({ host: there.address, port: PORT });
      socket.end("hello");
      await world.sleep(10);
      there.raise("SIGHUP");
      await world.sleep(10);
      await second.close();
      await reactor.close();
    });
    const way = "10.0.0.1:32768 > 10.0.0.2:9000";
    const back = "10.0.0.2:9000 > 10.0.0.1:32768";
    expect(world.trace.last(100)).toEqual([
      `1.000 ${way} syn`,
      "1.000 there: fd 1 READABLE (listener 0.0.0.0:9000)",
      `2.000 ${back} syn-ack`,
      // A segment with bytes takes up to 1/16 ms more than one without.
      `3.063 ${way} data 5`,
      `3.063 ${way} fin`,
      "3.063 there: fd 2 READABLE (channel 10.0.0.1:32768)",
      "3.063 there: fd 2 READABLE (channel 10.0.0.1:32768)",
      `4.063 ${back} fin`,
      "10.000 there #2: fd 1 READABLE (signals)",
    ]);
  });

  it("a question that is not answered, and that it is given up", async () => {
    const world = createSimulation({ traceLines: 100_000 });
    await world.run(async () => {
      const [here, there] = [world.host("here"), world.host("there")];
      const listener = await there.network.listen({ host: "0.0.0.0", port: PORT }, { backlog: 1 });
      const [waiting, socket] = [1, 2].map(() => here.dial({ host: there.address, port: PORT }));
      while (!socket!.closed) await world.sleep(1000);
      waiting!.destroy();
      listener.close(() => undefined);
    });
    const way = "10.0.0.1:32769 > 10.0.0.2:9000";
    const asked = world.trace.last(100).filter((line) => line.endsWith(`${way} syn`));
    // Each time twice as long after the one before, as Linux does (tcp(7), tcp_syn_retries).
    const times = asked.map((line) => Math.round(Number(line.split(" ")[0]) / 1000));
    expect(times).toEqual([0, 1, 3, 7, 15, 31, 63]);
    expect(said(world).filter((line) => line.includes("not answered"))).toEqual(
      times.map(() => `${way} is not answered: its backlog is full`),
    );
    const end = `127000.000 ${way} fails: no answer came (ETIMEDOUT)`;
    expect(world.trace.last(100)).toContain(end);
  });

  it("a refusal, and a host that is not there", async () => {
    const world = createSimulation();
    await world.run(async () => {
      const [here, there] = [world.host("here"), world.host("there")];
      here.dial({ host: there.address, port: 1 });
      here.dial({ host: "10.9.9.9", port: 1 });
      here.dial({ path: "/run/it" });
      const datagrams = here.network.datagrams.socket({ host: "0.0.0.0", port: 7 });
      datagrams.send("x", { host: "10.9.9.9", port: 1 });
      await world.sleep(100);
      datagrams.close();
    });
    expect(said(world)).toEqual(
      expect.arrayContaining([
        "10.0.0.1:32768 > 10.0.0.2:1 fails: nobody listens there (ECONNREFUSED)",
        "10.0.0.1:32769 > 10.9.9.9:1 fails: there is no such host (EHOSTUNREACH)",
        "unix:(unnamed) > unix:/run/it fails: nobody listens there (ENOENT)",
        "10.0.0.1:7 > 10.9.9.9:1 datagram 1 lost: there is no such host",
      ]),
    );
  });

  it("what a partition holds back, and what it takes", async () => {
    const world = createSimulation();
    await world.run(async () => {
      const [here, there] = [world.host("here"), world.host("there")];
      world.partition(here, there);
      const datagrams = here.network.datagrams.socket({ host: "0.0.0.0", port: 7 });
      datagrams.send("x", { host: there.address, port: 1 });
      here.dial({ host: there.address, port: 1 });
      await world.sleep(100);
      world.heal(here, there);
      await world.sleep(100);
      datagrams.close();
    });
    expect(world.trace.last(100)).toEqual([
      "0.000 here and there are cut off from each other",
      "0.000 10.0.0.1:7 > 10.0.0.2:1 datagram 1 lost: the hosts are cut off from each other",
      "0.000 10.0.0.1:32768 > 10.0.0.2:1 syn waits for the healing",
      "100.000 here and there reach each other again",
      "101.000 10.0.0.1:32768 > 10.0.0.2:1 syn",
      "102.000 10.0.0.2:1 > 10.0.0.1:32768 reset",
      "102.000 10.0.0.1:32768 > 10.0.0.2:1 fails: nobody listens there (ECONNREFUSED)",
    ]);
  });

  it("that there is no descriptor for a peer, and no room for a datagram", async () => {
    const world = createSimulation();
    await world.run(async () => {
      const [here, there] = [world.host("here"), world.host("there", { descriptorLimit: 1 })];
      const reactor = there.createReactor({ onError: () => undefined, reserveDescriptors: 0 });
      await reactor.listen({ host: "0.0.0.0", port: PORT });
      const socket = here.dial({ host: there.address, port: PORT });
      const { datagrams } = there.network;
      const small = datagrams.bind({ host: "0.0.0.0", port: 53 }, { receiveBufferBytes: 768 });
      const from = here.network.datagrams.socket({ host: "0.0.0.0", port: 7 });
      from.send("x", { host: there.address, port: 53 });
      await world.sleep(100);
      socket.destroy();
      from.close();
      small.close();
      await reactor.close();
    });
    expect(said(world)).toEqual(
      expect.arrayContaining([
        "10.0.0.1:32768 > 10.0.0.2:9000 accepting fails: EMFILE",
        "10.0.0.1:7 > 10.0.0.2:53 datagram 1 lost: the receive buffer is full",
      ]),
    );
  });
});

describe("without a trace", () => {
  it("the same happens, and no line is made", async () => {
    const counts = async (traceLines: number): Promise<unknown> => {
      const world = createSimulation({ seed: 4, faults: "swarm", traceLines });
      const heard = await world.run((simulation) => echoes(simulation));
      const bytes = world.streams.map(({ sent, delivered }) => [sent, delivered]);
      return { heard, bytes, now: world.clock.now(), next: world.random.next() };
    };
    expect(await counts(0)).toEqual(await counts(1000));
    const world = createSimulation({ traceLines: 0 });
    await world.run((simulation) => echoes(simulation));
    world.trace.note(() => {
      throw new Error("a line is made");
    });
    expect([world.trace.on, world.trace.count, world.trace.last(10)]).toEqual([false, 0, []]);
  });

  it("a failure says so", async () => {
    const failing = createSimulation({ traceLines: 0 }).run(() => Promise.reject(new Error("no")));
    await expect(failing).rejects.toThrow("the last events:\n  none were kept: traceLines is 0\n");
  });
});

it("a network in memory without a simulation has one if it is given one", async () => {
  const clock = new SimulatedClock();
  const trace = new Trace(clock, 10);
  const network = new MemoryNetwork(clock, { trace });
  network.dial({ port: 1 });
  await clock.settle();
  const line = "0.000 127.0.0.1:32768 > 127.0.0.1:1 fails: nobody listens there (ECONNREFUSED)";
  expect(trace.last(10)).toEqual([line]);
});

it("keeps the last lines that it was told to keep, and counts all", () => {
  const trace = new Trace(new SimulatedClock(), 10);
  for (let n = 1; n <= 100; n++) {
    trace.note(`line ${n}`);
    const kept = trace.last(Infinity).length;
    expect(kept).toBeGreaterThanOrEqual(Math.min(n, 10));
    expect(kept).toBeLessThanOrEqual(20);
  }
  expect([trace.last(1), trace.last(0), trace.count]).toEqual([["0.000 line 100"], [], 100]);
});
