/** Numbers as they are written, owners as they look, and the picture of a turn. */
import { describe, expect, it } from "vitest";

import type { Call, TurnPicture } from "../../examples/console/feed.ts";
import {
  formatAge,
  formatBytes,
  formatCount,
  formatMean,
  formatMs,
  formatRate,
} from "../../examples/console/page/format/numbers.ts";
import {
  barsOf,
  busier,
  calledIn,
  fittingPitch,
  groupsOf,
  linesFor,
  marksPerLine,
  restOf,
} from "../../examples/console/page/loop/turn-layout.ts";
import { markOf, SHAPES } from "../../examples/console/page/owners.ts";

describe("numbers", () => {
  it.each([
    [0, "0 B"],
    [1023, "1023 B"],
    [1024, "1.00 KiB"],
    [61_000, "59.6 KiB"],
    [1024 * 1024 - 1, "1.00 MiB"],
    [123 * 1024, "123 KiB"],
    [5.5 * 1024 ** 4, "5.50 TiB"],
    [2048 * 1024 ** 4, "2048 TiB"],
  ])("of %d bytes are %s", (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
    expect(formatRate(bytes)).toBe(`${text}/s`);
  });

  it.each([
    [0, "0.00 ms"],
    [0.001, "<0.01 ms"],
    [0.214, "0.21 ms"],
    [0.999, "1.00 ms"],
    [12.34, "12.3 ms"],
    [999.4, "999 ms"],
    [999.6, "1.00 s"],
    [61_000, "61.0 s"],
  ])("of %d ms are %s", (ms, text) => {
    expect(formatMs(ms)).toBe(text);
  });

  const units = { day: "d", hour: "h", minute: "m", second: "s" };
  it.each([
    [-5, "0s"],
    [59_999, "59s"],
    [60_000, "1m 00s"],
    [3_723_000, "1h 02m"],
    [26 * 3_600_000, "1d 02h"],
  ])("of an age of %d ms are %s", (ms, text) => {
    expect(formatAge(ms, units)).toBe(text);
  });

  it("have their thousands set apart", () => {
    expect([formatCount(812_345), formatMean(1.25), formatMean(1234.5)]).toEqual([
      "812,345",
      "1.3",
      "1,235",
    ]);
  });
});

describe("owners", () => {
  it("differ in colour and in shape, as many as there are shapes", () => {
    const names = ["chat", "ftp", "http", "console", "proxy", "batch", "mail"];
    const marks = names.map(markOf);
    expect(new Set(marks.map(({ colour }) => colour)).size).toBe(SHAPES.length);
    expect(new Set(marks.map(({ shape }) => shape)).size).toBe(SHAPES.length);
    expect(names.map(markOf)).toEqual(marks);
  });

  it("have no colour if nobody has said whose it is", () => {
    expect(markOf("").colour).toBe(0);
  });
});

function call(fd: number, ms: number): Call {
  return { fd, owner: "chat", ready: 1, handler: "onInput", ms };
}

function picture(more: Partial<TurnPicture> = {}): TurnPicture {
  return {
    turn: 1,
    beganAt: 0,
    ms: 10,
    ready: 2,
    calls: [call(1, 2), call(2, 5)],
    more: 0,
    ...more,
  };
}

describe("the picture of a turn", () => {
  it("has calls one behind the other, as parts of the turn", () => {
    expect(barsOf(picture()).map(({ from, width }) => [from, width])).toEqual([
      [0, 0.2],
      [0.2, 0.5],
    ]);
  });

  it("never goes beyond its end, though clocks are not exact", () => {
    const bars = barsOf(picture({ ms: 3 }));
    expect(bars.at(-1)!.from + bars.at(-1)!.width).toBeCloseTo(1);
  });

  it("can be drawn of a turn that took no time", () => {
    expect(barsOf(picture({ ms: 0, calls: [call(1, 0)] }))[0]).toMatchObject({ from: 0, width: 0 });
  });

  it("is of the turn with the most calls, then of the longest", () => {
    const few = picture({ ms: 90 });
    const many = picture({ more: 5 });
    const longer = picture({ more: 5, ms: 11 });
    expect([busier(null, few), busier(few, many), busier(many, few)]).toEqual([few, many, many]);
    expect([busier(many, longer), busier(longer, many)]).toEqual([longer, longer]);
  });

  it("tells what of the turn was no call", () => {
    expect(restOf(picture())).toEqual({ ms: 3, from: 0.7 });
    expect(restOf(picture({ ms: 3 }))).toEqual({ ms: 0, from: 1 });
    expect(restOf(picture({ ms: 0, calls: [] }))).toEqual({ ms: 0, from: 0 });
  });

  it("makes room for the calls, and keeps it", () => {
    const calls = Array.from({ length: 8 }, (_, fd) => call(fd, 1));
    expect(linesFor(0, null, 30)).toBe(6);
    expect(linesFor(6, picture({ calls }), 30)).toBe(9);
    expect(linesFor(9, picture(), 30)).toBe(9);
    expect(linesFor(6, picture({ calls: [...calls, ...calls] }), 30)).toBe(12);
    expect(linesFor(6, picture(), 5000)).toBe(12);
  });

  it("counts the calls that are left out", () => {
    expect(calledIn(picture({ more: 5 }))).toBe(7);
  });
});

describe("the field of those who wait", () => {
  it("has the largest group first, and those of nobody last", () => {
    const groups = groupsOf([
      { fd: 9, owner: "" },
      { fd: 8, owner: "" },
      { fd: 7, owner: "" },
      { fd: 3, owner: "ftp" },
      { fd: 2, owner: "chat" },
      { fd: 1, owner: "chat" },
    ]);
    expect(groups).toEqual([
      { owner: "chat", fds: [1, 2] },
      { owner: "ftp", fds: [3] },
      { owner: "", fds: [7, 8, 9] },
    ]);
  });

  it.each([[[20, 3, 1]], [[300, 40, 12, 3]], [[2150, 720, 720, 710, 690, 1, 3]]])(
    "fits: %j",
    (counts) => {
      const field = { width: 530, height: 340, name: 28 };
      const pitch = fittingPitch(counts, field);
      const lines = counts
        .filter((count) => count > 4)
        .map((count) => Math.ceil(count / marksPerLine(field.width, pitch)));
      const high =
        lines.reduce((sum, line) => sum + line * pitch, 0) + (lines.length + 1) * field.name;
      expect(high).toBeLessThanOrEqual(field.height);
    },
  );

  it("has a pitch even if nothing fits, or the field has no width yet", () => {
    const field = { width: 0, height: 0, name: 28 };
    expect(fittingPitch([5000], field)).toBeGreaterThan(0);
    expect(fittingPitch([], field)).toBeGreaterThan(0);
  });
});
