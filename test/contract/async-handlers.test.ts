/** Promise 9: handlers that answer promises. */
import { expect, it } from "vitest";

import { EDGE, formatMask, ONESHOT, PEER_CLOSED, READABLE } from "iomux";

import { readyCrowd, turns } from "../support/crowd.ts";
import { gate } from "../support/reports.ts";
import { connected, onEveryNetwork } from "../support/world.ts";

onEveryNetwork("async handlers", (world) => {
  it.each([
    ["level", 0],
    ["edge", EDGE],
  ])(
    "9: a registration never overlaps itself: %s, held while its promise is pending",
    async (_, mode) => {
      const reactor = world().createReactor();
      const [member] = await readyCrowd(world(), reactor, 1);
      const gates: ReturnType<typeof gate>[] = [];
      const registration = reactor.register(member!.channel, READABLE | mode, async (channel) => {
        expect(registration.held).toBe(false);
        gates.push(gate());
        await gates.at(-1)!.promise;
        expect(registration.held).toBe(true);
        channel.read(1);
      });
      await turns(world(), reactor, 2);
      member!.peer.write("yz");
      await world().until(() => member!.channel.unread === 3, "more");
      await turns(world(), reactor, 3);
      registration.modify(READABLE | mode);
      registration.pause();
      registration.resume();
      await turns(world(), reactor, 3);
      expect(gates).toHaveLength(1);
      expect(registration.held).toBe(true);
      expect(reactor.explain(member!.channel).reading).toBe("held");
      gates[0]!.open();
      await world().until(() => gates.length === 2, "the next call");
      expect(registration.dispatches).toBe(2);
      gates[1]!.open();
      await world().passes(2);
    },
  );

  it("9: readiness is tested again in the turn after the promise settles", async () => {
    const reactor = world().createReactor();
    const [member] = await readyCrowd(world(), reactor, 1);
    const opened = gate();
    const turnOf: number[] = [];
    reactor.register(member!.channel, READABLE, (channel) => {
      turnOf.push(reactor.stats().turns);
      if (turnOf.length === 1) return opened.promise;
      channel.read();
      return;
    });
    await turns(world(), reactor, 3);
    const before = reactor.stats().turns;
    opened.open();
    await world().until(() => turnOf.length === 2, "the second call");
    expect(turnOf[1]).toBe(before + 1);
    await turns(world(), reactor, 3);
    expect(turnOf).toHaveLength(2);
  });

  it("9: what is held costs no turns, though it is ready", async () => {
    const reactor = world().createReactor();
    const [member] = await readyCrowd(world(), reactor, 1);
    const opened = gate();
    reactor.register(member!.channel, READABLE, () => opened.promise);
    await turns(world(), reactor, 2);
    member!.peer.write("more");
    await world().until(() => member!.channel.unread > 1, "more");
    await world().settle();
    const before = reactor.stats().turns;
    await world().passes(5);
    expect(reactor.stats().turns).toBe(before);
    opened.open();
  });

  it("9: what was ready and no longer is when the promise settles is not told of", async () => {
    const reactor = world().createReactor();
    const [member] = await readyCrowd(world(), reactor, 1);
    const opened = gate();
    let calls = 0;
    reactor.register(member!.channel, READABLE, () => {
      calls++;
      return opened.promise;
    });
    await turns(world(), reactor, 1);
    member!.channel.read();
    opened.open();
    await turns(world(), reactor, 3);
    expect(calls).toBe(1);
  });

  it("9: a held oneshot is armed again by modify, and called after it settles", async () => {
    const reactor = world().createReactor();
    const [member] = await readyCrowd(world(), reactor, 1);
    const gates: ReturnType<typeof gate>[] = [];
    const registration = reactor.register(member!.channel, READABLE | ONESHOT, () => {
      gates.push(gate());
      return gates.at(-1)!.promise;
    });
    await turns(world(), reactor, 1);
    registration.modify(READABLE | ONESHOT);
    await turns(world(), reactor, 2);
    expect(gates).toHaveLength(1);
    gates[0]!.open();
    await world().until(() => gates.length === 2, "the second call");
    gates[1]!.open();
    await turns(world(), reactor, 3);
    expect(gates).toHaveLength(2);
  });

  it("9: others are not held", async () => {
    const reactor = world().createReactor();
    const [held, free] = await readyCrowd(world(), reactor, 2);
    const opened = gate();
    reactor.register(held!.channel, READABLE, () => opened.promise);
    let calls = 0;
    reactor.register(free!.channel, READABLE, () => {
      calls++;
    });
    await turns(world(), reactor, 4);
    expect(calls).toBeGreaterThanOrEqual(4);
    opened.open();
  });

  it.each(["close", "abort", "unregister"] as const)(
    "9: %s aborts registration.signal",
    async (way) => {
      const reactor = world().createReactor();
      const { channel } = await connected(world(), reactor);
      const registration = reactor.register(channel, READABLE, () => {});
      const { signal } = registration;
      let events = 0;
      signal.addEventListener("abort", () => events++);
      expect(signal.aborted).toBe(false);
      expect(registration.signal).toBe(signal);
      const enough = new Error("enough");
      if (way === "close") channel.close();
      else if (way === "abort") channel.abort(enough);
      else registration.unregister();
      expect(signal.aborted).toBe(true);
      expect(events).toBe(1);
      if (way === "abort") expect(signal.reason).toBe(enough);
    },
  );

  it("9: a signal asked for after the end is aborted already", async () => {
    const reactor = world().createReactor();
    const { channel } = await connected(world(), reactor);
    const registration = reactor.register(channel, READABLE, () => {});
    channel.abort();
    expect(registration.signal.aborted).toBe(true);
  });

  it("9: ERROR aborts registration.signal, though the handler is held", async () => {
    const reactor = world().createReactor();
    const [member] = await readyCrowd(world(), reactor, 1);
    const { channel, peer } = member!;
    const seen: string[] = [];
    const registration = reactor.register(
      channel,
      READABLE | PEER_CLOSED,
      async (_, ready, { signal }) => {
        seen.push(formatMask(ready));
        if (seen.length > 1) return;
        channel.read();
        await new Promise((resolve) => {
          signal.addEventListener("abort", resolve);
        });
        seen.push("aborted");
      },
    );
    await turns(world(), reactor, 2);
    peer.reset();
    await world().until(() => {
      // A Unix-domain socket learns that its peer is gone when it is written to.
      if (world().family === "unix") channel.write(Buffer.from("y"));
      return !registration.active;
    }, "the end");
    expect(seen.slice(0, 2)).toEqual(["READABLE", "aborted"]);
    expect(seen).toHaveLength(3);
    expect(seen[2]).toContain("ERROR|HANGUP");
    expect(registration.signal.reason).toBe(channel.error);
  });
});
