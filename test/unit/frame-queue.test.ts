/** Frames that wait, against a plain list of them. */
import fc from "fast-check";
import { expect, it } from "vitest";

import { Budget } from "../../src/budget.ts";
import { FrameQueue } from "../../src/server/frame-queue.ts";
import { SharedFrame } from "../../src/server/shared-frame.ts";

type Command =
  | { readonly push: number; readonly times: number }
  | { readonly drain: number }
  | { readonly drop: number }
  | "clear";

const COMMANDS = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ push: fc.nat(20), times: fc.constantFrom(1, 1, 3, 100) }) },
    { weight: 4, arbitrary: fc.record({ drain: fc.constantFrom(0, 1, 3, 10, 50, 900) }) },
    { weight: 3, arbitrary: fc.record({ drop: fc.constantFrom(1, 1, 2, 70) }) },
    { weight: 1, arbitrary: fc.constant("clear" as const) },
  ),
  { maxLength: 40 },
);

function setUp(): { budget: Budget; queue: FrameQueue; frame: (bytes: number[]) => SharedFrame } {
  const budget = new Budget(1e9, () => undefined);
  return {
    budget,
    queue: new FrameQueue(),
    frame: (bytes) => new SharedFrame(Buffer.from(bytes), budget),
  };
}

/** Takes `room` bytes and no more. */
function sink(room: number): { taken: number[]; write: (bytes: Uint8Array) => number } {
  const taken: number[] = [];
  const write = (bytes: Uint8Array): number => {
    const count = Math.min(bytes.length, room - taken.length);
    taken.push(...bytes.subarray(0, count));
    return count;
  };
  return { taken, write };
}

it("24: is a list of whole frames after any commands; what has begun to leave goes on", () => {
  fc.assert(
    fc.property(COMMANDS, (commands: readonly Command[]) => {
      const { budget, queue, frame } = setUp();
      let model: { rest: number[]; length: number }[] = [];
      let next = 0;
      for (const command of commands) {
        if (command === "clear") {
          queue.clear();
          model = [];
        } else if ("push" in command) {
          for (let i = 0; i < command.times; i++) {
            const bytes = Array.from({ length: command.push }, () => next++ & 0xff);
            queue.push(frame(bytes));
            model.push({ rest: bytes, length: bytes.length });
          }
        } else if ("drain" in command) {
          const { taken, write } = sink(command.drain);
          expect(queue.drainInto({ write })).toBe(drained(model, command.drain, taken));
        } else {
          for (let i = 0; i < command.drop; i++) {
            const place = model[0] !== undefined && model[0].rest.length < model[0].length ? 1 : 0;
            expect(queue.dropOldest()).toBe(model.length > place);
            model.splice(place, 1);
          }
        }
        queue.assertInvariants();
        const waiting = model.reduce((sum, { rest }) => sum + rest.length, 0);
        const begun = model[0] !== undefined && model[0].rest.length < model[0].length;
        expect(queue.bytes).toBe(waiting);
        expect(queue.empty).toBe(model.length === 0);
        expect(queue.droppableBytes).toBe(begun ? waiting - model[0]!.rest.length : waiting);
        expect(budget.held).toBe(model.reduce((sum, { length }) => sum + length, 0));
      }
      queue.clear();
      expect([queue.bytes, budget.held]).toEqual([0, 0]);
    }),
    { numRuns: 300 },
  );
});

/** What the model hands on into `room`, compared with `taken`. Answers whether nothing waits. */
function drained(
  model: { rest: number[]; length: number }[],
  room: number,
  taken: number[],
): boolean {
  const expected: number[] = [];
  while (model[0] !== undefined) {
    const { rest, length } = model[0];
    const part = rest.slice(0, room - expected.length);
    expected.push(...part);
    if (part.length < rest.length) {
      model[0] = { rest: rest.slice(part.length), length };
      break;
    }
    model.shift();
  }
  expect(taken).toEqual(expected);
  return model.length === 0;
}

it("24: a queue that never empties does not grow by what has left", () => {
  const { queue, frame } = setUp();
  const bytes = [1, 2, 3];
  for (let i = 0; i < 10; i++) queue.push(frame(bytes));
  for (let i = 0; i < 10_000; i++) {
    queue.push(frame(bytes));
    if (i % 2 === 0) queue.drainInto(sink(3));
    else queue.dropOldest();
    // It looks at the gaps in front.
    queue.assertInvariants();
  }
  expect(queue.bytes).toBe(30);
});

it("24: one that throws away while another leaves in part keeps that one in front", () => {
  const { queue, frame } = setUp();
  for (const first of [10, 20, 30]) queue.push(frame([first, first + 1]));
  queue.drainInto(sink(1));
  expect(queue.dropOldest()).toBe(true);
  expect(queue.dropOldest()).toBe(true);
  expect(queue.dropOldest()).toBe(false);
  const { taken, write } = sink(9);
  expect(queue.drainInto({ write })).toBe(true);
  expect(taken).toEqual([11]);
});
