/** What happens next in a world of simulated time. */
import { describe, expect, it } from "vitest";

import { Random, SimulatedClock } from "iomux/testing";

describe("the order of events", () => {
  it("is that of their times, and of their age where these are equal, whatever was called off", () => {
    const random = new Random(1);
    const clock = new SimulatedClock();
    const fired: number[] = [];
    const expected: { at: number; id: number }[] = [];
    const cancels: (() => void)[] = [];
    for (let id = 0; id < 2000; id++) {
      const at = random.integer(0, 100);
      cancels.push(clock.timer(at, () => fired.push(id)));
      expected.push({ at, id });
    }
    const gone = new Set(Array.from({ length: 700 }, () => random.integer(0, 1999)));
    for (const id of gone) cancels[id]!();
    while (clock.skip()) clock.stepSync();
    expected.sort((a, b) => a.at - b.at || a.id - b.id);
    expect(fired).toEqual(expected.map(({ id }) => id).filter((id) => !gone.has(id)));
  });

  it("one that is called off by another of the same moment does not happen", () => {
    const clock = new SimulatedClock();
    const fired: string[] = [];
    let cancel = (): void => undefined;
    clock.timer(5, () => {
      fired.push("first");
      cancel();
    });
    cancel = clock.timer(5, () => fired.push("second"));
    clock.skip();
    clock.stepSync();
    expect([fired, clock.skip()]).toEqual([["first"], false]);
  });
});
