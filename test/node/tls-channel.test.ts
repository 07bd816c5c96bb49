/** Secure channels: how they end, and what they hold meanwhile. */
import { expect, it } from "vitest";

import { createReactor, READABLE, serve, WRITABLE, type Channel, type Reactor } from "iomux";
import { MemoryNetwork, SimulatedClock } from "iomux/testing";

import { local } from "../support/certificates.ts";
import { pattern, record } from "../support/record.ts";
import { dialTls, securePair, type TlsPeer } from "../support/tls-peers.ts";
import { onNetworks, type World } from "../support/world.ts";

const MIB = 1024 * 1024;

async function pair(
  world: World,
  version: "TLSv1.2" | "TLSv1.3" = "TLSv1.3",
): Promise<{ reactor: Reactor; channel: Channel; peer: TlsPeer }> {
  const reactor = world.createReactor();
  const listener = await reactor.listen({ port: 0 }, { tls: local });
  const options = { minVersion: version, maxVersion: version };
  return { reactor, ...(await securePair(world, listener, options)) };
}

onNetworks([["net", "tcp"]], "TLS channels: the end", (world) => {
  it.each(["TLSv1.2", "TLSv1.3"] as const)("%s: a close_notify is confirmed", async (version) => {
    const { reactor, channel, peer } = await pair(world(), version);
    const { log } = record(reactor, channel);
    peer.socket.end("all of it");
    await world().until(() => channel.ended, "the end");
    expect([log, channel.endConfirmed]).toEqual([['READABLE "all of it"', "READABLE end"], true]);
    channel.write(Buffer.from("an answer all the same"));
    await world().until(() => peer.received() === "an answer all the same", "the answer");
  });

  it.each(["TLSv1.2", "TLSv1.3"] as const)("%s: a bare FIN is a truncation", async (version) => {
    const { reactor, channel, peer } = await pair(world(), version);
    record(reactor, channel);
    peer.socket.write("not all of it");
    await world().until(() => channel.bytesIn === 13, "the bytes");
    peer.raw.end();
    await world().until(() => channel.ended, "the end");
    expect([channel.endConfirmed, channel.state]).toEqual([false, "open"]);
    const { turns } = reactor.stats();
    await world().passes(20);
    expect(reactor.stats().turns - turns).toBeLessThanOrEqual(1);
  });

  it("a FIN in the middle of a record is a truncation, though bytes came with it", async () => {
    const { reactor, channel, peer } = await pair(world());
    record(reactor, channel);
    // The head of a record of 64 bytes, and a part of it.
    peer.raw.end(Buffer.from("1703030040000102030405", "hex"));
    await world().until(() => channel.ended, "the end");
    expect(channel.endConfirmed).toBe(false);
  });

  it("a close_notify is confirmed though reading has stopped, and before it is accepted", async () => {
    const reactor = world().createReactor({ inputMark: 1000 });
    const listener = await reactor.listen({ port: 0 }, { tls: local });
    const { channel, peer } = await securePair(world(), listener);
    peer.socket.write(pattern(2000));
    await world().until(() => channel.unread === 2000, "the mark to be passed");
    // The rest and the goodbye wait in the kernel, and come as one; the rest passes the mark again.
    peer.socket.end(pattern(18_000, 2000));
    await world().settle();
    const { bytes } = record(reactor, channel);
    await world().until(() => channel.ended, "the end");
    expect([bytes().length, channel.endConfirmed]).toEqual([20_000, true]);

    for (const words of ["early", ""]) {
      const early = dialTls(listener);
      early.socket.end(words);
      await world().until(() => listener.waiting === 1, "the peer");
      await world().settle();
      const late = listener.accept()!;
      const { log } = record(reactor, late);
      await world().until(() => late.ended, "its end");
      expect([log.at(-1), late.bytesIn, late.endConfirmed]).toEqual([
        ...["READABLE end", words.length, true],
      ]);
    }
  });

  it("close() says goodbye; abort() resets the connection underneath", async () => {
    const first = await pair(world());
    first.channel.write(Buffer.from("bye"));
    first.channel.close();
    await world().until(() => first.peer.log.includes("end"), "the end");
    expect([first.peer.received(), first.peer.log]).toEqual(["bye", ["secure", "end"]]);
    const second = await pair(world());
    await world().settle();
    second.channel.abort();
    await world().until(() => second.peer.log.includes("close"), "the reset");
    expect(second.peer.log).toEqual(["secure", "error ECONNRESET", "close"]);
  });
});

onNetworks([["net", "tcp"]], "TLS channels: bytes", (world) => {
  it("16 MiB each way with stops, nothing lost, and no more held than the marks", async () => {
    const { reactor, channel, peer } = await pair(world());
    const all = pattern(16 * MIB);
    let sent = 0;
    let most = 0;
    let received = 0;
    let mostUnread = 0;
    reactor.register(channel, READABLE | WRITABLE, (_, ready) => {
      mostUnread = Math.max(mostUnread, channel.unread);
      if ((ready & READABLE) !== 0) {
        const bytes = channel.read(10_000)!;
        expect(bytes.equals(all.subarray(received, (received += bytes.length)))).toBe(true);
      }
      if (sent < all.length) sent += channel.write(all.subarray(sent, sent + 300_000));
      most = Math.max(most, channel.queued);
    });
    peer.socket.pause();
    peer.socket.write(all);
    await world().until(() => channel.room === 0, "our output to stop");
    peer.socket.resume();
    await world().until(() => received === all.length, "all that comes");
    await world().until(() => channel.bytesOut === all.length, "all that goes");
    channel.shutdown();
    await world().until(() => peer.log.includes("end"), "its end");
    expect(peer.bytes().equals(all)).toBe(true);
    expect(most).toBeLessThanOrEqual(reactor.limits.highWaterMark);
    expect(mostUnread).toBeLessThanOrEqual(reactor.limits.inputMark + 64 * 1024);
  });
});

onNetworks([["net", "tcp"]], "TLS: serve", (world) => {
  it("takes tls with each address, and a bad one closes the others", async () => {
    const reactor = world().createReactor();
    const seen: unknown[] = [];
    const server = await serve(
      reactor,
      { listen: [{ port: 0 }, { port: 0, tls: local }] },
      {
        open(connection) {
          seen.push(connection.channel.tls?.protocol ?? null);
          connection.send(Buffer.from("hello"));
        },
      },
    );
    const peer = dialTls({ localAddress: server.addresses[1]! } as never);
    await world().until(() => peer.received() === "hello", "the greeting");
    expect(seen).toEqual(["TLSv1.3"]);
    const { open } = reactor.stats();
    const bad = { cert: "no PEM", key: "no PEM" };
    const failing = serve(reactor, { listen: [{ port: 0 }, { port: 0, tls: bad }] }, {});
    await expect(failing).rejects.toMatchObject({ code: "IOMUX_BAD_CERTIFICATE" });
    await world().settle();
    expect(reactor.stats().open).toBe(open);
  });
});

it("a network without TLS says so, and throws for it", () => {
  const clock = new SimulatedClock();
  const reactor = createReactor({ network: new MemoryNetwork(clock), clock });
  expect(reactor.capabilities.tls).toBe(false);
  const unsupported = expect.objectContaining({ code: "IOMUX_UNSUPPORTED" }) as Error;
  expect(() => reactor.listen({ port: 1 }, { tls: local })).toThrow(unsupported);
  expect(() => reactor.connect({ port: 1 }, { tls: {} })).toThrow(unsupported);
  const channel = reactor.connect({ port: 1 });
  expect(() => {
    reactor.startTls(channel, { server: local });
  }).toThrow(unsupported);
});
