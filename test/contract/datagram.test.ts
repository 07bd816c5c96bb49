/** Datagrams: what comes and goes, whole, and when that is reported. */
import { expect, it } from "vitest";

import {
  AbortError,
  EDGE,
  formatMask,
  ONESHOT,
  READABLE,
  WRITABLE,
  type Datagram,
  type DatagramAddress,
} from "iomux";

import { thrownBy, turns } from "../support/crowd.ts";
import {
  addressOf,
  onEveryDatagramNetwork,
  rawDatagram,
  receiveAll,
} from "../support/datagrams.ts";
import type { DatagramPeer } from "../support/datagrams.ts";
import type { World } from "../support/world.ts";

async function bound(world: World): Promise<{ datagram: Datagram; peer: DatagramPeer }> {
  const datagram = await world.run(world.createReactor().bind({ port: 0 }));
  return { datagram, peer: await rawDatagram(world) };
}

async function arrived(world: World, datagram: Datagram, count: number): Promise<void> {
  await world.until(() => datagram.waiting >= count, `${count} datagrams`);
}

onEveryDatagramNetwork("a datagram", (world) => {
  it("is bound when bind() resolves, to this machine only unless told otherwise", async () => {
    const { datagram } = await bound(world());
    const { family, host, port } = addressOf(datagram);
    expect([family, host, port > 0]).toEqual(["IPv4", "127.0.0.1", true]);
    expect([datagram.kind, datagram.state, datagram.remoteAddress]).toEqual([
      "datagram",
      "open",
      null,
    ]);
  });

  it("bind() rejects with the system's code for an address that is in use", async () => {
    const reactor = world().createReactor();
    const { port } = (await rawDatagram(world())).address;
    await expect(world().run(reactor.bind({ port }))).rejects.toMatchObject({
      code: "EADDRINUSE",
      message: expect.stringContaining(`127.0.0.1:${port}`) as string,
    });
    expect(reactor.stats().open).toBe(0);
  });

  it("shares its address with reuseAddress", async () => {
    const reactor = world().createReactor();
    const one = await world().run(reactor.bind({ port: 0 }, { reuseAddress: true }));
    const two = await world().run(reactor.bind(addressOf(one), { reuseAddress: true }));
    expect(two.localAddress).toEqual(one.localAddress);
  });

  it("answers what came whole, in order, with the address that it came from; then null", async () => {
    const { datagram, peer } = await bound(world());
    expect(datagram.receive()).toBeNull();
    peer.send("one", addressOf(datagram));
    peer.send("two", addressOf(datagram));
    await arrived(world(), datagram, 2);
    expect(datagram.unread).toBe(6);
    expect(datagram.receive()).toEqual({ bytes: Buffer.from("one"), from: peer.address });
    expect(datagram.receive()?.bytes.toString()).toBe("two");
    expect(datagram.receive()).toBeNull();
    expect([datagram.unread, datagram.waiting, datagram.dropped]).toEqual([0, 0, 0]);
  });

  it("sends whole datagrams to whom it is told, and takes the bytes at once", async () => {
    const { datagram, peer } = await bound(world());
    const bytes = Buffer.from("first");
    expect(datagram.send(bytes, peer.address)).toBe(true);
    bytes.fill("x");
    expect(datagram.send(Buffer.alloc(65_507, "y"), peer.address)).toBe(true);
    await world().until(() => peer.received.length === 2, "both");
    expect(peer.received[0]).toEqual({ bytes: Buffer.from("first"), from: datagram.localAddress });
    expect(peer.received[1]!.bytes.equals(Buffer.alloc(65_507, "y"))).toBe(true);
    expect(datagram.queued).toBe(0);
  });

  it("H23: an empty datagram is data, both ways, and is charged 1", async () => {
    const reactor = world().createReactor();
    const datagram = await world().run(reactor.bind({ port: 0 }));
    const peer = await rawDatagram(world());
    const ready: number[] = [];
    const registration = reactor.register(datagram, READABLE, (_, mask) => {
      ready.push(mask);
      if (ready.length === 2) registration.pause();
    });
    peer.send("", addressOf(datagram));
    await world().until(() => ready.length === 2, "two reports");
    expect([datagram.unread, reactor.stats().bufferedBytes]).toEqual([1, 1]);
    expect(datagram.receive()).toEqual({ bytes: Buffer.alloc(0), from: peer.address });
    expect([datagram.unread, reactor.stats().bufferedBytes]).toEqual([0, 0]);
    expect(datagram.receive()).toBeNull();
    expect(datagram.send(Buffer.alloc(0), peer.address)).toBe(true);
    await world().until(() => peer.received.length === 1, "an empty datagram");
    expect(peer.received[0]!.bytes).toHaveLength(0);
  });

  it("8: level: is reported every turn until it is received", async () => {
    const reactor = world().createReactor();
    const datagram = await world().run(reactor.bind({ port: 0 }));
    const peer = await rawDatagram(world());
    const log: string[] = [];
    reactor.register(datagram, READABLE, (_, ready) => {
      log.push(formatMask(ready));
      if (log.length >= 3) receiveAll(datagram);
    });
    peer.send("x", addressOf(datagram));
    await world().until(() => log.length === 3, "three reports");
    await turns(world(), reactor, 3);
    expect(log).toEqual(["READABLE", "READABLE", "READABLE"]);
  });

  it("8: edge: is reported once, and again for the next datagram", async () => {
    const reactor = world().createReactor();
    const datagram = await world().run(reactor.bind({ port: 0 }));
    const peer = await rawDatagram(world());
    let reports = 0;
    reactor.register(datagram, READABLE | EDGE, () => {
      reports++;
    });
    for (let sent = 1; sent <= 3; sent++) {
      peer.send("x", addressOf(datagram));
      await world().until(() => reports === sent, `report ${sent}`);
      await turns(world(), reactor, 3);
      expect(reports).toBe(sent);
    }
  });

  it("8: oneshot: is reported once until modify(), which tests the condition", async () => {
    const reactor = world().createReactor();
    const datagram = await world().run(reactor.bind({ port: 0 }));
    const peer = await rawDatagram(world());
    let reports = 0;
    const registration = reactor.register(datagram, READABLE | ONESHOT, () => {
      reports++;
    });
    peer.send("x", addressOf(datagram));
    await world().until(() => reports === 1, "a report");
    await turns(world(), reactor, 3);
    expect([reports, registration.disarmed]).toEqual([1, true]);
    registration.modify(READABLE | ONESHOT);
    await world().until(() => reports === 2, "another report");
  });

  it("is writable while it takes datagrams; paused it reports nothing and goes on receiving", async () => {
    const reactor = world().createReactor();
    const datagram = await world().run(reactor.bind({ port: 0 }));
    const peer = await rawDatagram(world());
    const log: number[] = [];
    const registration = reactor.register(datagram, READABLE | WRITABLE, (_, ready) => {
      log.push(ready);
      registration.pause();
    });
    await world().until(() => log.length === 1, "a report");
    peer.send("x", addressOf(datagram));
    await arrived(world(), datagram, 1);
    await turns(world(), reactor, 3);
    expect(log).toEqual([WRITABLE]);
    registration.resume();
    await world().until(() => log.length === 2, "a report");
    expect(log[1]).toBe(READABLE | WRITABLE);
  });

  it("is answered by poll and select", async () => {
    const reactor = world().createReactor();
    const datagram = await world().run(reactor.bind({ port: 0 }));
    const peer = await rawDatagram(world());
    const registration = reactor.register(datagram, READABLE);
    const polled = reactor.poll();
    const selected = reactor.select([datagram], [datagram]);
    expect(await world().run(selected)).toEqual([[], [datagram], []]);
    peer.send("x", addressOf(datagram));
    expect(await world().run(polled)).toEqual([[registration, READABLE]]);
    expect(await world().run(reactor.select([datagram]))).toEqual([[datagram], [], []]);
    expect(receiveAll(datagram)).toEqual(["x"]);
  });

  it("with a peer sends to it and hears nobody else", async () => {
    const reactor = world().createReactor();
    const peer = await rawDatagram(world());
    const stranger = await rawDatagram(world());
    const datagram = await world().run(reactor.bind({ port: 0 }, { peer: peer.address }));
    expect(datagram.remoteAddress).toEqual(peer.address);
    expect(addressOf(datagram).host).toBe("127.0.0.1");
    stranger.send("stranger", addressOf(datagram));
    expect(datagram.send(Buffer.from("hello"))).toBe(true);
    await world().until(() => peer.received.length === 1, "hello");
    peer.send("peer", peer.received[0]!.from);
    await arrived(world(), datagram, 1);
    expect(receiveAll(datagram)).toEqual(["peer"]);
  });

  it("a peer may have a name, which is resolved once", async () => {
    const reactor = world().createReactor();
    const { port } = (await rawDatagram(world())).address;
    const datagram = await world().run(
      reactor.bind({ port: 0 }, { peer: { host: "localhost", port } }),
    );
    expect(datagram.remoteAddress).toEqual({ family: "IPv4", host: "127.0.0.1", port });
  });

  it("IPv6: speaks to its own family", async () => {
    const reactor = world().createReactor();
    const datagram = await world().run(reactor.bind({ port: 0, host: "::1" }, { ipv6Only: true }));
    const peer = await rawDatagram(world(), { host: "::1" });
    peer.send("six", addressOf(datagram));
    await arrived(world(), datagram, 1);
    const { bytes, from } = datagram.receive()!;
    expect([bytes.toString(), from]).toEqual(["six", peer.address]);
    expect(datagram.send(bytes, from)).toBe(true);
    await world().until(() => peer.received.length === 1, "the answer");
    expect(thrownBy(() => datagram.send(bytes, { host: "127.0.0.1", port: 9 })).message).toContain(
      '"::ffff:127.0.0.1"',
    );
  });

  it("misuse throws at once, with the fd, and sends nothing", async () => {
    const { datagram, peer } = await bound(world());
    const bytes = Buffer.from("x");
    const wrong: [unknown, unknown, string][] = [
      ["text", peer.address, "IOMUX_BAD_ARGUMENT"],
      [bytes, undefined, "IOMUX_BAD_ARGUMENT"],
      [bytes, null, "IOMUX_BAD_ARGUMENT"],
      [bytes, { port: 9 }, "IOMUX_BAD_ARGUMENT"],
      [bytes, { host: "localhost", port: 9 }, "IOMUX_BAD_ARGUMENT"],
      [bytes, { host: "::1", port: 9 }, "IOMUX_BAD_ARGUMENT"],
      [bytes, { host: "127.0.0.1", port: 0 }, "IOMUX_BAD_RANGE"],
      [bytes, { host: "127.0.0.1", port: 65_536 }, "IOMUX_BAD_RANGE"],
      [bytes, { host: "127.0.0.1", port: 1.5 }, "IOMUX_BAD_RANGE"],
    ];
    for (const [what, to, code] of wrong) {
      const error = thrownBy(() => datagram.send(what as Buffer, to as DatagramAddress));
      expect(error).toMatchObject({ code, fd: datagram.fd });
    }
    const reactor = world().createReactor();
    const connected = await world().run(reactor.bind({ port: 0 }, { peer: peer.address }));
    expect(thrownBy(() => connected.send(bytes, peer.address)).message).toContain("has a peer");
  });

  it("bind() throws at once for what no socket takes", () => {
    const reactor = world().createReactor();
    const wrong: [unknown, unknown?][] = [
      [{ path: "/tmp/x.sock" }],
      [{ port: -1 }],
      [null],
      [{ port: 0 }, null],
      [{ port: 0 }, { reuseAdress: true }],
      [{ port: 0 }, { broadcast: "yes" }],
      [{ port: 0 }, { ttl: 256 }],
      [{ port: 0 }, { multicastTtl: -1 }],
      [{ port: 0 }, { multicastInterface: 4 }],
      [{ port: 0 }, { peer: { port: 0 } }],
      [{ port: 0 }, { peer: { path: "/x" } }],
      [{ port: 0 }, { signal: 1 }],
      [{ port: 0, host: "::1" }, { peer: { port: 9, host: "127.0.0.1" } }],
    ];
    for (const [address, options] of wrong) {
      const error = thrownBy(() => void reactor.bind(address as never, options as never));
      expect(error.code).toMatch(/^IOMUX_BAD_(ARGUMENT|RANGE)$/);
    }
    expect(reactor.stats().open).toBe(0);
  });

  it("4: after close() no handler runs, and send() and receive() answer what they can", async () => {
    const reactor = world().createReactor();
    const datagram = await world().run(reactor.bind({ port: 0 }));
    const peer = await rawDatagram(world());
    let calls = 0;
    reactor.register(datagram, READABLE, () => {
      calls++;
    });
    peer.send("x", addressOf(datagram));
    await arrived(world(), datagram, 1);
    const before = calls;
    const closed = datagram.closed;
    datagram.close();
    datagram.close();
    expect([datagram.state, reactor.has(datagram)]).toEqual(["closed", false]);
    expect(await world().run(closed)).toBeNull();
    expect(datagram.send(Buffer.from("x"), peer.address)).toBe(false);
    expect(datagram.receive()).toBeNull();
    expect([datagram.unread, reactor.stats().bufferedBytes]).toEqual([0, 0]);
    await turns(world(), reactor, 2);
    expect(calls).toBe(before);
    // The address is free again at once.
    await world().run(reactor.bind(addressOf(datagram)));
    expect(thrownBy(() => reactor.register(datagram, READABLE)).code).toBe("IOMUX_CLOSED");
    expect(thrownBy(() => datagram.joinGroup("239.1.2.3")).code).toBe("IOMUX_CLOSED");
  });

  it("abort() closes it at once, and gives the reason", async () => {
    const { datagram } = await bound(world());
    const reason = new Error("enough");
    datagram.abort(reason);
    expect([datagram.state, datagram.error]).toEqual(["closed", reason]);
    expect(await world().run(datagram.closed)).toBe(reason);
  });

  it("signal: bind() rejects if it is aborted before, and the datagram is closed if after", async () => {
    const reactor = world().createReactor();
    const controller = new AbortController();
    const { signal } = controller;
    const early = reactor.bind({ port: 0 }, { signal: AbortSignal.abort() });
    await expect(world().run(early)).rejects.toBeInstanceOf(AbortError);
    const datagram = await world().run(reactor.bind({ port: 0 }, { signal }));
    const late = reactor.bind({ port: 0 }, { signal });
    controller.abort();
    expect(datagram.state).toBe("closed");
    await expect(world().run(late)).rejects.toBeInstanceOf(AbortError);
    expect(reactor.stats().open).toBe(0);
  });

  it("14: keeps the process alive while it is registered, unless unref()'d", async () => {
    const reactor = world().createReactor();
    const datagram = await world().run(reactor.bind({ port: 0 }));
    expect(world().alive).toBe(false);
    const registration = reactor.register(datagram, READABLE, () => undefined);
    expect(world().alive).toBe(true);
    registration.unref();
    expect(world().alive).toBe(false);
    registration.ref();
    datagram.close();
    expect(world().alive).toBe(false);
  });

  it("explain() says why it is not read or written, and stats() counts", async () => {
    const reactor = world().createReactor();
    const datagram = await world().run(reactor.bind({ port: 0 }));
    const peer = await rawDatagram(world());
    reactor.register(datagram, READABLE, () => {
      for (let next = datagram.receive(); next !== null; next = datagram.receive()) {
        datagram.send(next.bytes, next.from);
      }
    });
    const { reading, writing, text } = reactor.explain(datagram);
    expect([reading, writing]).toEqual(["nothing came", "not asked for"]);
    expect(text).toContain(`fd ${datagram.fd} (datagram 127.0.0.1:${addressOf(datagram).port})`);
    peer.send("four", addressOf(datagram));
    await world().until(() => peer.received.length === 1, "the echo");
    const { datagramsIn, datagramsOut, datagramsDropped, bytesIn, bytesOut } = reactor.stats();
    expect([datagramsIn, datagramsOut, datagramsDropped]).toEqual([1, 1, 0]);
    expect([bytesIn, bytesOut]).toEqual([4, 4]);
  });
});
