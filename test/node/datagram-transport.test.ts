/** Datagrams over Node's sockets: what only a kernel shows, and what may be adopted. */
import dgram from "node:dgram";
import { lookup } from "node:dns/promises";
import { once } from "node:events";

import { describe, expect, it, onTestFinished } from "vitest";

import { createReactor, READABLE, type Reactor, type ReactorOptions } from "iomux";

import { thrownBy } from "../support/crowd.ts";
import { addressOf, receiveAll } from "../support/datagrams.ts";

function reactorHere(options?: ReactorOptions): Reactor {
  const reactor = createReactor(options);
  onTestFinished(async () => {
    await reactor.close({ drainMs: 0 });
  });
  return reactor;
}

async function plain(type: dgram.SocketType = "udp4", host = "127.0.0.1"): Promise<dgram.Socket> {
  const socket = dgram.createSocket(type);
  onTestFinished(() => {
    try {
      socket.close();
    } catch {
      // Its new owner has closed it.
    }
  });
  socket.bind(0, host);
  await once(socket, "listening");
  return socket;
}

function passes(count: number): Promise<void> {
  return new Promise((resolve) => {
    const pass = (left: number): void => {
      if (left === 0) resolve();
      else setImmediate(pass, left - 1);
    };
    pass(count);
  });
}

describe("datagrams of the system", () => {
  it("F26: of a burst of 3,000 what the kernel held is received, in order, and no more", async () => {
    const reactor = reactorHere();
    const datagram = await reactor.bind({ port: 0 });
    const peer = await plain();
    for (let i = 0; i < 3000; i++) {
      peer.send(Buffer.from(`${i}`), addressOf(datagram).port, "127.0.0.1");
    }
    let before = -1;
    while (reactor.stats().datagramsIn !== before) {
      before = reactor.stats().datagramsIn;
      await passes(4);
    }
    const texts = receiveAll(datagram);
    expect(texts.length).toBeGreaterThanOrEqual(32);
    expect(texts.length).toBeLessThan(3000);
    expect(texts).toEqual(texts.map((_, i) => `${i}`));
    expect(datagram.dropped).toBe(0);
  });

  it("send() has reached the kernel when it answers true", async () => {
    const reactor = reactorHere({ datagramsInFlight: 1 });
    const datagram = await reactor.bind({ port: 0 });
    const peer = await plain();
    const { address: host, port } = peer.address();
    for (let i = 0; i < 100; i++)
      expect(datagram.send(Buffer.from("x"), { host, port })).toBe(true);
    expect(datagram.queued).toBe(0);
    datagram.close();
    expect(datagram.state).toBe("closed");
    const [bytes] = (await once(peer, "message")) as [Buffer];
    expect(bytes.toString()).toBe("x");
  });

  it("an error that another send meets is told, and the socket stands", async () => {
    const reactor = reactorHere();
    const gone = await plain();
    const { address: host, port } = gone.address();
    gone.close();
    await passes(2);
    const datagram = await reactor.bind({ port: 0 }, { peer: { host, port } });
    const codes: (string | undefined)[] = [];
    reactor.register(datagram, READABLE, () => {
      const error: NodeJS.ErrnoException | null = datagram.takeError();
      codes.push(error?.code);
    });
    // The second meets, at once, what became of the first.
    for (let i = 0; i < 4; i++) datagram.send(Buffer.from("x"));
    while (codes.length === 0) await passes(1);
    expect(new Set(codes)).toEqual(new Set(["ECONNREFUSED"]));
    expect(datagram.state).toBe("open");
  });

  it("a name is resolved once, by bind(); one that is none is ENOTFOUND", async () => {
    const reactor = reactorHere();
    const datagram = await reactor.bind({ port: 0, host: "localhost" });
    expect(["127.0.0.1", "::1"]).toContain(addressOf(datagram).host);
    const failed = reactor.bind({ port: 0, host: "nobody.invalid" });
    await expect(failed).rejects.toMatchObject({
      code: expect.stringMatching(/^(ENOTFOUND|EAI_AGAIN)$/) as string,
    });
    const elsewhere = reactor.bind({ port: 0, host: "192.0.2.1" });
    await expect(elsewhere).rejects.toMatchObject({ code: "EADDRNOTAVAIL" });
  });

  it("a host and a peer of two families are refused, also where a name is one of them", async () => {
    const reactor = reactorHere();
    const peer = { port: 9, host: "127.0.0.1" };
    const { message } = thrownBy(() => void reactor.bind({ port: 0, host: "::1" }, { peer }));
    expect(message).toContain("host of bind is IPv6, and 127.0.0.1 is not; give a peer of one fam");
    const { address } = await lookup("localhost");
    const other = { port: 9, host: address.includes(":") ? "127.0.0.1" : "::1" };
    const named = reactor.bind({ port: 0, host: "localhost" }, { peer: other });
    await expect(named).rejects.toMatchObject({ code: "IOMUX_BAD_ARGUMENT" });
  });

  it("options reach the socket, and one that the system refuses rejects", async () => {
    const reactor = reactorHere();
    const options = {
      broadcast: true,
      ttl: 9,
      multicastTtl: 3,
      multicastLoopback: false,
      multicastInterface: "127.0.0.1",
      receiveBufferBytes: 10_000,
      sendBufferBytes: 10_000,
    };
    await reactor.bind({ port: 0, host: "0.0.0.0" }, options);
    const wrong = reactor.bind({ port: 0 }, { multicastInterface: "192.0.2.1" });
    await expect(wrong).rejects.toMatchObject({ code: "EADDRNOTAVAIL" });
    await expect(reactor.bind({ port: 0 }, { multicastInterface: "nope" })).rejects.toMatchObject({
      code: "EINVAL",
      message: expect.stringContaining(
        'option multicastInterface, "nope": it is no addr',
      ) as string,
    });
    expect(reactor.stats().open).toBe(1);
  });

  it("receiveBufferBytes: a small one holds less of a burst", async () => {
    const reactor = reactorHere();
    const datagram = await reactor.bind({ port: 0 }, { receiveBufferBytes: 10_000 });
    const peer = await plain();
    for (let i = 0; i < 200; i++) peer.send("x", addressOf(datagram).port, "127.0.0.1");
    await passes(50);
    expect(datagram.waiting).toBeGreaterThan(0);
    expect(datagram.waiting).toBeLessThan(64);
  });

  it("multicast: who has joined hears it, who has left does not", async () => {
    const reactor = reactorHere();
    const group = "239.255.77.77";
    const one = await reactor.bind({ port: 0, host: "0.0.0.0" }, { reuseAddress: true });
    const { port } = addressOf(one);
    const two = await reactor.bind(addressOf(one), { reuseAddress: true });
    for (const member of [one, two]) member.joinGroup(group, "127.0.0.1");
    const sender = await reactor.bind(
      { port: 0, host: "0.0.0.0" },
      { multicastInterface: "127.0.0.1" },
    );
    sender.send(Buffer.from("both"), { host: group, port });
    while (one.waiting === 0 || two.waiting === 0) await passes(1);
    expect(thrownBy(() => one.joinGroup(group, "127.0.0.1")).code).toBe("EADDRINUSE");
    // As long as anybody on this machine is in the group, Linux delivers to all (IP_MULTICAST_ALL).
    for (const member of [one, two]) member.leaveGroup(group, "127.0.0.1");
    sender.send(Buffer.from("nobody"), { host: group, port });
    two.close();
    sender.send(Buffer.from("one"), { host: "127.0.0.1", port });
    while (one.waiting < 2) await passes(1);
    expect(receiveAll(one)).toEqual(["both", "one"]);
    expect(thrownBy(() => one.leaveGroup(group, "127.0.0.1")).code).toBe("EADDRNOTAVAIL");
    expect(thrownBy(() => one.joinGroup("10.1.2.3")).code).toBe("EINVAL");
    expect(thrownBy(() => one.joinGroup("ff02::1")).code).toBe("IOMUX_BAD_ARGUMENT");
  });
});

describe("adopting a dgram.Socket", () => {
  it("27: refuses one that is not bound, is closed, or that somebody listens to", async () => {
    const reactor = reactorHere();
    const unbound = dgram.createSocket("udp4");
    expect(thrownBy(() => reactor.adopt(unbound)).message).toContain("call bind() first");
    unbound.close();
    expect(thrownBy(() => reactor.adopt(unbound)).message).toContain("it is closed");
    const heard = await plain();
    heard.on("message", () => undefined);
    expect(thrownBy(() => reactor.adopt(heard)).message).toContain('listens to its "message"');
    const connecting = await plain();
    connecting.connect(heard.address().port, "127.0.0.1");
    expect(thrownBy(() => reactor.adopt(connecting)).message).toContain("it is connecting");
    await once(connecting, "connect");
    expect(reactor.stats().open).toBe(0);
  });

  it("keeps the peer of a connected one", async () => {
    const reactor = reactorHere();
    const peer = await plain();
    const socket = await plain();
    socket.connect(peer.address().port, "127.0.0.1");
    await once(socket, "connect");
    const datagram = reactor.adopt(socket);
    expect(datagram.remoteAddress).toMatchObject({ port: peer.address().port });
    expect(datagram.send(Buffer.from("hello"))).toBe(true);
    expect(datagram.queued).toBe(5);
    const [bytes] = (await once(peer, "message")) as [Buffer];
    expect(bytes.toString()).toBe("hello");
    while (datagram.queued > 0) await passes(1);
  });

  it("is asked without a warning, and found by its socket", async () => {
    const reactor = reactorHere();
    const socket = await plain();
    let asked = 0;
    // What Node prints its warning from, once in a process.
    Object.defineProperty(socket, "_handle", { get: () => asked++ });
    const datagram = reactor.adopt(socket);
    expect(reactor.explain(socket).fd).toBe(datagram.fd);
    expect(asked).toBe(0);
  });
});
