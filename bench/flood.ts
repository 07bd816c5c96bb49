/** Benchmark "flood": one direction at full speed. No goal is set; it is here to be watched. */
import type { Bench, BenchOptions, Row } from "./report.ts";
import { Child } from "./processes.ts";
import { interleave, summarize } from "./rounds.ts";

const CONNECTIONS = 4;
const MIB = 1024 * 1024;
/** MiB in a slice. */
const MESSAGES = 256;
const SERVERS = ["net", "iomux"] as const;

/** `size` and `replySize` as the load sees them. */
const DIRECTIONS = {
  in: { name: "in: read and dropped", size: MIB, replySize: 1 },
  out: { name: "out: writes of 64 KiB", size: 1, replySize: MIB },
};
type Direction = keyof typeof DIRECTIONS;
type Cost = Record<(typeof SERVERS)[number], number>;

export const flood: Bench = {
  title: `flood, ${CONNECTIONS} connections, one direction, server CPU per GiB`,
  async run(options, progress) {
    const rows: Row[] = [];
    for (const direction of ["in", "out"] as const) {
      const { name } = DIRECTIONS[direction];
      if (!name.includes(options.only)) continue;
      const rounds: Cost[] = [];
      for (let round = 1; round <= options.rounds; round++) {
        progress(`flood ${direction}: round ${round} of ${options.rounds}`);
        rounds.push(await measureRound(direction, options));
      }
      rows.push({
        name,
        unit: "ms",
        figures: {
          net: summarize(rounds.map(({ net }) => net)),
          iomux: summarize(rounds.map(({ iomux }) => iomux)),
        },
        reached: summarize(rounds.map(({ net, iomux }) => iomux / net)),
        reachedUnit: "x net",
        goal: null,
      });
    }
    return rows;
  },
};

/** Milliseconds per GiB. */
async function measureRound(direction: Direction, options: BenchOptions): Promise<Cost> {
  const { size, replySize } = DIRECTIONS[direction];
  const load = await Child.start("load");
  const servers = { net: await Child.start("flood-net"), iomux: await Child.start("flood-iomux") };
  for (const group of SERVERS) {
    const port = await servers[group].ask<number>("port", { direction });
    await load.ask("open", { group, port, count: CONNECTIONS });
  }
  const runOne = async (group: keyof Cost): Promise<number> => {
    const before = await servers[group].ask<number>("cpu");
    await load.ask("echo", { group, messages: MESSAGES, size, replySize, inFlight: 2 });
    return (await servers[group].ask<number>("cpu")) - before;
  };
  await interleave(SERVERS, options.warmUp, runOne);
  const sums = await interleave(SERVERS, options.slices, runOne);
  await Promise.all([load.stop(), servers.net.stop(), servers.iomux.stop()]);
  const gib = (options.slices * MESSAGES) / 1024;
  return { net: sums.net / 1000 / gib, iomux: sums.iomux / 1000 / gib };
}
