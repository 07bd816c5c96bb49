import { expect, it } from "vitest";

import { PEER_CLOSED, READABLE, WRITABLE } from "iomux";

import { fill, pattern, record } from "../support/record.ts";
import { connected, onStillChannels } from "../support/world.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
/** What one read of the network may bring beyond the mark. */
const ONE_READ = 64 * KIB;

onStillChannels("input marks", (world) => {
  it("19: the network reads ahead whatever the interest", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    peer.write(pattern(1000));
    await world().until(() => channel.unread === 1000, "bytes, not registered");
    const { log, registration } = record(reactor, channel, PEER_CLOSED);
    peer.write(pattern(1000, 1000));
    await world().until(() => channel.unread === 2000, "bytes, not asked for");
    registration.pause();
    peer.write(pattern(1000, 2000));
    await world().until(() => channel.unread === 3000, "bytes, paused");
    await world().settle();
    expect(log).toEqual([]);
    expect(channel.read(3000)!.equals(pattern(3000))).toBe(true);
  });

  it.each([1, 1000, 64 * KIB, 256 * KIB])(
    "19: beyond the input mark (%i) reading stops, and goes on once bytes are read",
    async (inputMark) => {
      const reactor = world().createReactor({ inputMark });
      const { channel, peer } = await connected(world(), reactor);
      const sent = pattern(4 * MIB);
      peer.write(sent);
      await world().settle();
      expect(channel.unread).toBeGreaterThanOrEqual(inputMark);
      expect(channel.unread).toBeLessThan(inputMark + ONE_READ);
      expect(channel.bytesIn).toBe(channel.unread);
      await world().settle();
      expect(channel.bytesIn).toBe(channel.unread);
      let most = 0;
      const pieces: Buffer[] = [];
      reactor.register(channel, READABLE, () => {
        most = Math.max(most, channel.unread);
        pieces.push(channel.read(100_000)!);
      });
      await world().until(() => channel.bytesIn === sent.length && channel.unread === 0, "all");
      expect(Buffer.concat(pieces).equals(sent)).toBe(true);
      // While it is being read, what Node had taken by then may come on top.
      expect(most).toBeLessThan(inputMark + 2 * ONE_READ);
    },
  );

  it("19: the peer's end is seen while there is room, whatever is unread", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    const { log } = record(reactor, channel, PEER_CLOSED);
    peer.end(pattern(10_000));
    await world().until(() => log.length > 0, "PEER_CLOSED");
    expect(log[0]).toBe("PEER_CLOSED");
    expect([channel.unread, channel.ended, channel.state]).toEqual([10_000, false, "open"]);
  });

  it("19: beyond the mark the peer's end waits, and none of it is lost", async () => {
    const reactor = world().createReactor({ inputMark: 32 * KIB });
    const { channel, peer } = await connected(world(), reactor);
    const sent = pattern(MIB);
    peer.end(sent);
    await world().settle();
    expect(reactor.explain(channel).reading).toBe("not registered");
    const { log, bytes } = record(reactor, channel);
    await world().until(() => channel.ended, "the end");
    expect(bytes().equals(sent)).toBe(true);
    expect(log.at(-1)).toBe("READABLE end");
  });

  it("H19: paused: the end is told after resume, once", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    const { log, registration } = record(reactor, channel);
    registration.pause();
    peer.end("last");
    await world().settle();
    expect([log, channel.unread]).toEqual([[], 4]);
    registration.resume();
    await world().settle();
    expect(log).toEqual(['READABLE "last"', "READABLE end"]);
  });

  it("H19: paused: a reset is told while there is room, and ends the registration", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    const { log, registration } = record(reactor, channel);
    registration.pause();
    peer.reset();
    await world().settle();
    if (world().family === "tcp") {
      expect(log).toEqual(["ERROR|HANGUP ECONNRESET"]);
      expect([channel.state, reactor.stats().open]).toEqual(["closed", 1]);
    } else {
      // A Unix-domain socket knows no reset: it is an ordinary end, and waits for resume.
      expect([log, channel.state]).toEqual([[], "open"]);
      registration.resume();
      await world().settle();
      expect(log).toEqual(["READABLE end"]);
    }
  });

  it("H19: paused with bytes unread: a loss is told after unreadMs, and nothing leaks", async () => {
    const reactor = world().createReactor({ unreadMs: 500 });
    const { channel, peer } = await connected(world(), reactor);
    const { log, registration } = record(reactor, channel);
    registration.pause();
    peer.write("unread");
    await world().until(() => channel.unread === 6, "the bytes");
    // A peer that closes with bytes unread resets, on Unix-domain sockets too.
    peer.pause();
    await fill(world(), channel);
    peer.destroy();
    await world().until(() => channel.state === "failed", "the loss");
    await world().settle();
    expect([channel.state, channel.unread, log]).toEqual(["failed", 6, []]);
    await world().advance(499);
    expect(log).toEqual([]);
    await world().advance(2);
    await world().settle();
    expect(log).toEqual([expect.stringMatching(/^ERROR\|HANGUP (ECONNRESET|EPIPE)$/)]);
    expect([channel.state, channel.unread, reactor.stats().open]).toEqual(["closed", 0, 1]);
  });

  it("H19: not registered: a loss is released after unreadMs", async () => {
    const reactor = world().createReactor({ unreadMs: 500 });
    const { channel, peer } = await connected(world(), reactor);
    peer.pause();
    await fill(world(), channel);
    peer.destroy();
    await world().until(() => channel.state === "failed", "the loss");
    await world().advance(501);
    await world().settle();
    expect([channel.state, reactor.stats().open]).toEqual(["closed", 1]);
    expect(await world().run(channel.closed)).toBe(channel.error);
    expect(channel.error).not.toBeNull();
  });

  it("H19: paused beyond the mark: a reset is seen at the latest when reading goes on", async () => {
    const reactor = world().createReactor({ inputMark: 16 * KIB });
    const { channel, peer } = await connected(world(), reactor);
    const { log, bytes, registration } = record(reactor, channel);
    registration.pause();
    peer.write(pattern(60_000));
    await world().settle();
    peer.reset();
    await world().settle();
    expect(reactor.capabilities.resetWhilePaused).toBe(false);
    registration.resume();
    await world().until(() => channel.ended || channel.state === "closed", "the end");
    expect(bytes().equals(pattern(60_000))).toBe(true);
    const tcp = world().family === "tcp";
    expect(log.at(-1)).toBe(tcp ? "ERROR|HANGUP ECONNRESET" : "READABLE end");
    expect([channel.ended, channel.endConfirmed]).toEqual([!tcp, false]);
  });

  it("H20: who only writes hears of a peer that has gone, and the channel is released", async () => {
    const reactor = world().createReactor({ unreadMs: 1000 });
    const { channel, peer } = await connected(world(), reactor);
    let last = 0;
    reactor.register(channel, WRITABLE, (_, ready) => {
      last = ready;
      channel.write(pattern(1000));
    });
    peer.write("never read");
    await world().until(() => channel.unread === 10 && peer.received.length > 0, "traffic");
    peer.destroy();
    await world().until(() => channel.state === "failed" || channel.state === "closed", "the loss");
    await world().advance(1001);
    await world().settle();
    expect([last, channel.state, reactor.stats().open]).toEqual([0x18, "closed", 1]);
    expect(["EPIPE", "ECONNRESET"]).toContain((channel.error as NodeJS.ErrnoException).code);
  });
});
