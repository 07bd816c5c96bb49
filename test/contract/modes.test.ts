/** Promise 8: level, edge and oneshot. */
import { expect, it } from "vitest";

import { EDGE, formatMask, ONESHOT, PEER_CLOSED, READABLE, WRITABLE, type Reactor } from "iomux";

import { arrived, readyCrowd, turns } from "../support/crowd.ts";
import { connected, onEveryChannel, type World } from "../support/world.ts";

/** A registered channel whose handler only writes down what it was told. */
async function watched(world: World, interest: number, reactor: Reactor = world.createReactor()) {
  const { channel, peer } = await connected(world, reactor);
  const seen: string[] = [];
  const registration = reactor.register(channel, interest, (_, ready) => {
    seen.push(formatMask(ready));
  });
  /** What is told in the next three turns. */
  const told = async (): Promise<string[]> => {
    await turns(world, reactor, 3);
    return seen.splice(0);
  };
  return { reactor, channel, peer, registration, seen, told };
}

onEveryChannel("modes", (world) => {
  it("8: level is reported every turn while the condition holds", async () => {
    const { channel, peer, seen, told } = await watched(world(), READABLE);
    expect(await told()).toEqual([]);
    peer.write("a");
    await arrived(world(), [channel]);
    seen.length = 0;
    expect((await told()).length).toBeGreaterThanOrEqual(3);
    channel.read();
    expect(await told()).toEqual([]);
  });

  it("8: level WRITABLE is reported every turn while there is room", async () => {
    const { reactor, registration, told } = await watched(world(), WRITABLE);
    const ready = await told();
    expect(ready.length).toBeGreaterThanOrEqual(3);
    expect(new Set(ready)).toEqual(new Set(["WRITABLE"]));
    registration.modify(READABLE);
    expect(await told()).toEqual([]);
    expect(reactor.explain(registration.fd).writing).toBe("not asked for");
  });

  it("8: edge is reported on a transition, and new arrivals are a transition", async () => {
    const { channel, peer, seen, told } = await watched(world(), READABLE | EDGE);
    peer.write("a");
    await world().until(() => seen.length > 0, "the first edge");
    expect(await told()).toEqual(["READABLE"]);
    // Nothing was read, and still it is told of once.
    expect(await told()).toEqual([]);
    peer.write("b");
    await world().until(() => channel.unread === 2, "another byte");
    expect(await told()).toEqual(["READABLE"]);
    expect(channel.read(1)).toHaveLength(1);
    expect(await told()).toEqual([]);
    channel.read();
    peer.write("c");
    await arrived(world(), [channel]);
    expect(await told()).toEqual(["READABLE"]);
    peer.end();
    await world().settle();
    expect(await told()).toEqual(["READABLE"]);
  });

  it("8: edge: what holds at register is told of once", async () => {
    const reactor = world().createReactor();
    const [member] = await readyCrowd(world(), reactor, 1);
    const seen: string[] = [];
    reactor.register(member!.channel, READABLE | WRITABLE | EDGE, (_, ready) => {
      seen.push(formatMask(ready));
    });
    await turns(world(), reactor, 3);
    expect(seen).toEqual(["READABLE|WRITABLE"]);
  });

  it("8: edge: WRITABLE is told of when room returns, once", async () => {
    const limits = { highWaterMark: 1 << 20, lowWaterMark: 1 << 16 };
    const { channel, peer, told } = await watched(
      world(),
      WRITABLE | EDGE,
      world().createReactor(limits),
    );
    expect(await told()).toEqual(["WRITABLE"]);
    peer.pause();
    do {
      channel.write(Buffer.alloc(1 << 20));
      await world().settle();
    } while (channel.room > 0);
    await told();
    expect(await told()).toEqual([]);
    peer.resume();
    await world().until(() => channel.room > 0, "room");
    await world().settle();
    expect(await told()).toEqual(["WRITABLE"]);
    expect(await told()).toEqual([]);
  });

  it("8: edge: modify to the same mask tests the condition again", async () => {
    const { channel, peer, registration, told } = await watched(world(), READABLE | EDGE);
    peer.write("a");
    await arrived(world(), [channel]);
    expect(await told()).toEqual(["READABLE"]);
    registration.modify(READABLE | EDGE);
    expect(await told()).toEqual(["READABLE"]);
    channel.read();
    registration.modify(READABLE | EDGE);
    expect(await told()).toEqual([]);
  });

  it("8: edge: the end of the peer is a transition", async () => {
    const { channel, peer, told } = await watched(world(), READABLE | PEER_CLOSED | EDGE);
    peer.end();
    await world().settle();
    expect(await told()).toEqual(["READABLE|PEER_CLOSED"]);
    expect(channel.read()).toHaveLength(0);
    expect(await told()).toEqual([]);
  });

  it.each([
    ["ONESHOT", ONESHOT],
    ["ONESHOT|EDGE", ONESHOT | EDGE],
  ])(
    "8 / H26: %s is disabled after one report until modify, which tests at once",
    async (_, mode) => {
      const { channel, peer, registration, told } = await watched(
        world(),
        READABLE | WRITABLE | mode,
      );
      registration.modify(READABLE | mode);
      expect(await told()).toEqual([]);
      peer.write("a");
      await arrived(world(), [channel]);
      expect(await told()).toEqual(["READABLE"]);
      expect(registration.disarmed).toBe(true);
      // What comes while it is disabled is told of by nobody,
      peer.write("b");
      await world().until(() => channel.unread === 2, "more");
      expect(await told()).toEqual([]);
      // and found when it is armed again, also with the same mask.
      registration.modify(READABLE | mode);
      expect(registration.disarmed).toBe(false);
      expect(await told()).toEqual(["READABLE"]);
      channel.read();
      registration.modify(READABLE | mode);
      expect(await told()).toEqual([]);
      peer.write("c");
      await arrived(world(), [channel]);
      expect(await told()).toEqual(["READABLE"]);
    },
  );

  it("8 / H26: oneshot: armed again inside its handler, it is one report for each arming", async () => {
    const reactor = world().createReactor();
    const [member] = await readyCrowd(world(), reactor, 1);
    const turnOf: number[] = [];
    reactor.register(member!.channel, READABLE | ONESHOT, (_channel, _ready, registration) => {
      turnOf.push(reactor.stats().turns);
      expect(registration.disarmed).toBe(true);
      if (turnOf.length < 3) {
        registration.modify(READABLE | ONESHOT);
        registration.modify(READABLE | ONESHOT);
      }
    });
    await turns(world(), reactor, 6);
    expect(turnOf).toHaveLength(3);
    expect(new Set(turnOf).size).toBe(3);
  });

  it("8: oneshot: one report carries the whole mask", async () => {
    const reactor = world().createReactor();
    const [member] = await readyCrowd(world(), reactor, 1);
    const seen: string[] = [];
    reactor.register(member!.channel, READABLE | WRITABLE | ONESHOT, (_, ready) => {
      seen.push(formatMask(ready));
    });
    await turns(world(), reactor, 3);
    expect(seen).toEqual(["READABLE|WRITABLE"]);
  });

  it("8: the mode may be changed: level to edge to oneshot and back", async () => {
    const { channel, peer, registration, seen, told } = await watched(world(), READABLE);
    peer.write("a");
    await arrived(world(), [channel]);
    expect((await told()).length).toBeGreaterThanOrEqual(3);
    registration.modify(READABLE | EDGE);
    expect(await told()).toEqual(["READABLE"]);
    registration.modify(READABLE | ONESHOT);
    expect(await told()).toEqual(["READABLE"]);
    registration.modify(READABLE);
    seen.length = 0;
    expect((await told()).length).toBeGreaterThanOrEqual(3);
  });

  it("8: a listener is edge and oneshot as well", async () => {
    const reactor = world().createReactor();
    const listener = await world().run(reactor.listen(world().address()));
    const seen: number[] = [];
    const registration = reactor.register(listener, READABLE | EDGE, (_, ready) => {
      seen.push(ready);
    });
    for (let count = 1; count <= 2; count++) {
      world().dial(listener);
      await world().until(() => listener.waiting === count, "a peer");
      await turns(world(), reactor, 3);
      expect(seen).toHaveLength(count);
    }
    registration.modify(READABLE | ONESHOT);
    await turns(world(), reactor, 3);
    expect(seen).toEqual([READABLE, READABLE, READABLE]);
    expect(listener.accept()).not.toBeNull();
    expect(listener.accept()).not.toBeNull();
    expect(listener.accept()).toBeNull();
  });

  it.each([
    ["a level that is paused", 0],
    ["an edge that was told of", EDGE],
    ["a oneshot that has reported", ONESHOT],
  ])("8 / H8: %s costs no turns, though bytes are unread", async (_, mode) => {
    const { reactor, channel, peer, registration } = await watched(world(), READABLE | mode);
    if (mode === 0) registration.pause();
    peer.write("a");
    await arrived(world(), [channel]);
    await turns(world(), reactor, 2);
    await world().settle();
    const before = reactor.stats().turns;
    await world().passes(5);
    expect(reactor.stats().turns).toBe(before);
  });

  it("8: pause and resume test the condition again, in every mode", async () => {
    for (const mode of [0, EDGE, ONESHOT]) {
      const { channel, peer, registration, told } = await watched(world(), READABLE | mode);
      registration.pause();
      peer.write("a");
      await arrived(world(), [channel]);
      expect(await told()).toEqual([]);
      registration.resume();
      const reports = await told();
      if (mode === 0) expect(reports.length).toBeGreaterThanOrEqual(3);
      else expect(reports).toEqual(["READABLE"]);
    }
  });
});
