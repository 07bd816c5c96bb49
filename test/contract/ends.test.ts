import { expect, it } from "vitest";

import { PEER_CLOSED, READABLE, WRITABLE, type Channel } from "iomux";

import { fill, pattern, record, type Recording } from "../support/record.ts";
import {
  connected,
  onEveryChannel,
  onStillChannels,
  onNetworks,
  type World,
} from "../support/world.ts";

const MIB = 1024 * 1024;
const LOSS = /^ERROR\|HANGUP (ECONNRESET|EPIPE)$/;

/** Waits until the stream is over, one way or the other, and that is told. */
async function over(world: World, channel: Channel): Promise<void> {
  await world.until(() => channel.ended || channel.state === "closed", "the end or the loss");
  await world.settle();
}

/** On TCP the loss was told and no end; elsewhere the end was told, as unconfirmed. */
function expectNotSilent(world: World, channel: Channel, { log }: Recording): void {
  if (world.family === "tcp") {
    expect(log.at(-1)).toBe("ERROR|HANGUP ECONNRESET");
    expect(log.filter((line) => line.startsWith("ERROR"))).toHaveLength(1);
    expect(log.filter((line) => line.endsWith(" end"))).toEqual([]);
    expect([channel.state, channel.ended]).toEqual(["closed", false]);
  } else {
    expect(log.at(-1)).toBe("READABLE end");
    expect([channel.state, channel.ended, channel.endConfirmed]).toEqual(["open", true, false]);
  }
}

onEveryChannel("ends: resets", (world) => {
  it("20, H16, F1: bytes and a reset collected in one poll: all bytes, then the loss", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    const recording = record(reactor, channel);
    peer.write(pattern(1000));
    peer.reset();
    await over(world(), channel);
    expect(recording.bytes().equals(pattern(1000))).toBe(true);
    expectNotSilent(world(), channel, recording);
  });

  it("20: a reset alone is a loss", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    const recording = record(reactor, channel);
    peer.reset();
    await over(world(), channel);
    expectNotSilent(world(), channel, recording);
  });

  it("20: a reset after the bytes were read is a loss", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    const recording = record(reactor, channel);
    peer.write("read before");
    await world().until(() => recording.bytes().length === 11, "the bytes");
    peer.reset();
    await over(world(), channel);
    expect(recording.joined()[0]).toBe('READABLE "read before"');
    expectNotSilent(world(), channel, recording);
  });

  it("20, H15: a peer that closes with our bytes unread is a loss on every kind of socket", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    peer.pause();
    await fill(world(), channel);
    const recording = record(reactor, channel);
    peer.write("last words");
    peer.destroy();
    await world().until(() => channel.state === "closed", "the loss");
    expect(recording.bytes().toString()).toBe("last words");
    expect(recording.log.at(-1)).toMatch(LOSS);
  });

  it("20, 16: after a loss nothing is taken, and state and error say why", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    peer.pause();
    await fill(world(), channel);
    peer.destroy();
    await world().until(() => channel.state === "failed", "the loss");
    expect([channel.write(Buffer.from("x")), channel.room, channel.queued]).toEqual([0, 0, 0]);
    expect((channel.error as NodeJS.ErrnoException).code).toMatch(/^(ECONNRESET|EPIPE)$/);
    if (world().family === "tcp") expect(channel.remoteAddress).toMatchObject({ family: "IPv4" });
  });
});

onStillChannels("ends: resets", (world) => {
  it.each([
    ["being read", 64 * 1024, false],
    ["paused", 64 * 1024, true],
    ["with room for all of it", MIB, false],
    ["with room for all of it, paused", MIB, true],
  ])("20, H16, F1: 100,000 bytes, the last with the reset: %s", async (_, inputMark, paused) => {
    const reactor = world().createReactor({ inputMark });
    const { channel, peer } = await connected(world(), reactor);
    const recording = record(reactor, channel);
    if (paused) recording.registration.pause();
    // The kernel's window holds 64 KiB at first: what exceeds it would never leave the peer.
    peer.write(pattern(40_000));
    await world().until(() => channel.bytesIn === 40_000, "the first bytes");
    peer.write(pattern(60_000, 40_000));
    peer.reset();
    await world().settle();
    if (paused) recording.registration.resume();
    await over(world(), channel);
    expect(recording.bytes().equals(pattern(100_000))).toBe(true);
    expectNotSilent(world(), channel, recording);
  });

  it.each([1000, 30_000])(
    "20, F2b: %i bytes and a reset with output in flight: the loss, whatever was told before",
    async (size) => {
      const reactor = world().createReactor();
      const { channel, peer } = await connected(world(), reactor);
      peer.pause();
      await fill(world(), channel);
      expect(channel.queued).toBeGreaterThan(0);
      const recording = record(reactor, channel);
      peer.write(pattern(size));
      peer.reset();
      await world().until(() => channel.state === "closed", "the loss");
      expect(recording.bytes().equals(pattern(size))).toBe(true);
      expect(recording.log.at(-1)).toMatch(LOSS);
      expect(recording.log.filter((line) => LOSS.test(line))).toHaveLength(1);
      if (world().family === "tcp") expect(channel.ended).toBe(false);
    },
  );
});

onEveryChannel("ends: orderly", (world) => {
  it("20: an orderly end is confirmed on TCP, and known not to be elsewhere", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    const { log, bytes } = record(reactor, channel);
    peer.end(pattern(100_000));
    await world().until(() => channel.ended, "the end");
    expect(bytes().equals(pattern(100_000))).toBe(true);
    expect([log.at(-1), channel.state]).toEqual(["READABLE end", "open"]);
    expect(channel.endConfirmed).toBe(world().family === "tcp");
  });

  it("20, F2b: an orderly end with output in flight is confirmed, and the output arrives", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    peer.pause();
    const sent = await fill(world(), channel);
    expect(channel.queued).toBeGreaterThan(0);
    const { joined } = record(reactor, channel);
    peer.end("ends while we write");
    await world().until(() => channel.ended, "the end");
    expect(joined()).toEqual(['READABLE "ends while we write"', "READABLE end"]);
    expect(channel.endConfirmed).toBe(world().family === "tcp");
    peer.resume();
    await world().until(() => peer.received.length === sent, "the output");
    expect(peer.received.equals(pattern(sent))).toBe(true);
    expect([channel.state, channel.error]).toEqual(["open", null]);
  });

  it("20: after our own shutdown the end is not confirmed, but by TLS", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    record(reactor, channel);
    channel.shutdown();
    await world().until(() => peer.ended, "our end");
    peer.end("answer");
    await world().until(() => channel.ended, "the end");
    expect(channel.endConfirmed).toBe(world().secure);
  });

  it("20: endConfirmed is false before the end", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    peer.write("no end yet");
    await world().settle();
    expect([channel.endConfirmed, channel.ended]).toEqual([false, false]);
  });

  it("21, H9: after the end of stream nothing reports READABLE again, and nothing spins", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    const { joined, registration } = record(reactor, channel);
    peer.end("all");
    await world().until(() => channel.ended, "the end");
    await world().settle();
    const { turns } = reactor.stats();
    registration.modify(READABLE);
    await world().settle();
    await world().passes(20);
    expect(joined()).toEqual(['READABLE "all"', "READABLE end"]);
    expect(reactor.stats().turns - turns).toBeLessThanOrEqual(1);
    expect([registration.ready, registration.active]).toEqual([0, true]);
  });

  it("21: a peer that only closed its side can still be written to", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    record(reactor, channel);
    peer.end("question");
    await world().until(() => channel.ended, "the end");
    const answer = pattern(200_000);
    expect(channel.write(answer)).toBe(answer.length);
    await world().until(() => peer.received.length === answer.length, "the answer");
    expect(peer.received.equals(answer)).toBe(true);
    expect(peer.ended).toBe(false);
    channel.close();
    await world().until(() => peer.ended, "our end");
    expect(await world().run(channel.closed)).toBeNull();
  });

  it("H9: both sides done: HANGUP once, and the registration is gone", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    const { joined, registration } = record(reactor, channel);
    let closed = 0;
    void channel.closed.then(() => closed++);
    channel.shutdown();
    peer.end("bye");
    await world().until(() => channel.state === "closed", "the end of both sides");
    await world().settle();
    expect(joined()).toEqual(['READABLE "bye"', "READABLE end", "HANGUP"]);
    expect([closed, registration.active, channel.error]).toEqual([1, false, null]);
    expect([reactor.stats().registered, reactor.stats().open]).toEqual([0, 1]);
  });

  it("H9: PEER_CLOSED is told to who asks for it, with what is unread", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    const { bytes, log } = record(reactor, channel, READABLE | PEER_CLOSED);
    peer.end("bye");
    await world().until(() => channel.ended, "the end");
    expect(bytes().toString()).toBe("bye");
    expect(log.at(-1)).toBe("READABLE|PEER_CLOSED end");
    expect(log.filter((line) => !line.startsWith("READABLE"))).toEqual([]);
  });
});

onEveryChannel("ends: one reason", (world) => {
  it("22: the first cause stays the reason", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    peer.pause();
    await fill(world(), channel);
    peer.destroy();
    await world().until(() => channel.state === "failed", "the loss");
    const first = channel.error;
    channel.abort(new Error("too late"));
    channel.close();
    channel.abort(new Error("later still"));
    expect(first).not.toBeNull();
    expect(await world().run(channel.closed)).toBe(first);
    expect([channel.error, channel.state]).toEqual([first, "closed"]);
  });

  it("22: abort with a reason: that is the reason, once", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    const { log } = record(reactor, channel, READABLE | WRITABLE);
    const reasons: unknown[] = [];
    void channel.closed.then((reason) => reasons.push(reason));
    const why = new Error("why");
    channel.abort(why);
    channel.abort(new Error("another"));
    await world().until(() => peer.closed || peer.ended, "the peer to hear of it");
    await world().settle();
    expect([reasons, log, channel.error]).toEqual([[why], [], why]);
    expect(peer.errorCode).toBe(world().family === "tcp" ? "ECONNRESET" : null);
  });

  it("22: abort without a reason: no later one is its reason", async () => {
    const reactor = world().createReactor();
    const { channel } = await connected(world(), reactor);
    channel.abort();
    channel.abort(new Error("too late"));
    expect([await world().run(channel.closed), channel.error]).toEqual([null, null]);
  });

  it("22: the registration's signal is aborted with the first cause", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    const { registration } = record(reactor, channel);
    const { signal } = registration;
    peer.pause();
    await fill(world(), channel);
    peer.destroy();
    await world().until(() => channel.state === "closed", "the loss");
    expect([signal.aborted, signal.reason]).toEqual([true, channel.error]);
  });

  it("22, H17: writing to a closed peer: values, one loss, one close, no crash", async () => {
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    const { log } = record(reactor, channel);
    let closed = 0;
    void channel.closed.then(() => closed++);
    // On TLS there are bytes for the peer before any of ours; unread, they would be a reset.
    await world().settle();
    peer.destroy();
    await world().until(() => channel.ended, "the end");
    const taken: number[] = [];
    for (let i = 0; channel.state === "open" && i < 1000; i++) {
      taken.push(channel.write(Buffer.from("x")));
      await world().passes(1);
    }
    await world().until(() => channel.state === "closed", "the close");
    expect(new Set(taken)).toEqual(new Set([1]));
    expect(channel.write(Buffer.from("x"))).toBe(0);
    expect(closed).toBe(1);
    expect(log).toEqual(["READABLE end", expect.stringMatching(LOSS)]);
  });
});

onNetworks([["net", "tcp"]], "ends: only a kernel shows it", (world) => {
  it("22: no 'error' event of a socket goes unhandled, whenever it comes", async () => {
    const reactor = world().createReactor();
    const { listener } = await connected(world(), reactor);
    for (const act of ["close", "abort", "shutdown"] as const) {
      for (let delay = 0; delay < 4; delay++) {
        const peer = world().dial(listener);
        await world().until(() => listener.waiting > 0, "a peer");
        const channel = listener.accept()!;
        channel.write(pattern(100_000));
        peer.write(pattern(1000));
        await world().passes(delay);
        channel[act]();
        peer.reset();
        await world().passes(4 - delay);
        channel.write(pattern(10));
      }
    }
    await world().settle();
    // An unhandled 'error' fails the run.
    expect(reactor.stats().open).toBeGreaterThan(0);
  });
});
