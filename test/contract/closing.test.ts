import { expect, it } from "vitest";

import { READABLE, WRITABLE, type Address, type Channel } from "iomux";

import { fill, pattern, record } from "../support/record.ts";
import {
  another,
  connected,
  onEveryChannel,
  onStillChannels,
  onNetworks,
} from "../support/world.ts";
import type { MemoryWorld } from "../support/memory-world.ts";

const MIB = 1024 * 1024;

onEveryChannel("closing", (world) => {
  it("22, 4: close flushes, ends, drains, and is told to nobody", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    const { log, registration } = record(reactor, channel, READABLE | WRITABLE);
    expect(channel.write(pattern(200_000))).toBe(200_000);
    channel.close();
    expect([channel.state, registration.active, channel.queued]).toEqual([
      "closing",
      false,
      200_000,
    ]);
    await world().until(() => peer.ended, "our end");
    expect(peer.received.equals(pattern(200_000))).toBe(true);
    expect(channel.state).toBe("closing");
    peer.end();
    expect(await world().run(channel.closed)).toBeNull();
    expect([log, peer.errorCode, channel.state, channel.bytesOut]).toEqual([
      [],
      null,
      "closed",
      200_000,
    ]);
  });

  it("22: close twice, and close after the peer's end, end once", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    const { joined } = record(reactor, channel);
    let closed = 0;
    void channel.closed.then(() => closed++);
    peer.end("bye");
    await world().until(() => channel.ended, "the end");
    channel.close();
    channel.close();
    await world().until(() => peer.ended && channel.state === "closed", "both ends");
    channel.close();
    await world().settle();
    expect([closed, joined()]).toEqual([1, ['READABLE "bye"', "READABLE end"]]);
    expect(await world().run(channel.closed)).toBeNull();
    expect(peer.errorCode).toBeNull();
  });

  it("H18: shutdown flushes, ends our side once, and leaves reading open", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    const { bytes, joined } = record(reactor, channel);
    channel.write(pattern(200_000));
    channel.shutdown();
    channel.shutdown();
    expect([channel.write(Buffer.from("x")), channel.room, channel.state]).toEqual([0, 0, "open"]);
    await world().until(() => peer.ended, "our end");
    expect(peer.received.equals(pattern(200_000))).toBe(true);
    peer.write("still read");
    await world().until(() => bytes().length === 10, "the bytes");
    expect(joined()).toEqual(['READABLE "still read"']);
  });

  it("22: abort drops the output and ends at once", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    peer.pause();
    const sent = await fill(world(), channel);
    channel.abort();
    expect([channel.state, channel.queued, channel.unread]).toEqual(["closed", 0, 0]);
    peer.resume();
    await world().until(() => peer.ended || peer.closed, "the peer to hear of it");
    await world().settle();
    expect(peer.received.length).toBeLessThan(sent);
    expect(await world().run(channel.closed)).toBeNull();
  });

  it("4, 22: what the network still says of an aborted channel changes nothing", async () => {
    const reactor = world().createReactor({ closesPerTurn: 1, unreadMs: 100 });
    const { channel, peer, listener } = await connected(world(), reactor);
    const pairs = [{ channel, peer }];
    while (pairs.length < 8) pairs.push(await another(world(), listener));
    const logs = pairs.map((pair) => record(reactor, pair.channel).log);
    const reasons: (Error | null)[] = [];
    for (const pair of pairs) void pair.channel.closed.then((reason) => reasons.push(reason));
    for (const pair of pairs) {
      pair.channel.abort();
      pair.peer.write("too late");
    }
    for (const [i, pair] of pairs.entries()) if (i % 2 === 0) pair.peer.reset();
    for (const [i, pair] of pairs.entries()) if (i % 2 === 1) pair.peer.end();
    for (let pass = 0; pass < 4; pass++) {
      await world().passes(1);
      expect(pairs.map((pair) => pair.channel.state)).toEqual(Array(8).fill("closed"));
    }
    await world().settle();
    await world().advance(200);
    expect(pairs.map((pair) => pair.channel.error)).toEqual(Array(8).fill(null));
    expect(pairs.map((pair) => pair.channel.unread)).toEqual(Array(8).fill(0));
    expect([reasons, logs.flat()]).toEqual([Array(8).fill(null), []]);
    expect(reactor.stats()).toMatchObject({ open: 1, registered: 0 });
  });

  it("22: abort while closing ends at once, with that reason", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    peer.pause();
    await fill(world(), channel);
    channel.close();
    await world().settle();
    expect(channel.state).toBe("closing");
    const why = new Error("enough");
    channel.abort(why);
    expect(channel.state).toBe("closed");
    expect(await world().run(channel.closed)).toBe(why);
    await world().settle();
    expect(reactor.stats()).toMatchObject({ open: 1, queuedBytes: 0 });
  });

  it("22: a peer lost while closing is the reason if there is one", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    peer.pause();
    await fill(world(), channel);
    channel.close();
    peer.destroy();
    const error = (await world().run(channel.closed)) as NodeJS.ErrnoException;
    expect(["ECONNRESET", "EPIPE"]).toContain(error.code);
  });

  it("23: lingerMs: a peer that took everything and never ends is let go, without an error", async () => {
    const { slackMs } = world();
    const reactor = world().createReactor({ lingerMs: 5000 + slackMs });
    const { channel, peer } = await connected(world(), reactor);
    channel.write(pattern(1000));
    channel.close();
    await world().until(() => peer.ended, "our end");
    await world().advance(4000);
    expect(channel.state).toBe("closing");
    await world().advance(1001 + slackMs);
    expect(await world().run(channel.closed)).toBeNull();
    expect(peer.received.equals(pattern(1000))).toBe(true);
  });

  it("22: bytes that the system took before lingerMs passed reach a peer that reads later", async () => {
    const reactor = world().createReactor({ lingerMs: 5000 });
    const { channel, peer } = await connected(world(), reactor);
    peer.pause();
    let sent = 0;
    while (channel.queued === 0 && sent < 8 * MIB) {
      sent += channel.write(pattern(16_384, sent));
      await world().passes(2);
    }
    // Back to where everything is taken: the system holds `sent` bytes, and we none.
    peer.resume();
    await world().until(() => channel.queued === 0 && peer.received.length === sent, "all taken");
    peer.pause();
    const more = Math.min(MIB, Math.floor(sent / 4));
    for (let at = 0; at < more;) {
      at += channel.write(pattern(Math.min(16_384, more - at), sent + at));
      await world().passes(2);
    }
    expect(channel.queued).toBe(0);
    channel.close();
    await world().advance(5001);
    expect(await world().run(channel.closed)).toBeNull();
    await world().settle();
    peer.resume();
    await world().until(() => peer.ended || peer.closed, "the end");
    expect([peer.received.length, peer.ended, peer.errorCode]).toEqual([sent + more, true, null]);
  });

  it("22: closed answers also who asks late", async () => {
    const reactor = world().createReactor();
    const { channel } = await connected(world(), reactor);
    const why = new Error("why");
    channel.abort(why);
    await world().settle();
    expect(await world().run(channel.closed)).toBe(why);
    expect(channel.closed).toBe(channel.closed);
  });

  it("22: a listener closes once, frees its address, and resets who waits", async () => {
    const reactor = world().createReactor();
    const listener = await world().run(reactor.listen(world().address()));
    const peer = world().dial(listener);
    await world().until(() => listener.waiting === 1 && peer.connected, "a peer");
    const where = listener.localAddress as Address;
    listener.close();
    listener.close();
    expect([listener.state, listener.waiting, listener.accept()]).toEqual(["closing", 0, null]);
    expect(await world().run(listener.closed)).toBeNull();
    expect(listener.state).toBe("closed");
    await world().until(() => peer.closed || peer.ended, "the peer to hear of it");
    const again = await world().run(reactor.listen(where));
    expect(again.localAddress).toEqual(where);
    expect(again.fd).not.toBe(listener.fd);
  });

  it("22: a listener aborted has that reason; its channels live on", async () => {
    const reactor = world().createReactor();
    const { channel, peer, listener } = await connected(world(), reactor);
    const why = new Error("why");
    listener.abort(why);
    expect(await world().run(listener.closed)).toBe(why);
    channel.write(Buffer.from("alive"));
    await world().until(() => peer.received.length === 5, "the bytes");
    expect(channel.state).toBe("open");
  });
});

onStillChannels("closing", (world) => {
  it("22, H15: what the peer still sends is drained: it never sees a reset", async () => {
    const reactor = world().createReactor({ inputMark: 16 * 1024 });
    const { channel, peer } = await connected(world(), reactor);
    peer.write(pattern(MIB));
    await world().settle();
    expect(channel.unread).toBeGreaterThan(0);
    channel.write(pattern(100_000));
    channel.close();
    expect(channel.unread).toBe(0);
    peer.end(pattern(MIB));
    expect(await world().run(channel.closed)).toBeNull();
    await world().until(() => peer.ended, "our end");
    expect(peer.received.equals(pattern(100_000))).toBe(true);
    expect(peer.errorCode).toBeNull();
    expect(channel.bytesIn).toBe(2 * MIB);
  });

  it("22: bytes that come after close are drained, however many, and not held", async () => {
    const reactor = world().createReactor({ inputMark: 16 * 1024 });
    const { channel, peer } = await connected(world(), reactor);
    channel.close();
    peer.end(pattern(MIB));
    await world().until(() => channel.bytesIn > 100_000 || channel.state === "closed", "bytes");
    expect(channel.unread).toBe(0);
    expect(await world().run(channel.closed)).toBeNull();
    expect([channel.bytesIn, peer.errorCode]).toEqual([MIB, null]);
  });

  it("23: lingerMs counts from the last progress: a slow reader gets everything", async () => {
    const reactor = world().createReactor({
      lingerMs: 5000,
      highWaterMark: MIB,
      flushBytes: 65_536,
    });
    const { channel, peer } = await connected(world(), reactor);
    peer.pause();
    const sent = await fill(world(), channel);
    channel.close();
    while (channel.queued > 0) {
      await world().advance(4000);
      const { queued } = channel;
      peer.resume();
      await world().until(() => channel.queued < queued, "progress");
      peer.pause();
    }
    peer.resume();
    await world().until(() => peer.ended, "our end");
    expect(peer.received.equals(pattern(sent))).toBe(true);
    peer.end();
    expect(await world().run(channel.closed)).toBeNull();
  });

  it("23: lingerMs: a peer that reads nothing is cut off, and told as lost", async () => {
    const reactor = world().createReactor({ lingerMs: 5000 });
    const { channel, peer } = await connected(world(), reactor);
    peer.pause();
    await fill(world(), channel);
    const { queued } = channel;
    channel.close();
    await world().advance(4999);
    expect(channel.state).toBe("closing");
    await world().advance(2);
    const error = (await world().run(channel.closed)) as NodeJS.ErrnoException;
    expect(error).toMatchObject({ code: "ETIMEDOUT", fd: channel.fd, state: "closing" });
    expect(error.message).toContain(`${queued} bytes of output were lost`);
  });
});

onNetworks([["memory", "tcp"]], "closing: counted on the memory network", (world) => {
  it("23, 28, H37: of many closed in one turn closesPerTurn are let go in each", async () => {
    const reactor = world().createReactor({ closesPerTurn: 10 });
    const { memory, clock } = world() as MemoryWorld;
    const listener = await world().run(reactor.listen(world().address()));
    const channels: Channel[] = [];
    for (let i = 0; i < 45; i++) channels.push((await another(world(), listener)).channel);
    await world().settle();
    expect(memory.descriptors).toBe(46);
    const left: number[] = [];
    for (const channel of channels) channel.abort();
    expect(channels.every(({ state }) => state === "closed")).toBe(true);
    while (memory.descriptors > 1) {
      const { turns } = reactor.stats();
      await clock.step();
      if (reactor.stats().turns > turns) left.push(memory.descriptors);
    }
    expect(left).toEqual([36, 26, 16, 6, 1]);
  });

  it("28, H37: closing 10,000 is linear: each descriptor is looked at as often as among 100", async () => {
    const looks = async (count: number): Promise<number> => {
      const reactor = world().createReactor({ acceptQueue: 20_000 });
      const listener = await world().run(reactor.listen(world().address(), { backlog: 20_000 }));
      for (let i = 0; i < count; i++) world().dial(listener);
      await world().until(() => listener.waiting === count, "all");
      let looked = 0;
      const channels = Array.from({ length: count }, () => {
        const channel = listener.accept()!;
        counting(channel, () => looked++);
        reactor.register(channel, READABLE, () => undefined);
        return channel;
      });
      await world().settle();
      looked = 0;
      for (const channel of channels) channel.close();
      for (const channel of channels) channel.abort();
      await world().settle();
      expect(reactor.stats()).toMatchObject({ open: 1, registered: 0 });
      return looked / count;
    };
    expect(await looks(10_000)).toBe(await looks(100));
  });
});

/** Calls `look` whenever the reactor asks for the channel's condition. */
function counting(channel: Channel, look: () => void): void {
  const source = channel as Channel & { condition(): number };
  const condition = source.condition.bind(source);
  source.condition = () => {
    look();
    return condition();
  };
}
