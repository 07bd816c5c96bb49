/** The heap against a sorted array. */
import fc from "fast-check";
import { expect, it } from "vitest";

import { TimerHeap, type HeapTimer } from "../../src/timers.ts";

function timer(): HeapTimer {
  return { deadline: 0, order: 0, place: -1 };
}

type Command =
  | { readonly do: "add"; readonly deadline: number }
  | { readonly do: "remove" | "move"; readonly pick: number; readonly deadline: number }
  | { readonly do: "take"; readonly now: number; readonly youngest: number };

// Few deadlines, so that many are equal; and many, so that subtrees differ.
const deadline = fc.oneof(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: 1000 }));
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("add" as const), deadline }) },
  fc.record({ do: fc.constantFrom("remove" as const, "move" as const), pick: fc.nat(), deadline }),
  fc.record({ do: fc.constant("take" as const), now: deadline, youngest: fc.nat({ max: 4 }) }),
);

it("TimerHeap is a sorted array, after any commands", () => {
  fc.assert(
    fc.property(fc.array(command, { minLength: 20, maxLength: 300 }), (commands) => {
      const heap = new TimerHeap<HeapTimer>();
      const all: HeapTimer[] = [];
      let model: HeapTimer[] = [];
      const add = (added: HeapTimer, at: number): void => {
        heap.add(added, at);
        // After those with the same deadline: the older one comes first.
        const place = model.findLastIndex((other) => other.deadline <= at) + 1;
        model.splice(place, 0, added);
      };
      for (const step of commands) {
        if (step.do === "add") {
          const added = timer();
          all.push(added);
          add(added, step.deadline);
        } else if (step.do === "take") {
          const born = heap.mark() - step.youngest;
          const [first] = model;
          const due = first !== undefined && first.deadline <= step.now && first.order < born;
          expect(heap.takeDue(step.now, born)).toBe(due ? first : null);
          if (due) model.shift();
        } else if (all.length > 0) {
          const picked = all[step.pick % all.length]!;
          expect(heap.remove(picked)).toBe(model.includes(picked));
          model = model.filter((other) => other !== picked);
          expect(heap.remove(picked)).toBe(false);
          if (step.do === "move") add(picked, step.deadline);
        }
        heap.assertInvariants();
        expect(heap.size).toBe(model.length);
        expect(heap.earliest).toBe(model[0]?.deadline ?? Infinity);
      }
      const rest: HeapTimer[] = [];
      for (let next = heap.takeDue(1000, heap.mark()); next !== null;) {
        rest.push(next);
        next = heap.takeDue(1000, heap.mark());
      }
      expect(rest).toEqual(model);
    }),
    { numRuns: 100 },
  );
});

it("clear takes everybody out and tells of each", () => {
  const heap = new TimerHeap<HeapTimer>();
  const timers = Array.from({ length: 20 }, timer);
  for (const [place, each] of timers.entries()) heap.add(each, place % 3);
  const told = new Set<HeapTimer>();
  heap.clear((each) => told.add(each));
  expect(told).toEqual(new Set(timers));
  expect(heap.size).toBe(0);
  expect(timers.every(({ place }) => place === -1)).toBe(true);
  expect(heap.remove(timers[0]!)).toBe(false);
});

it("a timer that is added during a turn is not taken in it", () => {
  const heap = new TimerHeap<HeapTimer>();
  const [old, young] = [timer(), timer()];
  heap.add(old, 5);
  const born = heap.mark();
  heap.add(young, 5);
  expect(heap.takeDue(5, born)).toBe(old);
  expect(heap.takeDue(5, born)).toBeNull();
  expect(heap.takeDue(5, heap.mark())).toBe(young);
});

it("H33: 1,000,000 cancelled timers leave the heap empty", () => {
  const heap = new TimerHeap<HeapTimer>();
  const kept = timer();
  heap.add(kept, 500);
  for (let round = 0; round < 100; round++) {
    const timers = Array.from({ length: 10_000 }, timer);
    for (const [place, each] of timers.entries()) heap.add(each, (place * 7919) % 1009);
    for (const each of timers) heap.remove(each);
    expect(heap.size).toBe(1);
  }
  heap.assertInvariants();
  expect(heap.earliest).toBe(500);
});

it("assertInvariants sees a broken order and a wrong place", () => {
  const heap = new TimerHeap<HeapTimer>();
  const timers = Array.from({ length: 6 }, timer);
  for (const [place, each] of timers.entries()) heap.add(each, place);
  timers[5]!.deadline = -1;
  expect(() => {
    heap.assertInvariants();
  }).toThrow("TimerHeap: order at 5");
  timers[5]!.deadline = 5;
  timers[2]!.place = 4;
  expect(() => {
    heap.assertInvariants();
  }).toThrow("TimerHeap: place 4 at 2");
});
