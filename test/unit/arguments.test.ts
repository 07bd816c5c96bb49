import { expect, it } from "vitest";

import { IomuxRangeError, IomuxTypeError } from "iomux";

import {
  checkFunction,
  checkMs,
  checkOptions,
  checkSocketOptions,
  requireFunction,
} from "../../src/arguments.ts";

it("checkFunction lets functions and nothing pass", () => {
  const handler = (): void => {};
  for (const fine of [handler, undefined, null]) expect(checkFunction(fine, "it")).toBe(fine);
  for (const bad of [0, "", false, {}, []]) {
    expect(() => checkFunction(bad, "the handler")).toThrow("the handler must be a function");
  }
  expect(() => {
    requireFunction(null, "it");
  }).toThrow("it must be a function, not null");
});

it("checkMs lets finite times from 0 pass", () => {
  for (const fine of [0, 0.5, 1e12]) {
    expect(() => {
      checkMs(fine, "delayMs");
    }).not.toThrow();
  }
  for (const bad of [-1, -0.001, NaN, Infinity, -Infinity]) {
    expect(() => {
      checkMs(bad, "delayMs");
    }).toThrow(IomuxRangeError);
  }
  for (const bad of ["1", null, undefined, {}, 1n]) {
    expect(() => {
      checkMs(bad, "delayMs");
    }).toThrow(IomuxTypeError);
  }
});

it("checkOptions lets objects pass whose signal can be aborted", () => {
  for (const fine of [{}, { signal: undefined }, { signal: new AbortController().signal }]) {
    expect(() => {
      checkOptions(fine);
    }).not.toThrow();
  }
  for (const bad of [undefined, null, 1, "x", { signal: null }, { signal: {} }, { signal: 5 }]) {
    expect(() => {
      checkOptions(bad);
    }).toThrow(IomuxTypeError);
  }
});

it("checkSocketOptions lets booleans and a backlog from 1 pass", () => {
  for (const fine of [{}, { noDelay: true, keepAlive: false }, { backlog: 1 }, { backlog: 4096 }]) {
    expect(() => {
      checkSocketOptions(fine);
    }).not.toThrow();
  }
  for (const bad of [{ noDelay: 1 }, { keepAlive: "yes" }, { noDelay: null }, { backlog: "5" }]) {
    expect(() => {
      checkSocketOptions(bad);
    }).toThrow(IomuxTypeError);
  }
  for (const backlog of [0, -1, 1.5, NaN, Infinity, 2 ** 31]) {
    expect(() => {
      checkSocketOptions({ backlog });
    }).toThrow(IomuxRangeError);
  }
});
