/** A frame that waits for many is held, and counted, once. */
import fc from "fast-check";
import { expect, it } from "vitest";

import { Budget } from "../../src/budget.ts";
import { SharedFrame } from "../../src/server/shared-frame.ts";

function setUp(length: number): { budget: Budget; bytes: Buffer; frame: SharedFrame } {
  const budget = new Budget(1e9, () => undefined);
  const bytes = Buffer.alloc(length, 1);
  return { budget, bytes, frame: new SharedFrame(bytes, budget) };
}

it("24: is counted from the first hold to the last release, however these come", () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 50 }), fc.nat(3000), (steps, length) => {
      const { budget, frame } = setUp(length);
      let holders = 0;
      for (const holds of steps) {
        if (holds) frame.hold();
        else if (holders > 0) frame.release();
        holders = holds ? holders + 1 : Math.max(0, holders - 1);
        expect(budget.held).toBe(holders > 0 ? length : 0);
      }
    }),
  );
});

it.each([
  [1, true],
  [1024, true],
  [1025, false],
])("24: %d bytes: copied when it is held: %s", (length, copied) => {
  const { bytes, frame } = setUp(length);
  expect(frame.bytes).toBe(bytes);
  frame.hold();
  bytes.fill(2);
  expect(frame.bytes[0]).toBe(copied ? 1 : 2);
  const held = frame.bytes;
  frame.hold();
  expect(frame.bytes).toBe(held);
  frame.release();
  frame.release();
  // Held anew within the same broadcast.
  frame.hold();
  expect(frame.bytes).toEqual(held);
});
