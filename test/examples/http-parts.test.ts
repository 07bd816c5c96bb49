/** Parts of the HTTP protocol on their own: fields, and dates. */
import { describe, expect, test } from "vitest";

import { Fields } from "../../examples/http/fields.ts";
import { DateWriter, formatDate, readDate } from "../../examples/http/http-date.ts";
import { phraseOf } from "../../examples/http/status.ts";
import { DATE, NOW } from "./http-dialogue.ts";

describe("RFC 9110 section 5: fields", () => {
  const fields = Fields.of([
    ["Accept", "a"],
    ["X-One", ""],
    ["ACCEPT", "b, c"],
    ["Cookie", " d=e\t"],
  ]);

  test("are found by their names, in any case", () => {
    expect(fields.get("cookie")).toBe("d=e");
    expect(fields.get("COOKIE")).toBe("d=e");
    expect(fields.get("x-one")).toBe("");
    expect([fields.has("x-one"), fields.has("x-two"), fields.has("")]).toEqual([
      true,
      false,
      false,
    ]);
    expect(fields.get("x-two")).toBeNull();
    expect(fields.get("Accep")).toBeNull();
  });

  test("of one name are joined, or told one by one", () => {
    expect(fields.get("Accept")).toBe("a, b, c");
    expect(fields.all("accept")).toEqual(["a", "b, c"]);
    expect(fields.all("x-two")).toEqual([]);
  });

  test("are told in their order, as they came", () => {
    expect(fields.count).toBe(4);
    expect([...fields]).toEqual([
      ["Accept", "a"],
      ["X-One", ""],
      ["ACCEPT", "b, c"],
      ["Cookie", "d=e"],
    ]);
    expect([Fields.NONE.count, [...Fields.NONE]]).toEqual([0, []]);
  });

  test("a value may have colons, and nothing but blanks", () => {
    const odd = Fields.of([
      ["A", "b: c"],
      ["D", " \t "],
    ]);
    expect([odd.get("a"), odd.get("d")]).toEqual(["b: c", ""]);
  });
});

describe("RFC 9110 section 5.6.7: dates", () => {
  test("one form is written", () => {
    expect(formatDate(NOW)).toBe(DATE);
    expect(formatDate(NOW + 999)).toBe(DATE);
  });

  test.each([
    ["IMF-fixdate", "Sun, 06 Nov 1994 08:49:37 GMT"],
    ["RFC 850", "Sunday, 06-Nov-94 08:49:37 GMT"],
    ["asctime", "Sun Nov  6 08:49:37 1994"],
  ])("%s is read", (_, text) => {
    expect(readDate(text, NOW)).toBe(NOW);
  });

  test("two digits of a year are not more than 50 years ahead", () => {
    const yearOf = (digits: string, now: string): number => {
      const ms = readDate(`Sunday, 06-Nov-${digits} 08:49:37 GMT`, Date.parse(now))!;
      return new Date(ms).getUTCFullYear();
    };
    expect(yearOf("94", "2024-01-01")).toBe(1994);
    expect(yearOf("74", "2024-01-01")).toBe(2074);
    expect(yearOf("75", "2024-01-01")).toBe(1975);
    expect(yearOf("24", "2024-01-01")).toBe(2024);
    expect(yearOf("05", "2099-01-01")).toBe(2005);
  });

  test("the last of February, a leap second, and years of before 1970", () => {
    expect(readDate("Thu, 29 Feb 2024 00:00:00 GMT", NOW)).toBe(Date.UTC(2024, 1, 29));
    expect(readDate("Sat, 31 Dec 2016 23:59:60 GMT", NOW)).toBe(Date.UTC(2017, 0, 1));
    expect(readDate("Wed, 31 Dec 1969 23:59:59 GMT", NOW)).toBe(-1000);
    expect(readDate("Sat, 01 Jan 0050 00:00:00 GMT", NOW)).toBe(Date.parse("0050-01-01"));
  });

  test.each([
    "",
    "Sun, 6 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 08:49:37 UTC",
    "Sun, 06 Nov 1994 08:49:37 +0000",
    "sun, 06 nov 1994 08:49:37 gmt",
    "Sun, 06 Nov 1994 8:49:37 GMT",
    "Sun, 31 Nov 1994 08:49:37 GMT",
    "Sun, 00 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 24:49:37 GMT",
    "Sun, 06 Nov 1994 08:60:37 GMT",
    "Sun, 06 Nov 1994 08:49:61 GMT",
    " Sun, 06 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 08:49:37 GMT\n",
    "Sunday, 06-Nov-1994 08:49:37 GMT",
    "Sun Nov 6 08:49:37 1994",
    "784111777",
    "1994-11-06T08:49:37Z",
  ])("%j is none", (text) => {
    expect(readDate(text, NOW)).toBeNull();
  });

  test("is written once a second", () => {
    let now = NOW;
    const dates = new DateWriter(() => now);
    const first = dates.line;
    now += 999;
    expect(dates.line).toBe(first);
    now += 1;
    expect(dates.line).toBe("Date: Sun, 06 Nov 1994 08:49:38 GMT\r\n");
    now -= 1;
    expect(dates.line).toBe(first);
  });
});

test("RFC 9110 section 15: statuses have phrases", () => {
  expect([phraseOf(200), phraseOf(431), phraseOf(299)]).toEqual([
    "OK",
    "Request Header Fields Too Large",
    "",
  ]);
});
