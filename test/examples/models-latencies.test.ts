/** Quantiles of times of which some were cut off. */
import { describe, expect, it } from "vitest";

import { Latencies } from "../../examples/models/latencies.ts";

function latencies(answered: readonly number[], unanswered: readonly number[] = []): Latencies {
  const times = new Latencies();
  for (const ms of answered) times.add(ms);
  for (const ms of unanswered) times.addUnanswered(ms);
  return times;
}

const hundred = Array.from({ length: 100 }, (_, i) => i + 1);

describe("quantiles of latencies", () => {
  it("are those of the sorted times, if all were answered", () => {
    const quantiles = latencies([...hundred].reverse()).quantiles([0.5, 0.99, 1]);
    expect(quantiles).toEqual([50, 99, 100].map((ms) => ({ ms, over: false })));
  });

  it("count who was not answered as longer than he has waited", () => {
    const quantiles = latencies([1, 2, 3], [100]).quantiles([0.5, 0.75, 0.99]);
    expect(quantiles).toEqual([
      { ms: 2, over: false },
      { ms: 3, over: false },
      { ms: 100, over: true },
    ]);
  });

  it("are hardly moved by who has only just asked", () => {
    const justAsked = Array<number>(50).fill(0.5);
    expect(latencies(hundred, justAsked).quantiles([0.5])).toEqual([{ ms: 50, over: false }]);
  });

  it("are those of Kaplan and Meier's estimator, worked out by hand", () => {
    // At 10: 1 of 4 is over, so 3/4 go on; 20 is cut off; at 30: 1 of 2, so 3/8; at 40: none.
    const times = latencies([10, 30, 40], [20]);
    expect(times.quantiles([0.25, 0.26, 0.62, 0.63])).toEqual([
      { ms: 10, over: false },
      { ms: 30, over: false },
      { ms: 30, over: false },
      { ms: 40, over: false },
    ]);
  });

  it("are only bounds if nobody was answered, and nothing if nobody asked", () => {
    expect(latencies([], [7, 9]).quantiles([0.5])).toEqual([{ ms: 9, over: true }]);
    expect(latencies([]).quantiles([0.5, 0.99])).toEqual([null, null]);
  });
});
