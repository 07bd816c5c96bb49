import { expect, it } from "vitest";

import { READABLE, WRITABLE } from "iomux";

import { fill, pattern, record } from "../support/record.ts";
import { connected, onStillNetworks } from "../support/world.ts";

const MIB = 1024 * 1024;

/** Who ends first, and whose bytes are pending at that moment. */
const FIRST = ["the peer", "we", "both at once"] as const;
const PENDING = ["nothing", "the peer's bytes", "our bytes", "both sides' bytes"] as const;
const MATRIX = FIRST.flatMap((first) => PENDING.map((pending) => [first, pending] as const));

onStillNetworks("H15: half-close", (world) => {
  it.each(MATRIX)("%s first, pending: %s", async (first, pending) => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    const theirs = pending === "the peer's bytes" || pending === "both sides' bytes";
    const ours = pending === "our bytes" || pending === "both sides' bytes";
    peer.pause();
    const sent = ours ? await fill(world(), channel) : 0;
    if (ours) expect(channel.queued).toBeGreaterThan(0);
    const { log, bytes } = record(reactor, channel);

    // Small enough to be one piece on every network: the order is then exact.
    const end = (): void => (theirs ? peer.end(pattern(20)) : peer.end());
    if (first !== "we") end();
    if (first === "the peer") {
      await world().until(() => channel.ended, "the peer's end");
      expect(channel.endConfirmed).toBe(world().family === "tcp");
    }
    channel.shutdown();
    if (first === "we") {
      await world().settle();
      expect([log, channel.state]).toEqual([[], "open"]);
      peer.resume();
      await world().until(() => peer.ended, "our end");
      end();
    }
    peer.resume();
    await world().until(() => peer.ended && channel.state === "closed", "both ends");
    await world().settle();

    expect(log).toEqual([
      ...(theirs ? [expect.stringMatching(/^READABLE "/) as string] : []),
      "READABLE end",
      "HANGUP",
    ]);
    expect(bytes().equals(theirs ? pattern(20) : Buffer.alloc(0))).toBe(true);
    expect(peer.received.equals(pattern(sent))).toBe(true);
    expect([channel.error, peer.errorCode, channel.bytesOut]).toEqual([null, null, sent]);
    expect(reactor.stats()).toMatchObject({ open: 1, registered: 0 });
  });

  it.each(["the peer", "we", "both at once"])(
    "%s first, a MiB pending each way: nothing lost",
    async (first) => {
      const reactor = world().createReactor({ highWaterMark: MIB });
      const { channel, peer } = await connected(world(), reactor);
      const { log, bytes } = record(reactor, channel);
      const end = (): void => peer.end(pattern(MIB));
      if (first !== "we") end();
      if (first === "the peer") await world().until(() => channel.ended, "the peer's end");
      expect(channel.write(pattern(MIB))).toBe(MIB);
      channel.shutdown();
      if (first === "we") {
        await world().until(() => peer.ended, "our end");
        end();
      }
      await world().until(() => peer.ended && channel.state === "closed", "both ends");
      expect(bytes().equals(pattern(MIB))).toBe(true);
      expect(peer.received.equals(pattern(MIB))).toBe(true);
      expect(log.slice(-2)).toEqual(["READABLE end", "HANGUP"]);
      expect(channel.error).toBeNull();
    },
  );

  it("H15: HANGUP waits until the peer's bytes and its end are read", async () => {
    const reactor = world().createReactor({ unreadMs: 1000 });
    const { channel, peer } = await connected(world(), reactor);
    const { log, registration } = record(reactor, channel);
    registration.pause();
    channel.shutdown();
    peer.end("unread");
    await world().until(() => channel.state === "hung-up", "both ends");
    await world().advance(900);
    expect(log).toEqual([]);
    registration.resume();
    await world().settle();
    expect(log).toEqual(['READABLE "unread"', "READABLE end", "HANGUP"]);
    expect(channel.state).toBe("closed");
  });

  it("7, H15, H16: what is read outside of the handler counts: the last call comes at once", async () => {
    const reactor = world().createReactor();
    for (const lost of [false, true]) {
      const { channel, peer } = await connected(world(), reactor);
      const { log, registration } = record(reactor, channel);
      registration.pause();
      peer.pause();
      if (lost) await fill(world(), channel);
      else channel.shutdown();
      peer.write("unread");
      await world().until(() => channel.unread === 6, "the bytes");
      if (lost) peer.destroy();
      else peer.end();
      const last = lost ? "failed" : "hung-up";
      await world().until(() => channel.state === last, "the end of it");
      await world().settle();
      expect(log).toEqual([]);
      expect(channel.read()!.toString()).toBe("unread");
      if (!lost) expect(channel.read()).toHaveLength(0);
      await world().settle();
      expect(log).toEqual([lost ? expect.stringMatching(/^ERROR\|HANGUP E/) : "HANGUP"]);
    }
  });

  it("7, H15: unreadMs: HANGUP waits no longer for who does not read", async () => {
    const reactor = world().createReactor({ unreadMs: 1000 });
    const { channel, peer } = await connected(world(), reactor);
    const log: number[] = [];
    reactor.register(channel, WRITABLE, (_, ready, registration) => {
      log.push(ready);
      if (ready === WRITABLE) registration.pause();
    });
    channel.shutdown();
    peer.end("unread");
    await world().until(() => channel.state === "hung-up", "both ends");
    await world().advance(999);
    expect(log.filter((ready) => ready !== WRITABLE)).toEqual([]);
    await world().advance(2);
    await world().settle();
    expect(log.filter((ready) => ready !== WRITABLE)).toEqual([0x10]);
    expect([channel.state, reactor.stats().open]).toEqual(["closed", 1]);
  });
});

onStillNetworks("H16, H17: the peer's last words", (world) => {
  it("H16: bytes, then the loss: all bytes, then ERROR, then closed, each once", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    const order: string[] = [];
    void channel.closed.then((error) =>
      order.push(`closed ${(error as NodeJS.ErrnoException).code}`),
    );
    let bytes = 0;
    reactor.register(channel, READABLE, (_, ready) => {
      const read = channel.read();
      bytes += read?.length ?? 0;
      if (read === null) order.push(`told ${channel.state}`);
      else if (bytes === 5000) order.push(`read all of ${ready}`);
    });
    peer.pause();
    await fill(world(), channel);
    peer.write(pattern(5000));
    peer.destroy();
    await world().until(() => channel.state === "closed", "the loss");
    await world().settle();
    expect(order).toEqual(["read all of 1", "told failed", expect.stringMatching(/^closed E/)]);
  });

  it("H16, F8: a write into a peer that has just closed: its last words, then the loss", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    const { joined } = record(reactor, channel);
    reactor.defer(() => {
      peer.write("last words");
      peer.destroy();
      channel.write(Buffer.from("x"));
    });
    await world().until(() => channel.state === "closed", "the loss");
    // Node destroys a socket whose write fails. On a Unix-domain one that is at once, and what the
    // kernel still held is gone with it: told as a loss, never as an end.
    const lost = world().network === "net" && world().family === "unix";
    expect(joined()).toEqual([
      ...(lost ? [] : ['READABLE "last words"']),
      expect.stringMatching(/^ERROR\|HANGUP (EPIPE|ECONNRESET)$/),
    ]);
    expect(channel.ended).toBe(false);
  });

  it("H17: a write just as the peer closes: bytes that had come are read, the loss is told", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    const { log, registration } = record(reactor, channel);
    registration.pause();
    peer.write("last words");
    await world().until(() => channel.unread === 10, "the bytes");
    peer.destroy();
    channel.write(Buffer.from("x"));
    await world().passes(1);
    for (let i = 0; i < 5; i++) {
      channel.write(Buffer.from("y"));
      await world().passes(2);
    }
    await world().until(() => channel.state === "failed", "the loss");
    registration.resume();
    await world().until(() => channel.state === "closed", "told");
    expect(log).toEqual([
      'READABLE "last words"',
      expect.stringMatching(/^ERROR\|HANGUP (EPIPE|ECONNRESET)$/),
    ]);
  });
});
