/**
 * Limits as options: which values are taken, and which throw at once. That each limit acts is shown
 * where its promise is; `docs/limits.md` names the test of every one.
 */
import { describe, expect, it } from "vitest";

import {
  DEFAULT_LIMITS,
  READABLE,
  createReactor,
  type Channel,
  type Limits,
  type ReactorOptions,
} from "iomux";

import { fill, pattern } from "../support/record.ts";
import { connected, onEveryNetwork } from "../support/world.ts";

const NAMES = Object.keys(DEFAULT_LIMITS) as (keyof Limits)[];

/** What none of them may be; what one of them may be is in `docs/limits.md`. */
const BAD_NUMBERS = [-1, -0.5, NaN, -Infinity] as const;
const BAD_TYPES = ["5", true, null, {}, 5n] as const;
const WHOLE = NAMES.filter((name) => !name.endsWith("Ms"));

function catching(options: unknown): Error & { code?: string } {
  try {
    createReactor(options as ReactorOptions);
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was thrown");
}

describe("23: limits", () => {
  it.each(NAMES)("%s: what it cannot be throws, and the message names it", (name) => {
    for (const value of BAD_NUMBERS) {
      const error = catching({ [name]: value });
      expect(error).toMatchObject({ name: "IomuxRangeError", code: "IOMUX_BAD_RANGE" });
      expect(error.message).toContain(`${name} is ${value}`);
    }
    for (const value of BAD_TYPES) {
      const error = catching({ [name]: value });
      expect(error).toMatchObject({ name: "IomuxTypeError", code: "IOMUX_BAD_ARGUMENT" });
      expect(error.message).toContain(name);
    }
  });

  it.each(WHOLE)("%s is a whole number", (name) => {
    for (const value of [1.5, 2 ** 53]) {
      expect(catching({ [name]: value })).toMatchObject({ code: "IOMUX_BAD_RANGE" });
    }
  });

  it.each(NAMES.filter((name) => name.endsWith("Ms")))("%s may be a fraction", (name) => {
    expect(createReactor({ [name]: 1.5 }).limits[name]).toBe(1.5);
  });

  it.each(NAMES)("%s: what is given is in force, the others keep their defaults", (name) => {
    const least = name === "highWaterMark" ? DEFAULT_LIMITS.lowWaterMark : 1;
    const { limits } = createReactor({ [name]: least });
    expect(limits).toEqual({ ...DEFAULT_LIMITS, [name]: least });
    expect(createReactor({ [name]: undefined }).limits).toEqual(DEFAULT_LIMITS);
  });

  it("the low-water mark is at most the high-water mark", () => {
    for (const options of [
      { highWaterMark: 10, lowWaterMark: 11 },
      { highWaterMark: DEFAULT_LIMITS.lowWaterMark - 1 },
      { lowWaterMark: DEFAULT_LIMITS.highWaterMark + 1 },
    ]) {
      const error = catching(options);
      expect(error).toMatchObject({ code: "IOMUX_BAD_RANGE" });
      expect(error.message).toMatch(/lowWaterMark \d+ is over highWaterMark \d+/);
    }
    expect(createReactor({ highWaterMark: 10, lowWaterMark: 10 }).limits.lowWaterMark).toBe(10);
  });

  it("cannot be changed once the reactor is made", () => {
    const options = { highWaterMark: 100_000 };
    const { limits } = createReactor(options);
    options.highWaterMark = 5;
    expect(limits.highWaterMark).toBe(100_000);
    expect(Object.isFrozen(limits)).toBe(true);
    expect(Object.isFrozen(DEFAULT_LIMITS)).toBe(true);
  });

  it.each([
    ["onError", 5],
    ["onError", "log"],
  ])("other options of a wrong type throw: %s", (name, value) => {
    expect(catching({ [name]: value })).toMatchObject({ code: "IOMUX_BAD_ARGUMENT" });
  });
});

onEveryNetwork("23: what one connection may hold", (world) => {
  it("is bounded in both directions, whatever the peer does", async () => {
    const { inputMark, highWaterMark } = DEFAULT_LIMITS;
    const reactor = world().createReactor();
    const { channel, peer } = await connected(world(), reactor);
    peer.pause();
    peer.write(pattern(4 * 1024 * 1024));
    await fill(world(), channel);
    await world().settle();
    const { queuedBytes, unreadBytes } = reactor.stats();
    expect([queuedBytes, unreadBytes]).toEqual([channel.queued, channel.unread]);
    expect(channel.queued).toBeLessThanOrEqual(highWaterMark);
    expect(channel.queued).toBeGreaterThan(0);
    expect(channel.unread).toBeLessThan(inputMark + 64 * 1024);
    expect(channel.unread).toBeGreaterThanOrEqual(inputMark);
  });

  it("unreadMs of 0 tells a loss at once, with bytes unread", async () => {
    const reactor = world().createReactor({ unreadMs: 0 });
    const { channel, peer } = await connected(world(), reactor);
    peer.pause();
    await fill(world(), channel);
    peer.write("unread");
    await world().until(() => channel.unread > 0, "the bytes");
    let told: Channel["state"] | null = null;
    const registration = reactor.register(channel, READABLE, () => {
      told = channel.state;
    });
    registration.pause();
    peer.destroy();
    await world().until(() => channel.state === "failed", "the loss");
    await world().advance(1);
    await world().settle();
    expect([told, channel.state]).toEqual(["failed", "closed"]);
  });

  it("lingerMs of 0 lets a closing channel go with what it has", async () => {
    const reactor = world().createReactor({ lingerMs: 0 });
    const { channel, peer } = await connected(world(), reactor);
    peer.pause();
    await fill(world(), channel);
    channel.close();
    await world().advance(1);
    const error = await world().run(channel.closed);
    expect(error).toMatchObject({ code: "ETIMEDOUT" });
  });
});
