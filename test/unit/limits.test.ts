import fc from "fast-check";
import { expect, it } from "vitest";

import { DEFAULT_LIMITS, IomuxRangeError, IomuxTypeError, type Limits } from "iomux";

import { resolveLimits } from "../../src/limits.ts";

const NAMES = Object.keys(DEFAULT_LIMITS) as (keyof Limits)[];
const TIMES = [
  ...["turnBudgetMs", "slowHandlerMs", "unreadMs", "lingerMs", "tlsHandshakeMs", "reportEveryMs"],
];
const MAY_BE_ZERO = ["lowWaterMark", "unreadMs", "lingerMs", "reserveDescriptors", "reportEveryMs"];
const BOUND_MEMORY_OR_LIFE = [
  "inputMark",
  "highWaterMark",
  "lowWaterMark",
  "flushBytes",
  "maxBufferedBytes",
  "unreadMs",
  "lingerMs",
  "acceptQueue",
  "messageQueue",
  "datagramQueue",
  "datagramQueueBytes",
  "datagramsInFlight",
  "maxHandshakes",
  "tlsHandshakeMs",
  "reserveDescriptors",
  "reportEveryMs",
];

it("the defaults are what a reactor gets that asks for nothing; neither can be changed", () => {
  expect(resolveLimits({})).toEqual(DEFAULT_LIMITS);
  expect(resolveLimits({ turnBytes: undefined as never })).toEqual(DEFAULT_LIMITS);
  for (const limits of [DEFAULT_LIMITS, resolveLimits({})]) {
    expect(() => {
      (limits as Limits).turnBytes = 1;
    }).toThrow(TypeError);
  }
});

it.each(NAMES)("%s takes a sound value, and the others keep their defaults", (name) => {
  const value = name === "lowWaterMark" ? 7 : name === "highWaterMark" ? 1 << 20 : 77;
  expect(resolveLimits({ [name]: value })).toEqual({ ...DEFAULT_LIMITS, [name]: value });
});

it.each(NAMES)("%s: negative, NaN and a number too large throw a RangeError", (name) => {
  for (const value of [-1, NaN, -Infinity]) {
    expect(() => resolveLimits({ [name]: value })).toThrow(IomuxRangeError);
    expect(() => resolveLimits({ [name]: value })).toThrow(`option ${name} is ${value}`);
  }
  if (!TIMES.includes(name)) {
    expect(() => resolveLimits({ [name]: 1.5 })).toThrow(IomuxRangeError);
    expect(() => resolveLimits({ [name]: 2 ** 53 })).toThrow(IomuxRangeError);
  } else expect(resolveLimits({ [name]: 1.5 })[name]).toBe(1.5);
});

it.each(NAMES)("%s: what is no number throws a TypeError", (name) => {
  for (const value of ["1", null, true, {}, 1n]) {
    expect(() => resolveLimits({ [name]: value })).toThrow(IomuxTypeError);
  }
});

it.each(NAMES)("%s may be 0, or may not", (name) => {
  if (MAY_BE_ZERO.includes(name)) expect(resolveLimits({ [name]: 0 })[name]).toBe(0);
  else expect(() => resolveLimits({ [name]: 0 })).toThrow(IomuxRangeError);
});

it.each(NAMES)("%s may be Infinity unless it bounds memory", (name) => {
  if (BOUND_MEMORY_OR_LIFE.includes(name)) {
    expect(() => resolveLimits({ [name]: Infinity })).toThrow(IomuxRangeError);
  } else expect(resolveLimits({ [name]: Infinity })[name]).toBe(Infinity);
});

it("the low-water mark is at most the high one; they may be equal", () => {
  const equal = { lowWaterMark: 100, highWaterMark: 100 };
  expect(resolveLimits(equal)).toMatchObject(equal);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e6 }), fc.integer({ min: 1, max: 1e6 }), (low, high) => {
      const resolve = (): unknown => resolveLimits({ lowWaterMark: low, highWaterMark: high });
      if (low <= high) expect(resolve()).toMatchObject({ lowWaterMark: low, highWaterMark: high });
      else expect(resolve).toThrow(/lowWaterMark \d+ is over highWaterMark/);
    }),
  );
});
