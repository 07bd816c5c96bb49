/** Who waits for whom, against a plain set of pairs. */
import fc from "fast-check";
import { expect, it } from "vitest";

import { Backpressure } from "../../src/server/backpressure.ts";

const MEMBERS = 5;

interface Member {
  readonly backpressure: Backpressure;
  blocked: boolean;
  calls: number;
}

function members(): Member[] {
  return Array.from({ length: MEMBERS }, () => {
    const member: Member = {
      backpressure: new Backpressure({
        setBlocked: (blocked) => {
          member.calls++;
          member.blocked = blocked;
        },
      }),
      blocked: false,
      calls: 0,
    };
    return member;
  });
}

const STEPS = fc.array(
  fc.record({
    kind: fc.constantFrom("holdUp", "holdUp", "holdUp", "drained", "close"),
    reader: fc.nat(MEMBERS - 1),
    source: fc.nat(MEMBERS - 1),
  }),
  { maxLength: 60 },
);

it("24: a source is blocked as long as anybody holds it up, and nobody for longer", () => {
  fc.assert(
    fc.property(STEPS, (steps) => {
      const all = members();
      const closed = new Set<number>();
      const pairs = new Set<string>();
      const forget = (test: (reader: number, source: number) => boolean): void => {
        for (const pair of pairs) {
          const [reader, source] = pair.split(">").map(Number);
          if (test(reader!, source!)) pairs.delete(pair);
        }
      };
      for (const { kind, reader, source } of steps) {
        const { backpressure } = all[reader]!;
        if (closed.has(reader)) continue;
        if (kind === "holdUp") {
          const { calls } = all[source]!;
          backpressure.holdUp(all[source]!.backpressure);
          if (closed.has(source)) expect(all[source]!.calls).toBe(calls);
          else pairs.add(`${reader}>${source}`);
        } else if (kind === "drained") {
          backpressure.drained();
          forget((from) => from === reader);
        } else {
          backpressure.close();
          closed.add(reader);
          forget((from, to) => from === reader || to === reader);
        }
        for (const [place, { blocked }] of all.entries()) {
          if (closed.has(place)) continue;
          expect(blocked).toBe([...pairs].some((pair) => pair.endsWith(`>${place}`)));
        }
      }
      for (const [place, { backpressure }] of all.entries()) {
        if (!closed.has(place)) backpressure.drained();
      }
      for (const [place, { blocked }] of all.entries()) {
        if (!closed.has(place)) expect(blocked).toBe(false);
      }
    }),
    { numRuns: 500 },
  );
});

it("24: who is closed is told nothing more, also by those that it waited for", () => {
  const [reader, source] = members();
  reader!.backpressure.holdUp(source!.backpressure);
  source!.backpressure.close();
  const { calls } = source!;
  reader!.backpressure.drained();
  reader!.backpressure.close();
  expect(source!.calls).toBe(calls);
});

it("24: a frame of a closed source holds nobody up", () => {
  const [reader, source] = members();
  source!.backpressure.close();
  reader!.backpressure.holdUp(source!.backpressure);
  reader!.backpressure.drained();
  expect([source!.calls, reader!.calls]).toEqual([0, 0]);
});

it("24: who has drained has forgotten whom it held up", () => {
  const [reader, source] = members();
  reader!.backpressure.holdUp(source!.backpressure);
  reader!.backpressure.drained();
  const { calls } = source!;
  reader!.backpressure.drained();
  reader!.backpressure.close();
  expect(source!.calls).toBe(calls);
});

it("24: one may hold up itself", () => {
  const [self] = members();
  self!.backpressure.holdUp(self!.backpressure);
  expect(self!.blocked).toBe(true);
  self!.backpressure.drained();
  expect(self!.blocked).toBe(false);
  self!.backpressure.holdUp(self!.backpressure);
  self!.backpressure.close();
});
