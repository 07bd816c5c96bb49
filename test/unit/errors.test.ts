import { expect, it } from "vitest";

import { AbortError, ERROR_CODES, IomuxError, IomuxRangeError, IomuxTypeError } from "iomux";

import { asError, codeOf } from "../../src/errors.ts";

it("codes are unique, and all of one kind", () => {
  expect(new Set(ERROR_CODES).size).toBe(ERROR_CODES.length);
  for (const code of ERROR_CODES) expect(code).toMatch(/^IOMUX_[A-Z_]+$/);
});

it("an IomuxError carries code, fd, state and cause", () => {
  const cause = new Error("below");
  const error = new IomuxError("IOMUX_CLOSED", "fd 5 is closed", { fd: 5, state: "closed", cause });
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({
    name: "IomuxError",
    message: "fd 5 is closed",
    code: "IOMUX_CLOSED",
    fd: 5,
    state: "closed",
    cause,
  });
  const bare = new IomuxError("ECONNRESET", "reset");
  expect(bare).toMatchObject({ code: "ECONNRESET", fd: undefined, state: undefined });
  expect("cause" in bare).toBe(false);
});

it("range and type errors are RangeError and TypeError", () => {
  const range = new IomuxRangeError("IOMUX_BAD_MASK", "mask", { fd: 1 });
  const type = new IomuxTypeError("IOMUX_BAD_ARGUMENT", "argument", { fd: 2 });
  expect(range).toBeInstanceOf(RangeError);
  expect(range).toMatchObject({ name: "IomuxRangeError", code: "IOMUX_BAD_MASK", fd: 1 });
  expect(type).toBeInstanceOf(TypeError);
  expect(type).toMatchObject({ name: "IomuxTypeError", code: "IOMUX_BAD_ARGUMENT", fd: 2 });
});

it("an AbortError has Node's name and code, and the signal's reason as its cause", () => {
  const reason = new Error("enough");
  const error = new AbortError("poll", AbortSignal.abort(reason));
  expect(error).toMatchObject({ name: "AbortError", code: "ABORT_ERR", cause: reason });
  expect(error.message).toBe("poll was aborted by its signal");
});

it("asError leaves an Error alone and wraps the rest, also what cannot be printed", () => {
  const error = new Error("x");
  expect(asError(error, 3)).toBe(error);
  const bare: unknown = Object.create(null);
  for (const thrown of ["text", 1, null, Symbol("s"), bare, { a: 1 }, () => 1]) {
    const wrapped = asError(thrown, 3);
    expect(wrapped).toMatchObject({ code: "IOMUX_HANDLER_THREW", fd: 3, cause: thrown });
  }
  expect(asError("text").message).toContain("threw text;");
});

it("codeOf finds the code of whatever has one", () => {
  expect(codeOf(Object.assign(new Error("x"), { code: "EPIPE" }))).toBe("EPIPE");
  expect(codeOf({ code: "X" })).toBe("X");
  for (const none of [null, undefined, "EPIPE", 5, {}, { code: 5 }, new Error("x")]) {
    expect(codeOf(none)).toBeUndefined();
  }
});
