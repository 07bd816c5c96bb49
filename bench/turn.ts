/**
 * Benchmark "turn": the turn alone, on the network in memory. What a dispatch costs must not
 * depend on how many are registered, only on how many are ready (promise 28).
 */
import type { Bench, BenchOptions, Row } from "./report.ts";
import { Child } from "./processes.ts";
import { interleave, summarize } from "./rounds.ts";

const REGISTERED = ["10", "1000", "100000"] as const;
type Registered = (typeof REGISTERED)[number];
/** In a slice: some 0.1 s. */
const DISPATCHES = 1_000_000;
/** What "flat" means: what `idle` allows for 10,000 connections. */
const FLAT = 1.2;

export const turn: Bench = {
  title: `turn, slices of ${DISPATCHES} dispatches in memory, 10 ready`,
  async run(options, progress) {
    const rounds: Record<Registered, number>[] = [];
    for (let round = 1; round <= options.rounds; round++) {
      progress(`turn: round ${round} of ${options.rounds}`);
      rounds.push(await measureRound(options));
    }
    const base = REGISTERED[0];
    return REGISTERED.map((registered): Row => {
      const figure = summarize(rounds.map((ns) => ns[registered]));
      const reached = summarize(rounds.map((ns) => ns[registered] / ns[base]));
      return {
        name: `${registered} registered`,
        unit: "ns per dispatch",
        figures: { CPU: figure },
        reached,
        reachedUnit: `x ${base} registered`,
        goal: registered === base ? null : FLAT,
      };
    });
  },
};

/** Nanoseconds per dispatch. */
async function measureRound({ warmUp, slices }: BenchOptions): Promise<Record<Registered, number>> {
  const children = {} as Record<Registered, Child>;
  for (const registered of REGISTERED) {
    children[registered] = await Child.start("turn");
    await children[registered].ask("register", { count: Number(registered) });
  }
  const runOne = async (registered: Registered): Promise<number> => {
    const before = await children[registered].ask<number>("cpu");
    await children[registered].ask("dispatch", { count: DISPATCHES });
    return (await children[registered].ask<number>("cpu")) - before;
  };
  await interleave(REGISTERED, warmUp, runOne);
  const ns = await interleave(REGISTERED, slices, runOne);
  for (const registered of REGISTERED) {
    await children[registered].stop();
    ns[registered] *= 1000 / (DISPATCHES * slices);
  }
  return ns;
}
