/** What the page makes of the events of the feed. */
import { describe, expect, it } from "vitest";

import { ratesOf, Rows } from "../../examples/console/page/feed/rows.ts";
import {
  HISTORY_MS,
  withLoad,
  type LoadPoint,
} from "../../examples/console/page/feed/load-history.ts";
import type { Load } from "../../examples/console/feed.ts";
import { descriptorRow } from "./console-page-rows.ts";

function rowsOf(...descriptors: ReturnType<typeof descriptorRow>[]): Rows {
  const rows = new Rows();
  rows.applyTable({ nowMs: 1000, open: descriptors.length, descriptors });
  return rows;
}

describe("the rows that the page knows", () => {
  it("are those of the last table, whatever was known before", () => {
    const rows = rowsOf(descriptorRow(1), descriptorRow(2));
    rows.applyTable({ nowMs: 2000, open: 1, descriptors: [descriptorRow(3)] });
    expect(rows.list().map(({ descriptor }) => descriptor.fd)).toEqual([3]);
  });

  it("change with a look, which brings new ones and takes those that are gone", () => {
    const rows = rowsOf(descriptorRow(1), descriptorRow(2));
    rows.applyLook({
      nowMs: 2000,
      changed: [descriptorRow(1, { queued: 7 }), descriptorRow(4)],
      gone: [2],
    });
    expect(rows.list().map(({ descriptor }) => [descriptor.fd, descriptor.queued])).toEqual([
      [1, 7],
      [4, 0],
    ]);
  });

  it("stay the same object while nothing is told of them", () => {
    const rows = rowsOf(descriptorRow(1), descriptorRow(2));
    const before = rows.get(2);
    rows.applyLook({ nowMs: 2000, changed: [descriptorRow(1, { queued: 7 })], gone: [] });
    expect(rows.get(2)).toBe(before);
  });

  it("name the look that changed them, and none after a table", () => {
    const rows = rowsOf(descriptorRow(1), descriptorRow(2));
    expect(rows.get(1)!.look).toBe(0);
    rows.applyLook({ nowMs: 2000, changed: [descriptorRow(1)], gone: [] });
    expect([rows.get(1)!.look, rows.get(2)!.look]).toEqual([rows.look, 0]);
  });

  it("count a look once, in however many pieces it comes", () => {
    const rows = rowsOf(descriptorRow(1), descriptorRow(2));
    const before = rows.look;
    rows.applyLook({ nowMs: 2000, changed: [descriptorRow(1)], gone: [] });
    rows.applyLook({ nowMs: 2000, changed: [descriptorRow(2)], gone: [9] });
    expect([rows.look, rows.get(1)!.look, rows.get(2)!.look]).toEqual(
      [1, 1, 1].map((one) => before + one),
    );
  });

  it("do not lose one whose number is given away again in the same look", () => {
    const rows = rowsOf(descriptorRow(1));
    rows.applyLook({ nowMs: 2000, changed: [descriptorRow(1, { openedAt: 1500 })], gone: [1] });
    expect(rows.get(1)!.descriptor.openedAt).toBe(1500);
  });
});

describe("rates", () => {
  const rateIn = (rows: Rows): number => ratesOf(rows.get(1)!, rows.nowMs).in;

  it("come near to what moves steadily", () => {
    const rows = rowsOf(descriptorRow(1));
    for (let second = 1; second <= 20; second += 1) {
      const changed = [descriptorRow(1, { bytesIn: second * 5000, bytesOut: second * 100 })];
      rows.applyLook({ nowMs: 1000 + second * 1000, changed, gone: [] });
    }
    const rates = ratesOf(rows.get(1)!, rows.nowMs);
    expect(rates.in).toBeCloseTo(5000, -1);
    expect(rates.out).toBeCloseTo(100, 0);
  });

  it("do not depend on how often is looked", () => {
    const rateAt = (everyMs: number): number => {
      const rows = rowsOf(descriptorRow(1));
      for (let ms = everyMs; ms <= 4000; ms += everyMs) {
        const changed = [descriptorRow(1, { bytesIn: ms * 5 })];
        rows.applyLook({ nowMs: 1000 + ms, changed, gone: [] });
      }
      return rateIn(rows);
    };
    expect(rateAt(500)).toBeCloseTo(rateAt(4000), 6);
  });

  it("do not depend on how many pieces a look comes in", () => {
    const rateOf = (...fds: readonly (readonly number[])[]): number => {
      const rows = rowsOf(descriptorRow(1), descriptorRow(2));
      for (const piece of fds) {
        const changed = piece.map((fd) => descriptorRow(fd, { bytesIn: 9000 }));
        rows.applyLook({ nowMs: 1500, changed, gone: [] });
      }
      return rateIn(rows);
    };
    expect(rateOf([2], [1])).toBe(rateOf([1, 2]));
    expect(rateOf([2], [1])).toBeGreaterThan(0);
  });

  it("tell what has just moved, however long it was still before", () => {
    const rateAfter = (stillMs: number): number => {
      const rows = rowsOf(descriptorRow(1));
      rows.applyLook({ nowMs: 1000 + stillMs, changed: [], gone: [] });
      const changed = [descriptorRow(1, { bytesIn: 9000 })];
      rows.applyLook({ nowMs: 1500 + stillMs, changed, gone: [] });
      return rateIn(rows);
    };
    expect(rateAfter(60_000)).toBeCloseTo(rateAfter(500));
  });

  it("go down to nothing once a row is not told of any more", () => {
    const rows = rowsOf(descriptorRow(1));
    rows.applyLook({ nowMs: 2000, changed: [descriptorRow(1, { bytesIn: 9000 })], gone: [] });
    const first = rateIn(rows);
    rows.applyLook({ nowMs: 3000, changed: [], gone: [] });
    expect(rateIn(rows)).toBeLessThan(first);
    expect(rateIn(rows)).toBeGreaterThan(0);
    rows.applyLook({ nowMs: 40_000, changed: [], gone: [] });
    expect(rateIn(rows)).toBe(0);
  });

  it("begin anew with another descriptor of the same number", () => {
    const rows = rowsOf(descriptorRow(1, { bytesIn: 1_000_000 }));
    const changed = [descriptorRow(1, { bytesIn: 10, openedAt: 1500 })];
    rows.applyLook({ nowMs: 2000, changed, gone: [] });
    expect(rateIn(rows)).toBeGreaterThan(0);
    expect(rateIn(rows)).toBeLessThan(11);
  });

  it("are not told of what was open before: the rest of a large table comes in looks", () => {
    const rows = rowsOf(descriptorRow(1));
    const rest = [descriptorRow(2, { openedAt: 900, bytesIn: 1_000_000 })];
    rows.applyLook({ nowMs: 1003, changed: rest, gone: [] });
    expect(ratesOf(rows.get(2)!, 1003)).toEqual({ in: 0, out: 0 });
    expect(rows.get(2)!.look).toBe(0);
  });
});

const LOAD: Load = {
  nowMs: 0,
  forMs: 1000,
  turns: 100,
  dispatches: 250,
  bytesIn: 0,
  bytesOut: 0,
  turnMs: 50,
  longestTurnMs: 7,
  loopDelayMs: 0.2,
  longestLoopDelayMs: 3,
  open: 0,
  registered: 0,
  timers: 0,
  bufferedBytes: 0,
  slowHandlers: 0,
  spinning: 0,
  refused: 0,
  shed: 0,
};

function historyOf(...seconds: number[]): readonly LoadPoint[] {
  return seconds.reduce<readonly LoadPoint[]>(
    (points, second) => withLoad(points, LOAD, second * 1000),
    [],
  );
}

describe("the history of the load", () => {
  it("has counts as rates and lengths as means", () => {
    expect(withLoad([], { ...LOAD, forMs: 500 }, 9000)).toEqual([
      {
        at: 9,
        turnsPerSecond: 200,
        dispatchesPerTurn: 2.5,
        meanTurnMs: 0.5,
        longestTurnMs: 7,
        loopDelayMs: 0.2,
        longestLoopDelayMs: 3,
      },
    ]);
  });

  it("has no mean of no turns", () => {
    const [point] = withLoad([], { ...LOAD, turns: 0, dispatches: 0, turnMs: 0 }, 1000);
    expect([point!.turnsPerSecond, point!.dispatchesPerTurn, point!.meanTurnMs]).toEqual([
      0,
      null,
      null,
    ]);
  });

  it("keeps the last five minutes", () => {
    const last = HISTORY_MS / 1000 + 10;
    const all = historyOf(...Array.from({ length: last + 1 }, (_, second) => second));
    expect([all[0]!.at, all.at(-1)!.at]).toEqual([10, last]);
  });

  it("has a hole where nobody has looked", () => {
    const points = historyOf(1, 2, 60);
    expect(points.map(({ at, turnsPerSecond }) => [at, turnsPerSecond])).toEqual([
      [1, 100],
      [2, 100],
      [3, null],
      [60, 100],
    ]);
  });

  it("takes no second twice", () => {
    expect(historyOf(1, 2, 2).length).toBe(2);
  });
});
