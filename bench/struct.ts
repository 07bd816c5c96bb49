/**
 * Benchmark "struct": a record of five fields packed and unpacked, against a `DataView` by hand.
 *
 * Usually a record comes in a buffer of its own, and leaves in one: by hand a `DataView` is made for
 * each. With one buffer for all, and one view kept over it, there is nothing left to make.
 */
import type { Bench, BenchOptions, Row } from "./report.ts";
import { Child } from "./processes.ts";
import { interleave, summarize } from "./rounds.ts";

const CASES = ["numbers", "bytes, bigint", "numbers, one buffer"] as const;
export type StructCase = (typeof CASES)[number];
const WAYS = ["hand", "struct"] as const;
export type StructWay = (typeof WAYS)[number];

/** In a slice: some 0.1 s. */
const RECORDS = 500_000;
const GOAL = 2;

export const structs: Bench = {
  title: `struct, slices of ${RECORDS} records of five fields`,
  async run(options, progress) {
    const rows: Row[] = [];
    for (const name of CASES.filter((candidate) => candidate.includes(options.only))) {
      const rounds: Record<StructWay, number>[] = [];
      for (let round = 1; round <= options.rounds; round++) {
        progress(`struct, ${name}: round ${round} of ${options.rounds}`);
        rounds.push(await measureRound(name, options));
      }
      rows.push({
        name,
        unit: "ns per record",
        figures: {
          hand: summarize(rounds.map(({ hand }) => hand)),
          struct: summarize(rounds.map(({ struct }) => struct)),
        },
        reached: summarize(rounds.map(({ hand, struct }) => struct / hand)),
        reachedUnit: "x by hand",
        goal: name === "numbers, one buffer" ? null : GOAL,
      });
    }
    return rows;
  },
};

/** Nanoseconds of CPU per record. */
async function measureRound(
  name: StructCase,
  { warmUp, slices }: BenchOptions,
): Promise<Record<StructWay, number>> {
  const children = {} as Record<StructWay, Child>;
  for (const way of WAYS) children[way] = await Child.start("struct");
  const runOne = async (way: StructWay): Promise<number> => {
    const before = await children[way].ask<number>("cpu");
    await children[way].ask("records", { name, way, count: RECORDS });
    return (await children[way].ask<number>("cpu")) - before;
  };
  await interleave(WAYS, warmUp, runOne);
  const ns = await interleave(WAYS, slices, runOne);
  for (const way of WAYS) {
    await children[way].stop();
    ns[way] *= 1000 / (RECORDS * slices);
  }
  return ns;
}
