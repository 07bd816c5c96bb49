/**
 * H25, H26: every interleaving of {arrive, peer-close, read, clear, modify, unregister, close} in
 * every mode, against the model in `readiness-model.ts`. In memory: there a step of the clock is
 * one pass, so that between any two steps there may, or may not, be a turn.
 */
import { describe, expect, it } from "vitest";

import { PEER_CLOSED, READABLE, WRITABLE } from "iomux";

import { runInterleaving, type Setting } from "./interleaving.ts";
import { MODES, type PeerClose, type Step } from "./readiness-model.ts";
import { isOfTheWorld, words } from "./words.ts";

/** A turn after each step. */
const EVERY_TURN = -1;
const PLACES = ["handler", "neighbour"] as const;
const PEER_CLOSES: readonly PeerClose[] = ["end", "reset", "end after ours"];

/**
 * Which turns may be left out. Between two turns the steps of the world and those of the program
 * do not depend on each other: one order of them is enough, the world's first.
 */
function* choicesOfTurns(steps: readonly Step[]): Generator<number> {
  for (let turns = 0; turns < 1 << (steps.length - 1); turns++) {
    const redundant = steps.some((step, i) => {
      const together = i > 0 && ((turns >> (i - 1)) & 1) === 0;
      return together && isOfTheWorld(step) && !isOfTheWorld(steps[i - 1]!);
    });
    if (!redundant) yield turns;
  }
}

/** Runs every word of `depth` steps, and answers how many, and how often the handler was called. */
function check(depth: number, settings: readonly Setting[]): { runs: number; calls: number } {
  const count = { runs: 0, calls: 0 };
  for (const setting of settings) {
    for (const steps of words(depth)) {
      count.calls += runInterleaving(setting, steps, EVERY_TURN);
      count.runs++;
    }
  }
  return count;
}

describe.each(MODES)("8 / H25, H26: %s", (_, mode) => {
  const same = [READABLE | PEER_CLOSED | mode] as const;
  const wider = [READABLE | mode, READABLE | WRITABLE | PEER_CLOSED | mode] as const;

  it("all interleavings of six steps, a turn after each", () => {
    const settings = [{ interests: same, peerClose: "end", place: "outside" }] as const;
    const { runs, calls } = check(6, settings);
    expect(runs).toBe(42_053);
    expect(calls).toBeGreaterThan(20_000);
  });

  it("of five, with interests that change", () => {
    const settings = PEER_CLOSES.map((peerClose) => {
      return { interests: wider, peerClose, place: "outside" } as const;
    });
    const { runs, calls } = check(5, settings);
    expect(runs).toBe(3 * 8135);
    expect(calls).toBeGreaterThan(10_000);
  });

  it.each(PLACES)("of four, with interests that change, taken by: %s", (place) => {
    const settings = PEER_CLOSES.map((peerClose) => ({ interests: wider, peerClose, place }));
    const { runs, calls } = check(4, settings);
    expect(runs).toBe(3 * 1515);
    expect(calls).toBeGreaterThan(1000);
  });

  it("of four, with and without a turn after each", () => {
    let calls = 0;
    for (const peerClose of PEER_CLOSES) {
      const setting = { interests: same, peerClose, place: "outside" } as const;
      for (const steps of words(4)) {
        for (const turns of choicesOfTurns(steps)) calls += runInterleaving(setting, steps, turns);
      }
    }
    expect(calls).toBeGreaterThan(10_000);
  });
});

it.each(PLACES)("8 / H4, H25, H26: of four, with modes that change, taken by: %s", (place) => {
  const [first, ...others] = MODES.map(([, mode]) => READABLE | PEER_CLOSED | mode);
  const interests = [first!, ...others] as const;
  const settings = PEER_CLOSES.map((peerClose) => ({ interests, peerClose, place }));
  expect(check(4, settings).runs).toBe(3 * 1515);
});

it("3: a neighbour that changes the interest does not put off the last call", () => {
  const interests = [READABLE, READABLE | WRITABLE] as const;
  const setting = { interests, peerClose: "reset", place: "neighbour" } as const;
  // With a turn more the rotation has come to the neighbour, which goes first.
  const steps = ["read", "peer-close", "modify"] as const;
  expect(runInterleaving(setting, steps, EVERY_TURN)).toBe(1);
});
