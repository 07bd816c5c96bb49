/** Promises 11 and 12: handlers that throw, that are slow, and that do nothing. */
import { expect, it, vi } from "vitest";

import { READABLE, WRITABLE } from "iomux";

import { arrived, crowd, knocking, readyCrowd, turns } from "../support/crowd.ts";
import { gate, listening } from "../support/reports.ts";
import { connected, onEveryNetwork, onStillNetworks } from "../support/world.ts";

onEveryNetwork("handlers", (world) => {
  it("11 / H7: a handler that throws costs its own channel, and the loop goes on", async () => {
    const [reactor, reports] = listening(world());
    const [bad, good] = await readyCrowd(world(), reactor, 2);
    const boom = new Error("boom");
    const registration = reactor.register(bad!.channel, READABLE, () => {
      throw boom;
    });
    const goodTurns: number[] = [];
    reactor.register(good!.channel, READABLE, () => {
      goodTurns.push(reactor.stats().turns);
    });
    const before = reactor.stats().turns;
    await turns(world(), reactor, 3);
    expect(goodTurns[0]).toBe(before + 1);
    expect(goodTurns.length).toBeGreaterThanOrEqual(3);
    expect(reports).toEqual([{ error: boom, fd: bad!.channel.fd }]);
    expect(bad!.channel).toMatchObject({ state: "closed", error: boom });
    expect(registration.active).toBe(false);
    expect(await world().run(bad!.channel.closed)).toBe(boom);
    expect(good!.channel.state).toBe("open");
    expect(reactor.stats().handlerErrors).toBe(1);
  });

  it("11 / H7: a handler that rejects costs its own channel, once", async () => {
    const [reactor, reports] = listening(world());
    const [member] = await readyCrowd(world(), reactor, 1);
    const opened = gate();
    reactor.register(member!.channel, READABLE, () => opened.promise);
    await turns(world(), reactor, 2);
    const boom = new Error("boom");
    opened.fail(boom);
    await turns(world(), reactor, 3);
    expect(reports).toEqual([{ error: boom, fd: member!.channel.fd }]);
    expect(member!.channel).toMatchObject({ state: "closed", error: boom });
  });

  it("11: a handler that rejects after its channel was closed is reported, and that is all", async () => {
    const [reactor, reports] = listening(world());
    const [member] = await readyCrowd(world(), reactor, 1);
    const opened = gate();
    reactor.register(member!.channel, READABLE, () => opened.promise);
    await turns(world(), reactor, 1);
    const first = new Error("first");
    member!.channel.abort(first);
    opened.fail(new Error("second"));
    await turns(world(), reactor, 2);
    expect(reports.map(({ error }) => error.message)).toEqual(["second"]);
    expect(member!.channel.error).toBe(first);
  });

  it("11: what is thrown and is no Error is wrapped in one", async () => {
    const [reactor, reports] = listening(world());
    const thrown: unknown[] = ["text", 5, null, undefined, { an: "object" }, Symbol("s")];
    const members = await readyCrowd(world(), reactor, thrown.length);
    members.forEach(({ channel }, place) => {
      reactor.register(channel, READABLE, () => {
        throw thrown[place];
      });
    });
    await turns(world(), reactor, 2);
    expect(reports).toHaveLength(thrown.length);
    for (const { error, fd } of reports) {
      expect(error).toMatchObject({ code: "IOMUX_HANDLER_THREW", fd });
      const place = members.findIndex(({ channel }) => channel.fd === fd);
      if (thrown[place] !== undefined) expect(error.cause).toBe(thrown[place]);
    }
  });

  it("11: a thenable whose then() throws is a handler that failed", async () => {
    const [reactor, reports] = listening(world());
    const listener = await world().run(reactor.listen(world().address()));
    await knocking(world(), listener, 1);
    const boom = new Error("boom");
    const evil = {
      then: () => {
        throw boom;
      },
    };
    let calls = 0;
    const registration = reactor.register(listener, READABLE, () => {
      calls++;
      if (calls === 1) return evil as never;
      listener.accept();
      return;
    });
    await turns(world(), reactor, 3);
    expect(reports).toEqual([{ error: boom, fd: listener.fd }]);
    expect(registration.held).toBe(false);
    expect(calls).toBe(2);
  });

  it("11: a listener's handler that throws is reported and kept, and paused after 8 in a row", async () => {
    const [reactor, reports] = listening(world());
    const listener = await world().run(reactor.listen(world().address()));
    await knocking(world(), listener, 1);
    let calls = 0;
    const registration = reactor.register(listener, READABLE, () => {
      calls++;
      if (calls === 7) return;
      throw new Error(`failure ${calls}`);
    });
    await turns(world(), reactor, 20);
    // Six failures, one success, and then eight in a row.
    expect(calls).toBe(15);
    expect(registration).toMatchObject({ active: true, paused: true });
    expect(listener.state).toBe("open");
    expect(reports).toHaveLength(15);
    expect(reports.at(-1)!.error).toMatchObject({
      code: "IOMUX_HANDLER_KEEPS_FAILING",
      fd: listener.fd,
    });
    expect(reports.at(-1)!.error.message).toContain(`fd ${listener.fd} (listener) failed 8 times`);
    registration.resume();
    await turns(world(), reactor, 2);
    expect(calls).toBeGreaterThan(15);
    expect(registration.paused).toBe(false);
  });

  it("11: a timer or defer that throws is reported, and the loop goes on", async () => {
    const [reactor, reports] = listening(world());
    let ran = 0;
    for (const message of ["timer 1", "timer 2"]) {
      reactor.setTimer(1, () => {
        throw new Error(message);
      });
    }
    reactor.setTimer(1, () => ran++);
    reactor.defer(() => {
      throw new Error("deferred");
    });
    reactor.defer(() => ran++);
    await turns(world(), reactor, 1);
    await world().advance(1);
    await turns(world(), reactor, 1);
    expect(ran).toBe(2);
    expect(reports.map(({ error }) => error.message)).toEqual(["deferred", "timer 1", "timer 2"]);
    expect(reports.every(({ fd }) => fd === null)).toBe(true);
  });

  it("11: without onError it is printed to stderr", async () => {
    const print = vi.spyOn(console, "error").mockImplementation(() => {});
    try {
      const reactor = world().createReactor();
      const [member] = await readyCrowd(world(), reactor, 1);
      reactor.register(member!.channel, READABLE, () => {
        throw new Error("boom");
      });
      await turns(world(), reactor, 2);
      expect(print).toHaveBeenCalledTimes(1);
      expect(print.mock.calls[0]![0]).toMatch(/^iomux: Error: boom\n +at /);
    } finally {
      print.mockRestore();
    }
  });

  it("11 / H7: onError throwing cannot stop the loop; both are printed", async () => {
    const print = vi.spyOn(console, "error").mockImplementation(() => {});
    try {
      const onError = (): void => {
        throw new Error("the hook");
      };
      const reactor = world().createReactor({ onError });
      const members = await readyCrowd(world(), reactor, 3);
      let calls = 0;
      for (const { channel } of members) {
        reactor.register(channel, READABLE, () => {
          calls++;
          if (calls < 3) throw new Error(`boom ${calls}`);
        });
      }
      await turns(world(), reactor, 3);
      expect(calls).toBeGreaterThan(3);
      const lines = print.mock.calls.map(([line]) => String(line).split("\n")[0]);
      expect(lines).toEqual([
        "iomux: Error: boom 1",
        "iomux: Error: the hook",
        "iomux: Error: boom 2",
        "iomux: Error: the hook",
      ]);
    } finally {
      print.mockRestore();
    }
  });

  it("12: a handler slower than slowHandlerMs is reported with its fd and name", async () => {
    const [reactor, reports] = listening(world(), { slowHandlerMs: 20, turnBudgetMs: Infinity });
    const [slow, quick] = await readyCrowd(world(), reactor, 2);
    reactor.register(slow!.channel, READABLE, function computePrimes(channel) {
      channel.read();
      world().spend(20.5);
    });
    reactor.register(quick!.channel, READABLE, (channel) => {
      channel.read();
      world().spend(20);
    });
    await turns(world(), reactor, 2);
    expect(reports).toHaveLength(1);
    expect(reports[0]).toMatchObject({
      fd: slow!.channel.fd,
      error: { code: "IOMUX_SLOW_HANDLER", fd: slow!.channel.fd },
    });
    expect(reports[0]!.error.message).toMatch(/handler computePrimes of fd \d+ ran for 20\.5 ms/);
    expect(reactor.stats().slowHandlers).toBe(1);
  });

  it("12 / H8: ready 1,000 turns in a row with no progress is reported as spinning, once", async () => {
    const [reactor, reports] = listening(world());
    const [member] = await readyCrowd(world(), reactor, 1);
    const registration = reactor.register(member!.channel, READABLE, () => {});
    await world().until(() => registration.dispatches >= 999, "999 turns");
    if (registration.dispatches === 999) expect(reports).toEqual([]);
    await world().until(() => registration.dispatches >= 2500, "many turns");
    expect(reports).toHaveLength(1);
    expect(reports[0]).toMatchObject({ error: { code: "IOMUX_SPINNING" }, fd: registration.fd });
    expect(reports[0]!.error.message).toContain("was READABLE for 1000 turns");
    expect(registration.paused).toBe(false);
    expect(reactor.stats().spinning).toBe(1);
  });

  it("12 / H8: with pauseSpinning it is paused as well", async () => {
    const [reactor, reports] = listening(world(), { spinTurns: 10, pauseSpinning: true });
    const [spinning, free] = await readyCrowd(world(), reactor, 2);
    const registration = reactor.register(spinning!.channel, READABLE, () => {});
    reactor.register(free!.channel, READABLE, (channel) => {
      channel.read();
    });
    await turns(world(), reactor, 30);
    expect(registration).toMatchObject({ dispatches: 10, paused: true });
    expect(reports).toHaveLength(1);
    registration.resume();
    await turns(world(), reactor, 30);
    expect(registration).toMatchObject({ dispatches: 20, paused: true });
  });

  it("12: an async handler that does nothing spins as well", async () => {
    const [reactor, reports] = listening(world(), { spinTurns: 10, pauseSpinning: true });
    const [member] = await readyCrowd(world(), reactor, 1);
    const registration = reactor.register(member!.channel, READABLE, async () => {});
    await turns(world(), reactor, 30);
    expect(registration).toMatchObject({ dispatches: 10, paused: true });
    expect(reports.map(({ error }) => error.code)).toEqual(["IOMUX_SPINNING"]);
  });
});

onStillNetworks("handlers", (world) => {
  it("12: read, write, accept and modify are progress, and start the count again", async () => {
    const [reactor, reports] = listening(world(), { spinTurns: 10 });
    const [reading, writing, changing, waiting] = await crowd(world(), reactor, 4);
    const { listener } = await connected(world(), reactor);
    reading!.peer.write("x".repeat(100));
    changing!.peer.write("x");
    waiting!.peer.write("x".repeat(20));
    await arrived(world(), [reading!.channel, changing!.channel, waiting!.channel]);
    await knocking(world(), listener, 10);
    const calls = { read: 0, write: 0, accept: 0, modify: 0, late: 0 };
    reactor.register(reading!.channel, READABLE, (channel) => {
      calls.read++;
      channel.read(1);
    });
    reactor.register(writing!.channel, WRITABLE, (channel) => {
      calls.write++;
      channel.write(Buffer.from("x"));
    });
    reactor.register(changing!.channel, READABLE, (_, _ready, registration) => {
      calls.modify++;
      registration.modify(READABLE);
    });
    // Nine turns of nothing, then one byte, and so on.
    reactor.register(waiting!.channel, READABLE, (channel) => {
      if (++calls.late % 9 === 0) channel.read(1);
    });
    reactor.register(listener, READABLE, () => {
      if (++calls.accept % 5 === 0) listener.accept()!.abort();
    });
    await turns(world(), reactor, 50);
    expect(Math.min(...Object.values(calls))).toBeGreaterThanOrEqual(49);
    expect(reports).toEqual([]);
  });
});
