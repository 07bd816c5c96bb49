/** Numbers from a seed. */
import { describe, expect, it } from "vitest";

import { Random } from "iomux/testing";

function draw(random: Random, count: number): number[] {
  return Array.from({ length: count }, () => random.next());
}

describe("Random", () => {
  it("the same seed gives the same numbers, on every machine", () => {
    expect(draw(new Random(1), 5)).toEqual(draw(new Random("1"), 5));
    expect(draw(new Random("a seed"), 4)).toEqual(KNOWN);
  });

  it("a stream of its own does not depend on what was drawn before, and differs by its name", () => {
    const fresh = new Random(7);
    const used = new Random(7);
    draw(used, 100);
    expect(draw(used.fork("links"), 5)).toEqual(draw(fresh.fork("links"), 5));
    expect(draw(fresh.fork("hosts"), 5)).not.toEqual(draw(fresh.fork("links"), 5));
  });

  it("numbers that are near each other as seeds give others altogether", () => {
    const seen = new Set<number>();
    for (let seed = 0; seed < 10_000; seed++) seen.add(new Random(seed).next());
    expect(seen.size).toBeGreaterThan(9_990);
  });

  it("integer() reaches both ends and nothing beyond; fraction() is under 1", () => {
    const random = new Random(3);
    const drawn = Array.from({ length: 2_000 }, () => random.integer(-2, 3));
    expect([...new Set(drawn)].sort((a, b) => a - b)).toEqual([-2, -1, 0, 1, 2, 3]);
    expect(drawn.every(() => random.fraction() < 1)).toBe(true);
  });

  it("chance() is as frequent as it says, never for 0 and always for 1", () => {
    const random = new Random(4);
    const often = (probability: number): number =>
      Array.from({ length: 10_000 }).filter(() => random.chance(probability)).length;
    expect([often(0), often(1)]).toEqual([0, 10_000]);
    expect(Math.abs(often(0.3) - 3_000)).toBeLessThan(300);
  });

  it("pick() answers each of them, and throws if there is none", () => {
    const random = new Random(5);
    const picked = new Set(Array.from({ length: 100 }, () => random.pick(["a", "b", "c"])));
    expect([...picked].sort()).toEqual(["a", "b", "c"]);
    expect(() => random.pick([])).toThrow("nothing to pick from");
  });
});

/** Drawn once; a change of the generator would make every known seed another world. */
const KNOWN = [177_082_302, 1_709_842_611, 3_464_878_620, 3_048_409_918];
