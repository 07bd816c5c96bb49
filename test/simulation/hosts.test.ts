/** The hosts of a simulation: what is their own, how they die, and what they must not leave. */
import { describe, expect, it } from "vitest";

import { READABLE, type Reactor } from "iomux";
import { createSimulation, SimulationError, type SimulatedHost } from "iomux/testing";

import { startEcho } from "./scenarios/serve-echo.ts";

const PORT = 9000;

describe("a host", () => {
  it("has its own signals", async () => {
    const world = createSimulation();
    await world.run(async () => {
      const [a, b] = [world.host("a"), world.host("b")];
      const reactor = a.createReactor();
      const heard: string[] = [];
      const signals = reactor.signals(["SIGTERM"]);
      reactor.register(signals, READABLE, () => {
        heard.push(signals.read() ?? "none");
      });
      b.raise("SIGTERM");
      await world.sleep(1);
      expect(heard).toEqual([]);
      expect(b.network.unwatched).toEqual(["SIGTERM"]);
      a.raise("SIGTERM");
      await world.sleep(1);
      expect(heard).toEqual(["SIGTERM"]);
      signals.close();
      await reactor.close();
    });
  });
});

describe("a crash of a host", () => {
  /** A server that has a timer, a peer, and one who writes to a path. */
  async function started(host: SimulatedHost, ran: string[]): Promise<Reactor> {
    const { reactor } = await startEcho(host);
    await reactor.listen({ path: "/run/it" });
    await reactor.bind({ host: "0.0.0.0", port: 53 });
    reactor.setTimer(1000, () => ran.push("timer"));
    return reactor;
  }

  it("peers see the end, nothing of it runs any more, and it starts again", async () => {
    const world = createSimulation();
    await world.run(async () => {
      const [there, here] = [world.host("there"), world.host("here")];
      const ran: string[] = [];
      await started(there, ran);
      const socket = here.dial({ host: there.address, port: PORT });
      await world.sleep(10);
      there.crash();
      await world.sleep(2000);
      expect(ran).toEqual([]);
      expect(socket).toMatchObject({ ended: true });
      socket.destroy();
      expect(there.network.netstat()).toEqual([]);

      const { reactor, server } = await startEcho(there);
      const again = here.dial({ host: there.address, port: PORT });
      again.end("x\n");
      await world.sleep(50);
      expect(again.received.toString()).toBe("x\n");
      await server.close();
      await reactor.close();
    });
    expect(world.trace.last(1000).some((line) => line.endsWith("there crashes"))).toBe(true);
  });

  it("with bytes unread its peers are reset", async () => {
    const world = createSimulation();
    await world.run(async () => {
      const [there, here] = [world.host("there"), world.host("here")];
      const reactor = there.createReactor();
      const listener = await reactor.listen({ host: "0.0.0.0", port: PORT });
      const socket = here.dial({ host: there.address, port: PORT });
      socket.write(Buffer.alloc(1 << 20));
      await world.sleep(10);
      listener.accept();
      await world.sleep(10);
      there.crash();
      await world.sleep(10);
      expect(socket.error).toMatchObject({ code: "ECONNRESET" });
    });
  });

  it("ports go on from where they were: no peer takes a new process for the old one", async () => {
    const world = createSimulation();
    await world.run(async () => {
      const host = world.host("it");
      const port = (): unknown => host.dial({ port: 1 }).localAddress;
      const before = port();
      host.crash();
      expect(port()).not.toEqual(before);
      await world.sleep(10);
    });
  });

  it("its path stays behind: connecting is refused, and a new listener takes it over", async () => {
    const world = createSimulation();
    await world.run(async () => {
      const host = world.host("it");
      await started(host, []);
      host.crash();
      const refused = host.dial({ path: "/run/it" });
      await world.sleep(1);
      expect(refused.error).toMatchObject({ code: "ECONNREFUSED" });
      const reactor = host.createReactor();
      const listener = await reactor.listen({ path: "/run/it" });
      listener.close();
      const gone = host.dial({ path: "/run/it" });
      await world.sleep(1);
      expect(gone.error).toMatchObject({ code: "ENOENT" });
      await reactor.close();
    });
  });

  it("it is not alive, whatever its reactors still do; one that is started again is", async () => {
    const world = createSimulation();
    await world.run(async () => {
      const host = world.host("it");
      const [idle, busy] = [host.createReactor(), host.createReactor()];
      const timer = busy.setTimer(1000, () => undefined);
      expect(host.alive).toBe(true);
      host.crash();
      expect(host.alive).toBe(false);
      idle.setTimer(1000, () => undefined);
      expect(host.alive).toBe(false);
      const reactor = host.createReactor();
      const again = reactor.setTimer(1000, () => undefined);
      expect(host.alive).toBe(true);
      timer.cancel();
      expect(host.alive).toBe(true);
      again.cancel();
      expect(host.alive).toBe(false);
      await reactor.close();
    });
  });

  it("what a killed process still asks for is not answered", async () => {
    const world = createSimulation();
    await world.run(async () => {
      const [there, here] = [world.host("there"), world.host("here")];
      const server = await startEcho(here);
      const dead = there.createReactor();
      there.crash();
      const settled: string[] = [];
      const channel = dead.connect({ host: here.address, port: PORT });
      dead.register(channel, READABLE, () => {
        settled.push("connected");
      });
      void dead.listen({ port: 1 }).finally(() => settled.push("listening"));
      void dead.bind({ port: 1 }).finally(() => settled.push("bound"));
      dead.defer(() => settled.push("deferred"));
      await world.sleep(200_000);
      expect(settled).toEqual([]);
      await server.server.close();
      await server.reactor.close();
    });
  });
});

describe("what is left at the end fails the run", () => {
  const LEFT: [string, RegExp, (a: SimulatedHost, b: SimulatedHost) => unknown][] = [
    [
      "a listener",
      /a: its reactor has left open 1/,
      (a) => a.createReactor().listen({ port: PORT }),
    ],
    ["a datagram", /a: its reactor has left open 1/, (a) => a.createReactor().bind({ port: 1 })],
    [
      "a timer",
      /a: its reactor has left timers 1/,
      (a) => a.createReactor().setTimer(1e9, () => 0),
    ],
    [
      "a raw socket",
      /a: 2 left open: tcp +0 +0 127.0.0.1:\d+ +127.0.0.1:\d+ +ESTABLISHED/,
      (a) => a.network.pair(),
    ],
    [
      "a raw datagram socket",
      /a: 1 left open: udp .* 127.0.0.1:7/,
      (a) => a.network.datagrams.socket({ port: 7 }),
    ],
    [
      "unread bytes",
      /unreadBytes 1|bufferedBytes 1/,
      async (a, b) => {
        const reactor = a.createReactor();
        const listener = await reactor.listen({ host: "0.0.0.0", port: PORT });
        reactor.register(listener, READABLE, () => {
          listener.accept();
          listener.close();
        });
        b.dial({ host: a.address, port: PORT }).end("x");
      },
    ],
  ];

  it.each(LEFT)("%s", async (_, left, open) => {
    const world = createSimulation();
    const error: unknown = await world
      .run(async () => {
        await open(world.host("a"), world.host("b"));
        await world.sleep(100);
      })
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(SimulationError);
    expect((error as Error).message).toMatch(left);
  });

  it("what a part of the scenario opens that nobody awaited", async () => {
    const world = createSimulation();
    const running = world.run(() => {
      world.clock.timer(50, () => {
        world.host("a").network.pair();
      });
      return Promise.resolve();
    });
    await expect(running).rejects.toThrow("a: 2 left open: tcp");
  });

  it("but what a partition held back still arrives", async () => {
    const world = createSimulation();
    await world.run(async () => {
      const [a, b] = [world.host("a"), world.host("b")];
      const reactor = a.createReactor();
      const listener = await reactor.listen({ host: "0.0.0.0", port: PORT });
      reactor.register(listener, READABLE, () => {
        const peer = listener.accept()!;
        listener.close();
        reactor.register(peer, READABLE, (channel) => {
          if (channel.read()?.length === 0) channel.close();
        });
      });
      const socket = b.dial({ host: a.address, port: PORT });
      await world.sleep(10);
      world.partition(a, b);
      socket.end("x");
      await world.sleep(10);
    });
  });
});
