import { expect, it } from "vitest";

import { WRITABLE, type ReactorOptions } from "iomux";

import { pattern } from "../support/record.ts";
import { connected, onStillNetworks } from "../support/world.ts";

const KIB = 1024;

/** Marks that trip naive code: equal, zero, one byte, larger and smaller than one write. */
const MARKS: readonly ReactorOptions[] = [
  { highWaterMark: 1, lowWaterMark: 0 },
  { highWaterMark: 1, lowWaterMark: 1 },
  { highWaterMark: 1000, lowWaterMark: 0 },
  { highWaterMark: 1000, lowWaterMark: 1000 },
  { highWaterMark: 64 * KIB, lowWaterMark: 64 * KIB, flushBytes: 1000 },
  { highWaterMark: 64 * KIB, lowWaterMark: 0, flushBytes: 64 * KIB },
  { highWaterMark: 64 * KIB, lowWaterMark: 1, flushBytes: 100 },
  { highWaterMark: 512 * KIB, lowWaterMark: 100, flushBytes: 100 * KIB },
];

onStillNetworks("H21: water marks", (world) => {
  it.each(MARKS)("%o: full and writable alternate, none missed, none repeated", async (marks) => {
    const reactor = world().createReactor(marks);
    const { channel, peer } = await connected(world(), reactor);
    const transitions: string[] = [];
    const rounds = marks.highWaterMark! < KIB ? 50 : 12;
    let total = 0;
    // The handler fills it to the brim each time, and counts how it found it.
    reactor.register(channel, WRITABLE, (_, __, registration) => {
      transitions.push(channel.queued <= marks.lowWaterMark! ? "writable" : "too early");
      if (transitions.length === rounds) {
        registration.unregister();
        return;
      }
      while (channel.room > 0) total += channel.write(pattern(channel.room, total));
      if (registration.ready !== 0) transitions.push("not full");
    });
    await world().until(() => transitions.length >= rounds, "all rounds");
    expect(transitions).toEqual(Array(rounds).fill("writable"));
    await world().until(() => peer.received.length === total, "all bytes");
    expect(peer.received.equals(pattern(total))).toBe(true);
    expect(total).toBe((rounds - 1) * marks.highWaterMark!);
  });

  it("between the marks there is room but no report; below the low one there is both", async () => {
    const reactor = world().createReactor({
      highWaterMark: 512 * KIB,
      lowWaterMark: 300 * KIB,
      flushBytes: 64 * KIB,
    });
    const { channel, peer } = await connected(world(), reactor);
    peer.pause();
    let idle = 0;
    while (idle < 20) {
      idle = channel.write(pattern(channel.room)) === 0 ? idle + 1 : 0;
      await world().passes(1);
    }
    const levels: number[] = [];
    reactor.register(channel, WRITABLE, (_, __, registration) => {
      levels.push(channel.queued);
      registration.unregister();
    });
    const between: number[] = [];
    peer.resume();
    await world().until(() => {
      if (channel.queued > 300 * KIB && channel.room > 0) between.push(levels.length);
      return levels.length > 0;
    }, "WRITABLE");
    expect(levels[0]).toBeLessThanOrEqual(300 * KIB);
    // In memory one write completes in each pass; a kernel may take all of it between two turns.
    if (world().network !== "memory") return;
    expect(new Set(between)).toEqual(new Set([0]));
    expect(levels[0]).toBeGreaterThan(200 * KIB);
  });

  it("a write that stays under the high-water mark leaves it writable", async () => {
    const reactor = world().createReactor({ highWaterMark: 1000, lowWaterMark: 10 });
    const { channel, peer } = await connected(world(), reactor);
    const registration = reactor.register(channel, WRITABLE);
    channel.write(pattern(999));
    expect([registration.ready, channel.room]).toEqual([WRITABLE, 1]);
    channel.write(pattern(1, 999));
    expect([registration.ready, channel.room]).toEqual([0, 0]);
    await world().until(() => peer.received.length === 1000, "the bytes");
    expect(registration.ready).toBe(WRITABLE);
  });
});
