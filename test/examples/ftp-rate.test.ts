/** Bytes a second: of one session, and of all of them. */
import { describe, expect, test } from "vitest";

import { Rate, rateLimit } from "../../examples/ftp/server/rate.ts";

describe("a rate", () => {
  test("of 0 is none: everything may move at once", () => {
    const rate = new Rate([rateLimit(0), null]);
    expect(rate.pieceBytes).toBe(Infinity);
    expect(rate.spend(1e9, 0)).toBe(0);
  });

  test("moves in eighths of a second, but in pieces of 1024 bytes at least", () => {
    expect(new Rate([rateLimit(80_000)]).pieceBytes).toBe(10_000);
    expect(new Rate([rateLimit(100)]).pieceBytes).toBe(1024);
    expect(new Rate([rateLimit(80_000), rateLimit(16_000)]).pieceBytes).toBe(2000);
  });

  test("lets the first piece go, and what is over it waits as long as it takes", () => {
    const rate = new Rate([rateLimit(8000)]);
    expect(rate.spend(1024, 0)).toBe(0);
    expect(rate.spend(1000, 0)).toBe(125);
    expect(rate.spend(1000, 125)).toBe(125);
  });

  test("is held over a long time, whatever the size of the pieces", () => {
    for (const piece of [1, 333, 1024, 5000]) {
      const rate = new Rate([rateLimit(10_000)]);
      let now = 0;
      for (let moved = 0; moved < 200_000; moved += piece) now += rate.spend(piece, now);
      expect(Math.abs(now - 20_000)).toBeLessThan(700);
    }
  });

  test("of a session and of all: the slower one counts, and all share one", () => {
    const total = rateLimit(10_000);
    const [one, other] = [new Rate([rateLimit(100_000), total]), new Rate([null, total])];
    const first = total!.pieceBytes;
    expect(one.spend(first, 0)).toBe(0);
    expect(other.spend(1000, 0)).toBe(100);
    expect(one.spend(1000, 0)).toBe(200);
  });

  test("what was not used is not saved up beyond one piece", () => {
    const rate = new Rate([rateLimit(8000)]);
    rate.spend(1024, 0);
    expect(rate.spend(2048, 60_000)).toBe(128);
  });
});
