/** Channels that can only be written to: a child's stdin, a file that is written, a pipe. */
import { expect, it } from "vitest";

import { HANGUP, PEER_CLOSED, READABLE, WRITABLE, formatMask } from "iomux";

import { turns } from "../support/crowd.ts";
import { fill, pattern } from "../support/record.ts";
import { writeOnly } from "../support/streams.ts";
import { onNetworks, SIMULATED } from "../support/world.ts";

/** Where nothing is delayed, slow or cut into pieces. */
const STILL = [
  ["net", "unix"],
  ["memory", "unix"],
] as const;

onNetworks([...STILL, ...SIMULATED], "write-only channels", (world) => {
  it("15, 21: READABLE never, and read() answers null: it has ended from the start", async () => {
    const reactor = world().createReactor();
    const { source, reader } = await writeOnly(world());
    const seen = new Set<number>();
    const { descriptor: channel } = reactor.register(
      source,
      READABLE | WRITABLE | PEER_CLOSED,
      (given, ready) => {
        seen.add(ready);
        given.write(Buffer.from("x"));
      },
    );
    reader.resume();
    await world().until(() => reader.received.length > 3, "bytes");
    expect([...seen].map(formatMask)).toEqual(["WRITABLE"]);
    expect([channel.read(), channel.peek(), channel.unread]).toEqual([null, null, 0]);
    expect([channel.ended, channel.endConfirmed, channel.state]).toEqual([true, false, "open"]);
    expect(reactor.explain(channel)).toMatchObject({ reading: "no input side" });
  });

  it("shutdown() is an end in order too: HANGUP is the last call", async () => {
    const reactor = world().createReactor();
    const { source, reader } = await writeOnly(world());
    const seen: string[] = [];
    const { descriptor: channel } = reactor.register(source, READABLE, (_, ready) => {
      seen.push(formatMask(ready));
    });
    channel.write(Buffer.from("all"));
    channel.shutdown();
    reader.resume();
    await world().until(() => channel.state === "closed", "the end");
    await world().until(() => reader.ended, "its end");
    expect([seen, channel.error]).toEqual([[formatMask(HANGUP)], null]);
    expect(reader.received.toString()).toBe("all");
  });

  it("20: a reader that goes is ERROR with EPIPE, at the next write", async () => {
    const reactor = world().createReactor();
    const { source, reader } = await writeOnly(world());
    const seen: string[] = [];
    const { descriptor: channel } = reactor.register(source, READABLE, (_, ready) => {
      seen.push(formatMask(ready));
    });
    reader.destroy();
    await turns(world(), reactor, 3);
    expect([channel.state, seen]).toEqual(["open", []]);
    channel.write(Buffer.from("to nobody"));
    await world().until(() => channel.state === "closed", "the loss");
    expect(seen).toEqual(["ERROR|HANGUP"]);
    expect(channel.error).toMatchObject({ code: "EPIPE" });
    expect([channel.queued, channel.write(Buffer.from("x"))]).toEqual([0, 0]);
  });

  it("abort() lets go at once", async () => {
    const reactor = world().createReactor();
    const { source, reader } = await writeOnly(world());
    const channel = reactor.adopt(source);
    await fill(world(), channel);
    channel.abort();
    expect([channel.state, channel.queued]).toEqual(["closed", 0]);
    reader.resume();
    await world().until(() => reader.ended || reader.errorCode !== null, "its end");
  });
});

onNetworks(STILL, "write-only channels", (world) => {
  it("16, 18: what a slow reader has not taken waits, and is bounded; WRITABLE comes back", async () => {
    const reactor = world().createReactor();
    const { source, reader } = await writeOnly(world());
    const channel = reactor.adopt(source);
    const total = await fill(world(), channel);
    const { highWaterMark, lowWaterMark } = reactor.limits;
    expect([channel.room, channel.queued]).toEqual([0, highWaterMark]);
    let queued = Infinity;
    reactor.register(channel, WRITABLE, (_, __, registration) => {
      queued = channel.queued;
      registration.unregister();
    });
    await turns(world(), reactor, 3);
    expect(queued).toBe(Infinity);
    reader.resume();
    await world().until(() => queued < Infinity, "WRITABLE");
    expect(queued).toBeLessThanOrEqual(lowWaterMark);
    await world().until(() => reader.received.length === total, "all of it");
    expect(reader.received.equals(pattern(total))).toBe(true);
    expect([channel.queued, channel.bytesOut]).toEqual([0, total]);
  });

  it("close() ends in order: output, then the end, then closed without an error", async () => {
    const reactor = world().createReactor();
    const { source, reader } = await writeOnly(world());
    const channel = reactor.adopt(source);
    const total = await fill(world(), channel);
    channel.close();
    expect(channel.state).toBe("closing");
    const closed = channel.closed;
    reader.resume();
    expect(await world().run(closed)).toBe(null);
    await world().until(() => reader.ended, "the end");
    expect(reader.received.equals(pattern(total))).toBe(true);
  });

  it("release() gives it back once the output has left; it is adopted again", async () => {
    const reactor = world().createReactor();
    const { source, reader } = await writeOnly(world());
    const channel = reactor.adopt(source);
    const total = await fill(world(), channel);
    const released = channel.release();
    reader.resume();
    expect(await world().run(released)).toBe(source);
    const again = reactor.adopt(source);
    expect(again.write(Buffer.from("more"))).toBe(4);
    await world().until(() => reader.received.length === total + 4, "all of it");
    expect([channel.state, again.state, again.ended]).toEqual(["closed", "open", true]);
  });
});
