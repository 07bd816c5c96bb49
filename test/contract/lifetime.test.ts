/** Promise 14: what keeps the process alive, and in which async context handlers run. */
import { AsyncLocalStorage } from "node:async_hooks";

import { expect, it } from "vitest";

import { READABLE, WRITABLE } from "iomux";

import { crowd, knocking, readyCrowd, turns } from "../support/crowd.ts";
import { gate } from "../support/reports.ts";
import { connected, onEveryNetwork } from "../support/world.ts";

onEveryNetwork("lifetime", (world) => {
  it("14 / H31: a reactor with nothing registered keeps nothing alive", async () => {
    const reactor = world().createReactor();
    expect(world().alive).toBe(false);
    await connected(world(), reactor);
    reactor.wake();
    await world().settle();
    expect(world().alive).toBe(false);
  });

  it("14 / H32: an open registration keeps the process alive, until it is gone", async () => {
    const reactor = world().createReactor();
    const members = await crowd(world(), reactor, 4);
    const ends = [
      (place: number) => reactor.unregister(members[place]!.channel),
      (place: number) => {
        members[place]!.channel.abort();
      },
      (place: number) => {
        // What is closing keeps the process alive until it is closed.
        members[place]!.channel.close();
        expect(world().alive).toBe(true);
        members[place]!.peer.end();
      },
      (place: number) => {
        members[place]!.channel.shutdown();
        members[place]!.peer.end();
      },
    ];
    for (const [place, end] of ends.entries()) {
      reactor.register(members[place]!.channel, READABLE, (channel) => {
        channel.read();
      });
      expect(world().alive).toBe(true);
      end(place);
      await world().until(() => !world().alive, "nothing to be left");
      expect(reactor.registrations.size).toBe(0);
    }
  });

  it("14 / H32: unref lets the process end, ref takes it back; each counts once", async () => {
    const reactor = world().createReactor();
    const [first, second] = await crowd(world(), reactor, 2);
    const one = reactor.register(first!.channel, READABLE);
    const two = reactor.register(second!.channel, READABLE);
    expect(one.unref()).toBe(one);
    one.unref();
    expect(world().alive).toBe(true);
    two.unref();
    expect(world().alive).toBe(false);
    one.ref().ref();
    expect(world().alive).toBe(true);
    one.unref();
    expect(world().alive).toBe(false);
    two.unregister();
    two.ref();
    expect(world().alive).toBe(false);
    one.ref().unregister();
    expect(world().alive).toBe(false);
    one.unref().ref();
    expect(world().alive).toBe(false);
  });

  it("14 / H32: a timer keeps the process alive until it fires, unless it is unref'd", async () => {
    const reactor = world().createReactor();
    const timer = reactor.setTimer(10, () => {});
    expect(world().alive).toBe(true);
    timer.unref().unref();
    expect(world().alive).toBe(false);
    timer.ref().ref().refresh().refresh();
    expect(world().alive).toBe(true);
    timer.cancel();
    expect(world().alive).toBe(false);
    timer.refresh();
    expect(world().alive).toBe(true);
    await world().advance(10);
    await turns(world(), reactor, 1);
    expect(world().alive).toBe(false);
    timer.refresh();
    expect(world().alive).toBe(true);
    timer.cancel();
    expect(world().alive).toBe(false);
    timer.unref().refresh();
    expect(world().alive).toBe(false);
    timer.ref();
    expect(world().alive).toBe(true);
    timer.cancel();
    timer.cancel();
    expect(world().alive).toBe(false);
    timer.ref().unref().ref();
    expect(world().alive).toBe(false);
  });

  it("14: a timer that fires while unref'd, and is then ref'd, keeps nothing alive", async () => {
    const reactor = world().createReactor();
    const timer = reactor.setTimer(1, () => timer.ref()).unref();
    await world().advance(1);
    await turns(world(), reactor, 1);
    expect(timer.active).toBe(false);
    expect(world().alive).toBe(false);
  });

  it("14: what is deferred keeps the process alive until it ran", async () => {
    const reactor = world().createReactor();
    reactor.defer(() => {});
    expect(world().alive).toBe(true);
    await turns(world(), reactor, 1);
    expect(world().alive).toBe(false);
  });

  it("14: a waiting poll or select keeps the process alive, until it ends in any way", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    reactor.register(channel, READABLE).unref();
    for (const wait of [
      (signal: AbortSignal) => reactor.poll({ signal, timeoutMs: 5 }),
      (signal: AbortSignal) => reactor.select([channel], [], [], { signal, timeoutMs: 5 }),
    ]) {
      for (const end of ["time-out", "abort", "wake", "bytes"]) {
        const controller = new AbortController();
        expect(world().alive).toBe(false);
        const waiting = wait(controller.signal).catch(() => null);
        expect(world().alive).toBe(true);
        await world().passes(2);
        if (end === "abort") controller.abort();
        else if (end === "wake") reactor.wake();
        else if (end === "bytes") peer.write("x");
        else await world().advance(5);
        await world().run<unknown>(waiting);
        channel.read();
        expect(world().alive).toBe(false);
      }
    }
  });

  it("14: close() ends everything that keeps the process alive", async () => {
    const reactor = world().createReactor();
    const { channel, listener } = await connected(world(), reactor);
    reactor.register(channel, READABLE);
    reactor.register(listener, READABLE);
    reactor.setTimer(1_000_000, () => {});
    reactor.defer(() => {});
    const polling = reactor.poll();
    const closing = reactor.close({ drainMs: 1 });
    await world().advance(1);
    await world().run(closing);
    expect(await world().run(polling)).toEqual([]);
    expect(world().alive).toBe(false);
  });

  it("14: handlers run in the async context of their register, whoever woke the turn", async () => {
    const storage = new AsyncLocalStorage<string>();
    const reactor = world().createReactor();
    const members = await readyCrowd(world(), reactor, 3);
    const { listener } = await connected(world(), reactor);
    await knocking(world(), listener, 1);
    const seen: [string, string | undefined][] = [];
    members.forEach(({ channel }, place) => {
      storage.run(`member ${place}`, () => {
        reactor.register(channel, READABLE | WRITABLE, () => {
          seen.push([`member ${place}`, storage.getStore()]);
          channel.read();
          channel.abort();
        });
      });
    });
    storage.run("listener", () => {
      reactor.register(listener, READABLE, () => {
        seen.push(["listener", storage.getStore()]);
        listener.close();
      });
      reactor.setTimer(0, () => seen.push(["timer", storage.getStore()]));
      reactor.defer(() => seen.push(["defer", storage.getStore()]));
    });
    await storage.run("elsewhere", () => turns(world(), reactor, 2));
    expect(seen).toHaveLength(6);
    for (const [who, store] of seen) {
      expect(store).toBe(who.startsWith("member") ? who : "listener");
    }
  });

  it("14: the async context lasts through await, and a handler's own changes stay its own", async () => {
    const storage = new AsyncLocalStorage<string>();
    const reactor = world().createReactor();
    const [member, other] = await readyCrowd(world(), reactor, 2);
    const opened = gate();
    const seen: (string | undefined)[] = [];
    storage.run("mine", () => {
      reactor.register(member!.channel, READABLE, async (channel) => {
        channel.read();
        await opened.promise;
        seen.push(storage.getStore());
        storage.enterWith("changed");
      });
    });
    reactor.register(other!.channel, READABLE, (channel) => {
      seen.push(storage.getStore());
      channel.read();
      opened.open();
    });
    await turns(world(), reactor, 3);
    member!.peer.write("again");
    await world().until(() => seen.length === 3, "the second call");
    expect(seen).toEqual([undefined, "mine", "mine"]);
  });
});
