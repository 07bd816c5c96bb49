/** What the file client reads and shows on a terminal: words, and how far it is. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";

import {
  formatBytes,
  formatSeconds,
  progressLine,
  rateOf,
  type Progress,
} from "../../examples/ftp/client/progress.ts";
import { quotedWord, splitWords } from "../../examples/ftp/client/words.ts";

describe("words", () => {
  test.each<[string, string[]]>([
    ["", []],
    ["  \t ", []],
    ["get a b", ["get", "a", "b"]],
    ['get "a b" c', ["get", "a b", "c"]],
    ["get 'a \"b' c\\ d", ["get", 'a "b', "c d"]],
    ['get ""', ["get", ""]],
    ['a"b c"d', ["ab cd"]],
    ["'a\\b'", ["a\\b"]],
    ['"a\\"b"', ['a"b']],
  ])("%j", (line, words) => {
    expect(splitWords(line)).toEqual({ ok: true, words });
  });

  test.each([
    ['get "a', "unfinished-quote"],
    ["get 'a", "unfinished-quote"],
    ["get a\\", "unfinished-escape"],
  ])("%j is refused", (line, problem) => {
    expect(splitWords(line)).toEqual({ ok: false, problem });
  });

  test("any word can be typed", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary" })), (words) => {
        expect(splitWords(words.map(quotedWord).join(" "))).toEqual({ ok: true, words });
      }),
    );
  });
});

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1000, "1.0 KiB"],
  [1024, "1.0 KiB"],
  [1536, "1.5 KiB"],
  [102_297, "99.9 KiB"],
  [102_400, "100 KiB"],
  [1_048_576, "1.0 MiB"],
  [1024 ** 4, "1.0 TiB"],
  [5000 * 1024 ** 4, "5000 TiB"],
])("%i bytes are %s", (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test.each([
  [0, "0 s"],
  [0.1, "1 s"],
  [59, "59 s"],
  [59.1, "1:00"],
  [65, "1:05"],
  [7384, "2:03:04"],
])("%f seconds are %s", (seconds, text) => {
  expect(formatSeconds(seconds)).toBe(text);
});

describe("progress", () => {
  const half: Progress = {
    ...{ name: "a.txt", size: 2_097_152, before: 0, moved: 1_048_576, elapsedMs: 2000 },
  };

  test.each<[Partial<Progress>, number, string]>([
    [{}, 80, "a.txt   50%  1.0 MiB  512 KiB/s  2 s left  [###############               ]"],
    [{}, 50, "a.txt   50%  1.0 MiB  512 KiB/s  2 s left"],
    [{ moved: 2_097_152 }, 60, "a.txt  100%  2.0 MiB  1.0 MiB/s  [########################]"],
    [{ size: null }, 80, "a.txt   1.0 MiB  512 KiB/s"],
    [{ size: 0, moved: 0 }, 80, "a.txt       0 B      0 B/s"],
    [{ elapsedMs: 0 }, 60, "a.txt   50%  1.0 MiB      0 B/s  [############            ]"],
  ])("%j in %i columns", (change, columns, line) => {
    expect(progressLine({ ...half, ...change }, columns)).toBe(line);
  });

  test("what was there before counts for the share, and not for the rate", () => {
    const resumed = { ...half, before: 1_048_576, moved: 524_288, elapsedMs: 1000 };
    expect([rateOf(resumed), progressLine(resumed, 40)]).toEqual([
      524_288,
      "a.txt   75%  1.5 MiB  512 KiB/s  1 s left".slice(0, 40),
    ]);
  });

  test("never wider than the terminal, whatever the name and the numbers", () => {
    const given = fc.record({
      name: fc.string({ maxLength: 60 }),
      size: fc.option(fc.maxSafeNat()),
      before: fc.nat(),
      moved: fc.maxSafeNat(),
      elapsedMs: fc.nat(),
    });
    fc.assert(
      fc.property(given, fc.integer({ min: 1, max: 200 }), (progress, columns) => {
        expect(progressLine(progress, columns).length).toBeLessThanOrEqual(columns);
      }),
    );
  });
});
