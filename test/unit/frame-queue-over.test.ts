/** A frame that is larger than all that may wait: its place among those that wait, and its bounds. */
import { expect, it } from "vitest";

import { DEFAULT_SERVER_LIMITS } from "iomux";

import { Budget } from "../../src/budget.ts";
import { ConnectionOutput } from "../../src/server/connection-output.ts";
import { FrameQueue } from "../../src/server/frame-queue.ts";
import { SharedFrame } from "../../src/server/shared-frame.ts";

const budget = new Budget(1e9, () => undefined);

function frame(length: number, fill: string): SharedFrame {
  return new SharedFrame(Buffer.alloc(length, fill), budget);
}

/** Takes `room` bytes and no more. */
function sink(room: number): { text: string; write: (bytes: Uint8Array) => number } {
  const taken = {
    text: "",
    write(bytes: Uint8Array): number {
      const part = Buffer.from(bytes.subarray(0, room - taken.text.length));
      taken.text += part.toString();
      return part.length;
    },
  };
  return taken;
}

function queueOf(...parts: [length: number, fill: string, over?: "over"][]): FrameQueue {
  const queue = new FrameQueue();
  for (const [length, fill, over] of parts) {
    if (over === undefined) queue.push(frame(length, fill));
    else queue.pushOver(frame(length, fill));
    queue.assertInvariants();
  }
  return queue;
}

it("leaves in its place, and is counted nowhere", () => {
  const queue = queueOf([3, "a"], [10, "b", "over"], [2, "c"]);
  expect([queue.bytes, queue.overBytes, queue.overBegun, budget.held]).toEqual([5, 10, false, 5]);
  const first = sink(7);
  expect(queue.drainInto(first)).toBe(false);
  queue.assertInvariants();
  expect([first.text, queue.bytes, queue.overBytes, queue.overBegun]).toEqual([
    ...["aaabbbb", 2, 6, true],
  ]);
  const rest = sink(100);
  expect(queue.drainInto(rest)).toBe(true);
  queue.assertInvariants();
  expect([rest.text, queue.bytes, queue.over, queue.overBytes]).toEqual(["bbbbbbcc", 0, null, 0]);
  expect([queue.empty, budget.held]).toEqual([true, 0]);
});

it.each([
  ["alone", [[10, "b", "over"]], ""],
  [
    "in front",
    [
      [10, "b", "over"],
      [2, "c"],
    ],
    "cc",
  ],
  [
    "in the middle",
    [
      [3, "a"],
      [10, "b", "over"],
      [2, "c"],
    ],
    "aaacc",
  ],
  [
    "at the end",
    [
      [3, "a"],
      [10, "b", "over"],
    ],
    "aaa",
  ],
] as const)("withdrawn, %s: the others stay, in order", (_, parts, left) => {
  const queue = queueOf(...(parts as unknown as Parameters<typeof queueOf>));
  queue.withdraw();
  queue.assertInvariants();
  expect([queue.over, queue.overBytes, queue.bytes]).toEqual([null, 0, left.length]);
  expect(queue.empty).toBe(left === "");
  const taken = sink(100);
  queue.drainInto(taken);
  expect([taken.text, budget.held]).toEqual([left, 0]);
});

it("withdrawn behind frames that have left, some of the first among them", () => {
  const queue = queueOf([3, "a"], [3, "b"], [10, "c", "over"], [2, "d"]);
  queue.drainInto(sink(4));
  queue.withdraw();
  queue.assertInvariants();
  const taken = sink(100);
  queue.drainInto(taken);
  expect([taken.text, queue.bytes, budget.held]).toEqual(["bbdd", 0, 0]);
});

it("cleared with it in the middle: nothing is counted any more", () => {
  const queue = queueOf([3, "a"], [10, "b", "over"], [2, "c"]);
  queue.drainInto(sink(5));
  queue.clear();
  queue.assertInvariants();
  expect([queue.empty, queue.over, queue.bytes, budget.held]).toEqual([true, null, 0, 0]);
});

/** A channel of 50 bytes, which drains when it is told to. */
function narrow(): { queued: number; room: number; output: ConnectionOutput } {
  const channel = {
    queued: 0,
    high: 0,
    host: { debug: false, now: () => 0 },
    get room() {
      return Math.max(0, channel.high - channel.queued);
    },
    setWaterMarks(high: number) {
      channel.high = high;
    },
    write(bytes: Uint8Array) {
      const count = Math.min(channel.room, bytes.length);
      channel.queued += count;
      return count;
    },
  };
  const marks = { maxOutputBytes: 100, highWaterMark: 50, lowWaterMark: 10 };
  const limits = { ...DEFAULT_SERVER_LIMITS, ...marks };
  return Object.assign(channel, {
    output: new ConnectionOutput(channel as never, limits, "close"),
  });
}

it("behind it there is as much room as if the channel were full, which it will be again", () => {
  const channel = narrow();
  const { output } = channel;
  expect(output.offerOver(frame(500, "x"))).toBe("taken");
  channel.queued = 0;
  expect(output.offer(frame(51, "y"))).toBe("overflow");
  expect(output.offer(frame(50, "z"))).toBe("taken");
  output.flush();
  output.assertInvariants();
  expect([output.bytes, output.heldBytes, channel.queued]).toEqual([100, 50, 50]);
});
