/** The token bucket: nothing here waits, the time is a number. */
import { describe, expect, it } from "vitest";

import { TokenBucket, type TokenBucketOptions } from "iomux";

import { forSeeds, type Random } from "../support/seeds.ts";

/** How many single tokens can be taken at `nowMs`. */
function available(bucket: TokenBucket, nowMs: number): number {
  let count = 0;
  while (bucket.take(1, nowMs)) count++;
  return count;
}

describe("take", () => {
  it("a bucket begins full, at any time", () => {
    for (const nowMs of [0, -5, 1e12, 0.25]) {
      expect(available(new TokenBucket({ perSecond: 10, burst: 3 }), nowMs)).toBe(3);
    }
  });

  it("burst is what comes in a second unless given, and never less than one token", () => {
    expect(available(new TokenBucket({ perSecond: 7 }), 0)).toBe(7);
    expect(available(new TokenBucket({ perSecond: 0.1 }), 0)).toBe(1);
  });

  it("a token is there to the millisecond, and not before", () => {
    const bucket = new TokenBucket({ perSecond: 10 });
    expect(bucket.take(10, 0)).toBe(true);
    expect(bucket.take(1, 99)).toBe(false);
    expect(bucket.take(1, 100)).toBe(true);
    expect(bucket.take(2, 299)).toBe(false);
    expect(bucket.take(2, 300)).toBe(true);
  });

  it("whole rates are exact for ever: no thousandth is lost to rounding", () => {
    for (const perSecond of [3, 7, 999, 1001]) {
      const bucket = new TokenBucket({ perSecond });
      let taken = available(bucket, 0) - perSecond;
      for (let nowMs = 1; nowMs <= 30_000; nowMs++) {
        taken += available(bucket, nowMs);
        if (taken !== Math.floor((nowMs * perSecond) / 1000)) expect.unreachable(`at ${nowMs}`);
      }
    }
  });

  it("rates may be fractions", () => {
    const bucket = new TokenBucket({ perSecond: 0.25 });
    expect(bucket.take(1, 0)).toBe(true);
    expect(bucket.take(1, 3999)).toBe(false);
    expect(bucket.take(1, 4000)).toBe(true);
  });

  it("takes all or nothing", () => {
    const bucket = new TokenBucket({ perSecond: 1, burst: 5 });
    expect(bucket.take(6, 0)).toBe(false);
    expect(bucket.take(5, 0)).toBe(true);
    expect(bucket.take(1, 0)).toBe(false);
    expect(bucket.take(0, 0)).toBe(true);
  });

  it("asking too early costs nothing, however often", () => {
    const bucket = new TokenBucket({ perSecond: 1 / 3, burst: 1 });
    bucket.take(1, 0);
    for (let nowMs = 0; nowMs < 3000; nowMs += 0.1) expect(bucket.take(1, nowMs)).toBe(false);
    expect(bucket.take(1, 3000 + 1e-9)).toBe(true);
  });

  it("a long time brings no more than burst", () => {
    const bucket = new TokenBucket({ perSecond: 1000, burst: 4 });
    for (const nowMs of [0, 1e6, 1e15, Number.MAX_SAFE_INTEGER]) {
      expect(available(bucket, nowMs)).toBe(4);
    }
  });

  it("a clock that stands still or goes back brings nothing and takes nothing", () => {
    const bucket = new TokenBucket({ perSecond: 10, burst: 2 });
    expect(bucket.take(1, 1000)).toBe(true);
    expect(available(bucket, 1000)).toBe(1);
    for (const nowMs of [1000, 999, 0, -1e9]) {
      expect(bucket.take(1, nowMs)).toBe(false);
      bucket.spend(0, nowMs);
    }
    expect(bucket.waitMs(1, 1000)).toBe(100);
    expect(bucket.waitMs(1, 950)).toBe(150);
    expect(bucket.take(1, 1099)).toBe(false);
    expect(bucket.take(1, 1100)).toBe(true);
  });
});

describe("spend", () => {
  it("goes into debt, which is paid before anything can be taken", () => {
    const bucket = new TokenBucket({ perSecond: 10 });
    bucket.spend(25, 0);
    expect(bucket.take(0, 0)).toBe(false);
    expect(bucket.waitMs(0, 0)).toBe(1500);
    expect(bucket.waitMs(1, 0)).toBe(1600);
    expect(bucket.take(0, 1499)).toBe(false);
    expect(bucket.take(0, 1500)).toBe(true);
    expect(bucket.take(1, 1599)).toBe(false);
    expect(bucket.take(1, 1600)).toBe(true);
  });

  it("spends what is there first", () => {
    const bucket = new TokenBucket({ perSecond: 10 });
    bucket.spend(10, 0);
    expect(bucket.waitMs(0, 0)).toBe(0);
    bucket.spend(1, 0);
    expect(bucket.waitMs(0, 0)).toBe(100);
  });
});

describe("waitMs", () => {
  it("is 0 if they are there, and Infinity if they never are", () => {
    const bucket = new TokenBucket({ perSecond: 10, burst: 5 });
    expect([bucket.waitMs(0, 0), bucket.waitMs(5, 0), bucket.waitMs(6, 0)]).toEqual([
      0,
      0,
      Infinity,
    ]);
  });

  it("is rounded up", () => {
    const bucket = new TokenBucket({ perSecond: 3 });
    bucket.take(3, 0);
    expect([1, 2, 3].map((count) => bucket.waitMs(count, 0))).toEqual([334, 667, 1000]);
  });

  function anyBucket(random: Random): TokenBucket {
    const perSecond = random.pick([1, 3, 0.1, 1 / 3, 7.77, 1000, 123_456, 1e9, 1e-3]);
    const burst = random.pick([undefined, 1, 5, 2.5, 1e6]);
    return new TokenBucket({ perSecond, burst });
  }

  it("suffices, and one millisecond less does not", () => {
    forSeeds(300, (random) => {
      const bucket = anyBucket(random);
      let nowMs = random.pick([0, 1e3, 1.7e12]) + random.pick([0, random.number(1000) / 1000]);
      for (let step = 0; step < 40; step++) {
        nowMs += random.pick([0, 1, random.number(1e4), random.number(1e6) / 1e3, -1]);
        const count = random.pick([0, 1, 1, 2, random.number(1e4)]);
        if (random.number(3) === 0) bucket.spend(count, nowMs);
        const waitMs = bucket.waitMs(count, nowMs);
        if (waitMs === Infinity) {
          expect(bucket.take(count, nowMs + 1e15)).toBe(false);
          continue;
        }
        expect(Number.isInteger(waitMs)).toBe(true);
        if (waitMs > 0) expect(bucket.take(count, nowMs + (waitMs - 1))).toBe(false);
        expect(bucket.take(count, nowMs + waitMs)).toBe(true);
        nowMs += waitMs;
      }
    });
  });
});

it("over any time no more is taken than burst and the rate allow", () => {
  forSeeds(100, (random) => {
    const perSecond = random.pick([2, 9.5, 100]);
    const burst = random.pick([1, 20]);
    const bucket = new TokenBucket({ perSecond, burst });
    let [nowMs, taken] = [0, 0];
    for (let step = 0; step < 200; step++) {
      nowMs += random.number(500);
      const count = random.number(4);
      if (bucket.take(count, nowMs)) taken += count;
      expect(taken).toBeLessThanOrEqual(burst + (perSecond * nowMs) / 1000 + 1e-6);
    }
  });
});

it.each([
  [{}, "option perSecond must be a number, not undefined"],
  [{ perSecond: "1" }, "option perSecond must be a number, not string"],
  [{ perSecond: 0 }, "option perSecond is 0: give a number more than 0"],
  [{ perSecond: -1 }, "option perSecond is -1: give a number more than 0"],
  [{ perSecond: NaN }, "option perSecond is NaN: give a number more than 0"],
  [{ perSecond: Infinity }, "option perSecond is Infinity: give a number more than 0"],
  [{ perSecond: 5, burst: 0 }, "option burst is 0: give a number of at least 1"],
  [{ perSecond: 5, burst: Infinity }, "option burst is Infinity: give a number of at least 1"],
  [{ perSecond: 5, burst: null }, "option burst must be a number, not null"],
  [{ perSecond: 5, rate: 1 }, "there is no option rate: give one of perSecond, burst"],
  [undefined, "options must be an object, not undefined"],
])("new TokenBucket(%j) throws: %s", (options, message) => {
  expect(() => new TokenBucket(options as TokenBucketOptions)).toThrow(message);
});

it.each([-1, NaN, Infinity])("a count of %s throws, and changes nothing", (count) => {
  const bucket = new TokenBucket({ perSecond: 2 });
  const message = `a token bucket was asked for ${count} tokens: give a number from 0`;
  expect(() => bucket.take(count, 0)).toThrow(message);
  expect(() => bucket.waitMs(count, 0)).toThrow(message);
  expect(() => {
    bucket.spend(count, 0);
  }).toThrow(message);
  expect(available(bucket, 0)).toBe(2);
});

it("what is given back can be taken again, and never more than the burst", () => {
  const bucket = new TokenBucket({ perSecond: 1, burst: 2 });
  bucket.spend(5, 0);
  bucket.giveBack(4, 0);
  expect([bucket.take(1, 0), bucket.take(1, 0)]).toEqual([true, false]);
  bucket.giveBack(100, 0);
  expect([bucket.take(2, 0), bucket.take(1, 0)]).toEqual([true, false]);
});
