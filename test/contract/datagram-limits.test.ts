/** Datagrams: every limit, and what is dropped when one is reached. */
import { expect, it } from "vitest";

import { formatMask, READABLE, WRITABLE, type Datagram } from "iomux";

import { thrownBy, turns } from "../support/crowd.ts";
import {
  addressOf,
  onEveryDatagramNetwork,
  rawDatagram,
  receiveAll,
  stalledDatagram,
} from "../support/datagrams.ts";
import { listening } from "../support/reports.ts";
import type { World } from "../support/world.ts";

const NOBODY = { host: "127.0.0.1", port: 9 };

/** Sends until it takes no more; answers how many it took. */
function fill(datagram: Datagram, bytes: Buffer): number {
  for (let sent = 0; ; sent++) if (!datagram.send(bytes, NOBODY)) return sent;
}

async function dropped(world: World, datagram: Datagram, count: number): Promise<void> {
  await world.until(() => datagram.dropped >= count, `${count} dropped`);
}

onEveryDatagramNetwork("a datagram's limits", (world) => {
  it("19, 23: past datagramQueue the newest is dropped, counted, and reported once", async () => {
    const [reactor, reports] = listening(world(), { datagramQueue: 3 });
    const datagram = await world().run(reactor.bind({ port: 0 }));
    const peer = await rawDatagram(world());
    for (let i = 1; i <= 10; i++) peer.send(`${i}`, addressOf(datagram));
    await dropped(world(), datagram, 7);
    expect([datagram.waiting, datagram.unread]).toEqual([3, 3]);
    expect(reactor.stats()).toMatchObject({ datagramsIn: 10, datagramsDropped: 7 });
    expect(reports.map(({ error }) => error.code)).toEqual(["IOMUX_DATAGRAMS_DROPPED"]);
    expect(reports[0]!.error.message).toContain("dropped a datagram: 3 of 3 bytes wait");
    await world().advance(1000);
    expect(reports.map(({ error }) => /dropped (\S+)/.exec(error.message)![1])).toEqual(["a", "6"]);
    expect(receiveAll(datagram)).toEqual(["1", "2", "3"]);
    peer.send("again", addressOf(datagram));
    await world().until(() => datagram.waiting === 1, "another");
    expect([receiveAll(datagram), datagram.dropped]).toEqual([["again"], 7]);
  });

  it("19, 23: past datagramQueueBytes too, and what still fits is kept", async () => {
    const [reactor, reports] = listening(world(), { datagramQueueBytes: 1000 });
    const datagram = await world().run(reactor.bind({ port: 0 }));
    const peer = await rawDatagram(world());
    for (const size of [600, 401, 400, 1, 0]) {
      peer.send(Buffer.alloc(size), addressOf(datagram));
    }
    await dropped(world(), datagram, 3);
    expect([datagram.waiting, datagram.unread]).toEqual([2, 1000]);
    expect(datagram.dropped).toBe(3);
    expect(reports).toHaveLength(1);
  });

  it("16, 23: at datagramsInFlight send() answers false; WRITABLE returns at half", async () => {
    const reactor = world().createReactor({ datagramsInFlight: 8 });
    const { datagram, goOn } = await stalledDatagram(world(), reactor);
    expect(fill(datagram, Buffer.alloc(0))).toBe(8);
    expect(datagram.queued).toBe(8);
    let reports = 0;
    reactor.register(datagram, WRITABLE, () => {
      reports++;
      datagram.close();
    });
    const { writing, text } = reactor.explain(datagram);
    expect([writing, text.includes("8 bytes wait and the system sends slowly")]).toEqual([
      "full",
      true,
    ]);
    goOn(3);
    await world().until(() => datagram.queued === 5, "three to leave");
    await turns(world(), reactor, 2);
    expect([reports, datagram.send(Buffer.alloc(0), NOBODY)]).toEqual([0, false]);
    goOn(1);
    await world().until(() => reports === 1, "WRITABLE");
  });

  it("16, 23: at highWaterMark too; WRITABLE returns at lowWaterMark", async () => {
    const reactor = world().createReactor({ highWaterMark: 1000, lowWaterMark: 300 });
    const { datagram, goOn } = await stalledDatagram(world(), reactor);
    expect(fill(datagram, Buffer.alloc(100))).toBe(10);
    let reports = 0;
    reactor.register(datagram, WRITABLE, () => {
      reports++;
      datagram.close();
    });
    goOn(6);
    await world().until(() => datagram.queued === 400, "six to leave");
    await turns(world(), reactor, 2);
    expect(reports).toBe(0);
    expect(reactor.stats().queuedBytes).toBe(400);
    goOn(1);
    await world().until(() => reports === 1, "WRITABLE");
  });

  it("16: one that does not fit is refused and WRITABLE goes; over the mark it goes alone", async () => {
    const reactor = world().createReactor({ highWaterMark: 1000, lowWaterMark: 900 });
    const { datagram, goOn } = await stalledDatagram(world(), reactor);
    const log: string[] = [];
    expect(datagram.send(Buffer.alloc(500), NOBODY)).toBe(true);
    expect(datagram.send(Buffer.alloc(5000), NOBODY)).toBe(false);
    reactor.register(datagram, WRITABLE, (_, ready) => {
      log.push(`${formatMask(ready)} ${datagram.queued}`);
      datagram.send(Buffer.alloc(5000), NOBODY);
    });
    await turns(world(), reactor, 2);
    expect(log).toEqual([]);
    goOn(1);
    await world().until(() => log.length === 1, "WRITABLE");
    await turns(world(), reactor, 2);
    expect(log).toEqual(["WRITABLE 0"]);
  });

  it("24: over maxBufferedBytes what waits is dropped, and the socket stands", async () => {
    const [reactor, reports] = listening(world(), { maxBufferedBytes: 4000 });
    const datagram = await world().run(reactor.bind({ port: 0 }));
    const small = await world().run(reactor.bind({ port: 0 }));
    const peer = await rawDatagram(world());
    peer.send(Buffer.alloc(500), addressOf(small));
    for (let i = 0; i < 4; i++) peer.send(Buffer.alloc(1000), addressOf(datagram));
    await world().until(() => reactor.stats().shed === 1, "a shed");
    expect([datagram.state, datagram.waiting, datagram.dropped]).toEqual(["open", 0, 4]);
    expect([small.waiting, reactor.stats().bufferedBytes]).toEqual([1, 500]);
    expect(reactor.stats().datagramsDropped).toBe(4);
    expect(reports.map(({ error }) => error.code)).toEqual(["IOMUX_OVER_BUDGET"]);
    expect(reports[0]!.error.message).toContain("dropped 4 datagrams of 4000 bytes");
    peer.send("again", addressOf(datagram));
    await world().until(() => datagram.waiting === 1, "another");
  });

  it("close() lets go of it once what was sent has left, and keeps the process alive", async () => {
    const reactor = world().createReactor();
    const { datagram, goOn } = await stalledDatagram(world(), reactor);
    const peer = await rawDatagram(world());
    datagram.send(Buffer.from("one"), peer.address);
    datagram.send(Buffer.from("two"), peer.address);
    datagram.close();
    expect([datagram.state, world().alive]).toEqual(["closing", true]);
    expect(datagram.send(Buffer.from("three"), peer.address)).toBe(false);
    goOn();
    await world().until(() => datagram.state === "closed", "the end");
    expect([world().alive, reactor.stats().bufferedBytes]).toEqual([false, 0]);
    await world().until(() => peer.received.length === 2, "both");
  });

  it("17: the bytes are the caller's again at once, also while they wait", async () => {
    const { datagram, goOn } = await stalledDatagram(world(), world().createReactor());
    const peer = await rawDatagram(world());
    const bytes = Buffer.alloc(5000, "a");
    datagram.send(bytes, peer.address);
    bytes.fill("b");
    goOn();
    await world().until(() => peer.received.length === 1, "it");
    expect(peer.received[0]!.bytes.equals(Buffer.alloc(5000, "a"))).toBe(true);
  });

  it("lingerMs: a closing one of which the system takes nothing is cut off, and told as lost", async () => {
    const reactor = world().createReactor({ lingerMs: 500 });
    const { datagram } = await stalledDatagram(world(), reactor);
    datagram.send(Buffer.alloc(70), NOBODY);
    datagram.close();
    await world().advance(499);
    expect(datagram.state).toBe("closing");
    await world().advance(1);
    expect(datagram.state).toBe("closed");
    expect(datagram.error).toMatchObject({ code: "ETIMEDOUT" });
    expect(datagram.error!.message).toContain("70 bytes");
    expect(reactor.stats().bufferedBytes).toBe(0);
  });

  it("close() of the reactor cuts it off at drainMs, and says so", async () => {
    const reactor = world().createReactor();
    const { datagram } = await stalledDatagram(world(), reactor);
    datagram.send(Buffer.alloc(70), NOBODY);
    const closed = reactor.close({ drainMs: 300 });
    await world().advance(300);
    const { cutOff } = await world().run(closed);
    expect(cutOff).toEqual([{ fd: datagram.fd, peer: "an unknown address", queued: 70 }]);
    expect(datagram.error).toMatchObject({ code: "ETIMEDOUT" });
  });

  it("11: a handler that throws is reported and kept, and paused after 8 in a row", async () => {
    const [reactor, reports] = listening(world());
    const datagram = await world().run(reactor.bind({ port: 0 }));
    const peer = await rawDatagram(world());
    const registration = reactor.register(datagram, READABLE, () => {
      throw new Error("broken");
    });
    peer.send("x", addressOf(datagram));
    await world().until(() => registration.paused, "the pause");
    expect(reports).toHaveLength(9);
    expect(reports[8]!.error).toMatchObject({ code: "IOMUX_HANDLER_KEEPS_FAILING" });
    expect([datagram.state, registration.active]).toEqual(["open", true]);
    expect(receiveAll(datagram)).toEqual(["x"]);
  });

  it("one flooding it does not starve others: a turn takes what came, and timers fire", async () => {
    const reactor = world().createReactor({ turnBytes: 2000 });
    const datagram = await world().run(reactor.bind({ port: 0 }));
    const peer = await rawDatagram(world());
    let waited = 0;
    reactor.register(datagram, READABLE, () => {
      waited = Math.max(waited, datagram.waiting);
      receiveAll(datagram);
    });
    for (let i = 0; i < 30; i++) peer.send(Buffer.alloc(1000), addressOf(datagram));
    await world().until(() => reactor.stats().datagramsIn === 30, "all");
    // A turn starts in the midst of them, at turnBytes, if they come together at all.
    expect(waited).toBeLessThanOrEqual(2);
  });

  it("a wrong limit throws", () => {
    for (const name of ["datagramQueue", "datagramQueueBytes", "datagramsInFlight"]) {
      for (const value of [0, -1, 1.5, Infinity, NaN]) {
        const error = thrownBy(() => world().createReactor({ [name]: value }));
        expect(error.code).toBe("IOMUX_BAD_RANGE");
      }
    }
  });
});
