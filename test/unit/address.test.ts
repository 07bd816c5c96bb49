import fc from "fast-check";
import { expect, it } from "vitest";

import { formatAddress, IomuxRangeError, IomuxTypeError } from "iomux";

import { addressError, checkAddress, isUnix, MAX_PATH_BYTES } from "../../src/address.ts";

it("a port alone means 127.0.0.1", () => {
  expect(checkAddress({ port: 0 })).toEqual({ port: 0, host: "127.0.0.1" });
  expect(checkAddress({ port: 65535, host: "::1" })).toEqual({ port: 65535, host: "::1" });
});

it("ports are whole numbers from 0 to 65535", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 65535 }), (port) => {
      expect(checkAddress({ port })).toEqual({ port, host: "127.0.0.1" });
    }),
  );
  for (const port of [-1, 65536, 1.5, NaN, Infinity, -Infinity, 1e9]) {
    expect(() => checkAddress({ port })).toThrow(IomuxRangeError);
  }
});

it("what is no address throws a TypeError", () => {
  const none: unknown[] = [undefined, null, 80, "80", true, {}, { port: "80" }, { host: "x" }];
  none.push({ port: 1, host: "" }, { port: 1, host: 5 }, { port: 1, host: "a\0b" });
  none.push({ path: "" }, { path: 5 }, { path: null }, { path: "a\0b" }, { path: "\0abstract" });
  none.push({ path: "/x", port: 1 });
  for (const address of none) {
    expect(() => checkAddress(address), JSON.stringify(address)).toThrow(IomuxTypeError);
  }
});

it("a path has at most 107 bytes; bytes count, not characters", () => {
  expect(MAX_PATH_BYTES).toBe(107);
  expect(checkAddress({ path: "x".repeat(107) })).toEqual({ path: "x".repeat(107) });
  expect(() => checkAddress({ path: "x".repeat(108) })).toThrow("path is 108 bytes");
  expect(() => checkAddress({ path: "é".repeat(54) })).toThrow("path is 108 bytes");
  expect(() => checkAddress({ path: "x".repeat(108) })).toThrow(IomuxRangeError);
});

it("only what counts is kept of an address", () => {
  const given = { port: 5, host: "::", backlog: 3 };
  expect(checkAddress(given)).toEqual({ port: 5, host: "::" });
  expect(isUnix({ path: "/x" })).toBe(true);
  expect(isUnix(given)).toBe(false);
});

it("formatAddress prints every kind", () => {
  expect(formatAddress({ port: 80 })).toBe("127.0.0.1:80");
  expect(formatAddress({ family: "IPv4", host: "10.0.0.1", port: 80 })).toBe("10.0.0.1:80");
  expect(formatAddress({ family: "IPv6", host: "::1", port: 80 })).toBe("[::1]:80");
  expect(formatAddress({ path: "/run/chat.sock" })).toBe("unix:/run/chat.sock");
  expect(formatAddress({ family: "unix", path: "" })).toBe("unix:(unnamed)");
  expect(formatAddress(null)).toBe("an unknown address");
});

it("an address error is one line with the system's own code", () => {
  const cause = new Error("below");
  const error = addressError("EACCES", "listen at", { port: 80 }, "no permission", cause);
  expect(error).toMatchObject({ code: "EACCES", cause });
  expect(error.message).toBe("cannot listen at 127.0.0.1:80: no permission (EACCES)");
});
