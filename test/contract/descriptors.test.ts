/** `descriptors`, `owns()` and `waitedTurns`: what a reactor holds, and who waits in it. */
import { expect, it } from "vitest";

import { EDGE, READABLE, WRITABLE, type Channel, type Registration } from "iomux";

import { readyCrowd, turns } from "../support/crowd.ts";
import { gate } from "../support/reports.ts";
import { connected, onEveryNetwork } from "../support/world.ts";

onEveryNetwork("descriptors", (world) => {
  it("has all that are open, registered or not, by fd: a live view that nobody can change", async () => {
    const reactor = world().createReactor();
    const { descriptors } = reactor;
    expect([...descriptors]).toEqual([]);
    const { channel, listener } = await connected(world(), reactor);
    reactor.register(listener, READABLE, () => undefined);
    const signals = reactor.signals(["SIGUSR2"]);
    expect([...descriptors.entries()]).toEqual([
      [listener.fd, listener],
      [channel.fd, channel],
      [signals.fd, signals],
    ]);
    expect(descriptors.get(channel.fd)).toBe(channel);
    expect(descriptors.size).toBe(reactor.stats().open);
    expect([...descriptors.keys()]).toEqual([...descriptors.values()].map(({ fd }) => fd));
    expect(reactor.descriptors).toBe(descriptors);
    for (const name of ["set", "delete", "clear"]) expect(name in descriptors).toBe(false);
    signals.close();
    channel.abort();
    expect([descriptors.has(signals.fd), descriptors.has(channel.fd)]).toEqual([false, false]);
    expect([...descriptors.keys()]).toEqual([listener.fd]);
    await world().run(reactor.close());
    expect(descriptors.size).toBe(0);
  });

  it("one that is closing stays until it is closed", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    channel.close();
    expect([channel.state, reactor.descriptors.get(channel.fd)]).toEqual(["closing", channel]);
    peer.end();
    await world().run(channel.closed);
    expect(reactor.descriptors.has(channel.fd)).toBe(false);
  });

  it("all may be closed while they are walked through", async () => {
    const reactor = world().createReactor();
    await readyCrowd(world(), reactor, 4);
    for (const descriptor of reactor.descriptors.values()) descriptor.abort();
    await world().until(() => reactor.descriptors.size === 0, "the end of all");
    reactor.assertInvariants();
  });

  it("owns() knows its own, closed or not, and nobody else's", async () => {
    const reactor = world().createReactor();
    const other = world().createReactor();
    const { channel, listener } = await connected(world(), reactor);
    channel.abort();
    expect([reactor.owns(channel), reactor.owns(listener)]).toEqual([true, true]);
    expect([other.owns(channel), other.owns(listener)]).toEqual([false, false]);
    for (const wrong of [null, undefined, 1, {}]) expect(reactor.owns(wrong as never)).toBe(false);
  });
});

onEveryNetwork("waitedTurns", (world) => {
  it("counts the turns that have passed one by since it was ready, until it is called", async () => {
    const reactor = world().createReactor({ turnDispatches: 2 });
    const registrations: Registration[] = [];
    /** The turn before the first that could call it. */
    const since = new Map<number, number>();
    const inCall: number[] = [];
    for (const { channel } of await readyCrowd(world(), reactor, 7)) {
      since.set(channel.fd, reactor.stats().turns);
      registrations.push(
        reactor.register(channel, READABLE, (_, __, self) => {
          inCall.push(self.waitedTurns);
          since.set(self.fd, reactor.stats().turns);
        }),
      );
    }
    const waited: number[] = [];
    const expected: number[] = [];
    const end = reactor.watchTurns({
      turnEnded: ({ turn }) => {
        for (const { fd, waitedTurns } of registrations) {
          waited.push(waitedTurns);
          expected.push(turn - since.get(fd)!);
        }
      },
    });
    await turns(world(), reactor, 12);
    end();
    expect(waited.length).toBeGreaterThanOrEqual(12 * 7);
    expect(waited).toEqual(expected);
    expect(Math.max(...waited)).toBeGreaterThanOrEqual(3);
    expect(new Set(inCall)).toEqual(new Set([0]));
  });

  it("is 0 again once it is read, paused, or not registered any more", async () => {
    const reactor = world().createReactor({ turnDispatches: 1 });
    const registrations = new Map<Registration, Channel>();
    for (const { channel } of await readyCrowd(world(), reactor, 4)) {
      registrations.set(
        reactor.register(channel, READABLE, () => undefined),
        channel,
      );
    }
    const endings = [
      (registration: Registration) => registrations.get(registration)!.read(),
      (registration: Registration) => {
        registration.pause();
      },
      (registration: Registration) => registration.unregister(),
    ];
    const waited: [number, number][] = [];
    const end = reactor.watchTurns({
      turnEnded: () => {
        const waiting = [...registrations.keys()].find(({ waitedTurns }) => waitedTurns > 0);
        if (waiting === undefined || endings.length === 0) return;
        const before = waiting.waitedTurns;
        endings.pop()!(waiting);
        waited.push([before, waiting.waitedTurns]);
      },
    });
    await world().until(() => endings.length === 0, "three that waited");
    end();
    expect(waited.map(([before, after]) => [before > 0, after])).toEqual([
      [true, 0],
      [true, 0],
      [true, 0],
    ]);
  });

  it("is 0 in the turn in which it became ready", async () => {
    const reactor = world().createReactor();
    const [one, two] = await readyCrowd(world(), reactor, 2);
    let waited: number | null = null;
    reactor.register(one!.channel, READABLE, () => {
      waited ??= reactor.register(two!.channel, READABLE, () => undefined).waitedTurns;
      one!.channel.read();
    });
    await world().until(() => waited !== null, "the call");
    expect(waited).toBe(0);
  });

  it("within a turn, that turn does not count yet", async () => {
    const reactor = world().createReactor({ turnDispatches: 1 });
    const [one, two] = await readyCrowd(world(), reactor, 2);
    const seen: number[] = [];
    const registrations: Registration[] = [];
    const look = (): void => {
      seen.push(...registrations.map(({ waitedTurns }) => waitedTurns));
      for (const registration of registrations) registration.unregister();
    };
    for (const { channel } of [one!, two!]) {
      registrations.push(reactor.register(channel, READABLE, look));
    }
    await turns(world(), reactor, 2);
    expect(seen).toEqual([0, 0]);
  });

  it("is 0 for what is not ready, paused, held, edge and told, or without a handler", async () => {
    const reactor = world().createReactor({ turnDispatches: 1 });
    const members = await readyCrowd(world(), reactor, 6);
    const [silent, paused, held, edge, polled, busy] = members.map(({ channel }) => channel);
    silent!.read();
    const opened = gate();
    const quiet = [
      reactor.register(silent!, READABLE, () => undefined),
      reactor.register(paused!, READABLE, (_, __, self) => {
        self.pause();
      }),
      reactor.register(held!, READABLE, () => opened.promise),
      reactor.register(edge!, READABLE | EDGE, () => undefined),
      reactor.register(polled!, READABLE),
    ];
    await world().until(() => quiet[2]!.held && quiet[3]!.dispatches === 1, "their calls");
    await world().until(() => quiet[1]!.paused, "the pause");
    const ready = reactor.register(busy!, WRITABLE, () => undefined);
    await turns(world(), reactor, 5);
    expect(ready.dispatches).toBeGreaterThan(0);
    expect(quiet.map(({ waitedTurns }) => waitedTurns)).toEqual([0, 0, 0, 0, 0]);
    opened.open();
    await turns(world(), reactor, 1);
    reactor.unregister(busy!);
    expect(ready.waitedTurns).toBe(0);
  });
});
