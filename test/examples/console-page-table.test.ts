/** The table of the page: what is shown, in which order, and which rows are drawn. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { textOfView, viewOf } from "../../examples/console/page/descriptors/kept-view.ts";
import {
  type Reason,
  EDGE,
  ERROR,
  formatMask,
  HANGUP,
  ONESHOT,
  PEER_CLOSED,
  PRIORITY,
  READABLE,
  WRITABLE,
} from "iomux";
import { lettersOf, modeOf, weightOf } from "../../examples/console/page/descriptors/letters.ts";
import {
  COLUMNS,
  NO_FILTER,
  orderAfter,
  select,
  type Column,
  type Filter,
} from "../../examples/console/page/descriptors/selection.ts";
import {
  scrollToSee,
  visibleRange,
} from "../../examples/console/page/descriptors/visible-range.ts";
import { DESCRIPTORS as ENGLISH } from "../../examples/console/page/texts/en/descriptors.ts";
import { DESCRIPTORS as CHINESE } from "../../examples/console/page/texts/zh/descriptors.ts";
import type { Row } from "../../examples/console/page/feed/rows.ts";
import { shownRow } from "./console-page-rows.ts";

const BY_FD = { column: "fd", descending: false } as const;

function fdsOf(rows: readonly Row[]): number[] {
  return rows.map(({ descriptor }) => descriptor.fd);
}

describe("the words of the library", () => {
  // A reason that the library learns to tell is missed by the type check.
  const REASONS: Record<Reason, true> = {
    ready: true,
    closed: true,
    closing: true,
    connecting: true,
    "not registered": true,
    paused: true,
    held: true,
    disarmed: true,
    "not asked for": true,
    "edge reported": true,
    "nothing came": true,
    ended: true,
    "shut down": true,
    full: true,
    "no input side": true,
    "no output side": true,
  };

  it("are all known to the page, in both languages", () => {
    const words = Object.keys(REASONS);
    expect(Object.keys(ENGLISH.reasons)).toEqual(words);
    expect(Object.keys(CHINESE.reasons)).toEqual(words);
    expect(Object.values(CHINESE.reasons).every((text) => /\p{Script=Han}/u.test(text))).toBe(true);
  });
});

describe("letters", () => {
  it.each([
    [READABLE, "R·····"],
    [PRIORITY, "·P····"],
    [WRITABLE, "··W···"],
    [ERROR, "···E··"],
    [HANGUP, "····H·"],
    [PEER_CLOSED, "·····C"],
    [READABLE | WRITABLE | EDGE, "R·W···"],
    [0, "······"],
  ])("of %i are %s", (mask, text) => {
    const letters = lettersOf(mask).map(({ letter, lit }) => (lit ? letter : "·"));
    expect(letters.join("")).toBe(text);
  });

  it("name each condition that the library has a name for", () => {
    for (const { condition } of lettersOf(0)) {
      const name = condition.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
      const bit = [READABLE, PRIORITY, WRITABLE, ERROR, HANGUP, PEER_CLOSED].find(
        (one) => formatMask(one) === name,
      );
      expect(lettersOf(bit!).filter(({ lit }) => lit)).toEqual([
        expect.objectContaining({ condition }),
      ]);
    }
  });

  it("tell how changes are reported", () => {
    expect([READABLE, READABLE | EDGE, ONESHOT, EDGE | ONESHOT].map(modeOf)).toEqual([
      "level",
      "edge",
      "oneshot",
      "edgeOneshot",
    ]);
  });

  it("weigh nothing where nothing is registered", () => {
    expect(weightOf(null)).toBeLessThan(weightOf(0));
  });
});

describe("the filter", () => {
  const rows = [
    shownRow(1, { kind: "listener", owner: "", peer: null, local: "0.0.0.0:8080" }),
    shownRow(2, { owner: "ftp", reading: "paused", arming: "paused" }),
    shownRow(3, { owner: "chat", state: "failed", error: "ECONNRESET: read", queued: 9 }),
    shownRow(4, { owner: "chat", reading: "ready", waitedTurns: 2, peer: "[::1]:9" }),
  ];
  const found = (filter: Partial<Filter>): number[] =>
    fdsOf(select(rows, { ...NO_FILTER, ...filter }, BY_FD));

  it("lets everything pass at first", () => {
    expect(found({})).toEqual([1, 2, 3, 4]);
  });

  it.each([
    ["8080", [1]],
    ["FTP", [2]],
    ["econnreset", [3]],
    ["[::1]", [4]],
    ["  chat   read ", [3, 4]],
    ["nowhere", []],
    ["chat ftp", []],
  ])("finds %j in any part of a row, each word of it", (text, fds) => {
    expect(found({ text })).toEqual(fds);
  });

  it("sees a row anew once it has changed", () => {
    expect(fdsOf(select([shownRow(3)], { ...NO_FILTER, text: "econnreset" }, BY_FD))).toEqual([]);
  });

  it("takes an owner, and those of nobody", () => {
    expect([found({ owner: "chat" }), found({ owner: "" })]).toEqual([[3, 4], [1]]);
  });

  it("takes a kind", () => {
    expect(found({ kind: "listener" })).toEqual([1]);
  });

  it.each([
    ["failed", [3]],
    ["open", [1, 2, 4]],
    ["ready", [4]],
    ["waits", [4]],
    ["queues", [3]],
    ["unarmed", [2]],
  ] as const)("takes what is %s", (circumstance, fds) => {
    expect(found({ circumstance })).toEqual(fds);
  });

  it("wants all of it", () => {
    expect(found({ owner: "chat", circumstance: "waits", text: "read" })).toEqual([4]);
    expect(found({ owner: "ftp", circumstance: "waits" })).toEqual([]);
  });
});

describe("the order", () => {
  const rows = [
    shownRow(2, { peer: "10.0.0.2:51312", bytesIn: 5, openedAt: 100, ready: READABLE }),
    shownRow(10, { peer: "10.0.0.10:9000", bytesIn: 50, openedAt: 300, interest: null }),
    shownRow(1, { peer: "10.0.0.2:9000", bytesIn: 5, openedAt: 200, owner: "http" }),
  ];
  const sorted = (column: Column, descending = false): number[] =>
    fdsOf(select(rows, NO_FILTER, { column, descending }));

  it("is by number where that is what counts", () => {
    expect([sorted("fd"), sorted("fd", true)]).toEqual([
      [1, 2, 10],
      [10, 2, 1],
    ]);
  });

  it("takes the numbers of addresses as numbers", () => {
    expect(sorted("peer")).toEqual([1, 2, 10]);
  });

  it("is by fd among equals, whichever way round", () => {
    expect([sorted("bytesIn"), sorted("bytesIn", true)]).toEqual([
      [1, 2, 10],
      [10, 1, 2],
    ]);
  });

  it("has the oldest at the end of ages", () => {
    expect(sorted("age")).toEqual([10, 1, 2]);
  });

  it.each(COLUMNS)("by %s keeps every row, and leaves what it was given as it was", (column) => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat(50), { maxLength: 30 }),
        fc.boolean(),
        fc.nat(5),
        (fds, descending, spread) => {
          const given = fds.map((fd) =>
            shownRow(fd, { queued: fd % (spread + 1), reading: fd % 2 === 0 ? "ready" : "full" }),
          );
          const before = [...given];
          const shown = select(given, NO_FILTER, { column, descending });
          expect(given).toEqual(before);
          expect(new Set(shown)).toEqual(new Set(given));
          const backwards = select([...given].reverse(), NO_FILTER, { column, descending });
          expect(backwards).toEqual(shown);
        },
      ),
    );
  });

  it("turns round with the second click, and begins with the largest where one looks for it", () => {
    const first = orderAfter({ column: "fd", descending: false }, "queued");
    expect(first).toEqual({ column: "queued", descending: true });
    expect(orderAfter(first, "queued")).toEqual({ column: "queued", descending: false });
    expect(orderAfter(first, "peer")).toEqual({ column: "peer", descending: false });
  });
});

describe("the rows that are drawn", () => {
  it("are those that are seen, and a few around them", () => {
    const { first, end } = visibleRange(5000, 30, 3000, 600);
    expect(first).toBeLessThanOrEqual(100);
    expect(end).toBeGreaterThanOrEqual(120);
    expect(end - first).toBeLessThan(60);
  });

  it("cover what is seen and lie within the table, wherever it is scrolled to", () => {
    fc.assert(
      fc.property(fc.nat(6000), fc.nat(200_000), fc.nat(3000), (count, scrollTop, height) => {
        const { first, end } = visibleRange(count, 30, scrollTop, height);
        expect(first).toBeGreaterThanOrEqual(0);
        expect(end).toBeLessThanOrEqual(count);
        expect(first).toBeLessThanOrEqual(end);
        const lastSeen = Math.min(count, Math.ceil((scrollTop + height) / 30));
        if (lastSeen * 30 > scrollTop) {
          expect(first * 30).toBeLessThanOrEqual(scrollTop);
          expect(end).toBeGreaterThanOrEqual(lastSeen);
        }
      }),
    );
  });

  it("are scrolled to only if they are not seen whole", () => {
    expect(scrollToSee(5, 30, 0, 600)).toBe(0);
    expect(scrollToSee(20, 30, 0, 600)).toBe(30);
    expect(scrollToSee(2, 30, 300, 600)).toBe(60);
  });
});

describe("what is kept of the table's filter and order", () => {
  const first = viewOf(null);

  it("is there again", () => {
    const view = {
      filter: { text: "a b", owner: "", kind: "listener", circumstance: "hung-up" },
      order: { column: "bytesIn", descending: true },
    } as const;
    expect(viewOf(textOfView(view))).toEqual(view);
    expect(viewOf(textOfView(first))).toEqual(first);
    expect(first).toEqual({ filter: NO_FILTER, order: { column: "fd", descending: false } });
  });

  it.each([
    ...["", "{", "null", "1", '"x"', "[]", "{}", '{"filter":null,"order":7}'],
    '{"filter":{"text":1,"owner":2,"kind":"x","circumstance":{}},"order":{"column":"x"}}',
  ])("is as at first if it is %j", (text) => {
    expect(viewOf(text)).toEqual(first);
  });
});
