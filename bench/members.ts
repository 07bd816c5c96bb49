/**
 * Benchmark "members": 50, 500 and 5,000 members join, say one line (which is answered), hear one,
 * and leave. What a delivery costs, with its share of coming and going, must not depend on how many
 * there are. Every slice has as many deliveries: 100 visits of 50 members, or one of 5,000.
 */
import { Child } from "./processes.ts";
import type { Bench, BenchOptions, Row } from "./report.ts";
import { interleave, summarize } from "./rounds.ts";

const COUNTS = [50, 500, 5000] as const;
const BASE = COUNTS[0];
/** Visitors in a slice, whatever the number at a time. */
const TOTAL = COUNTS.at(-1)!;
/** To each visitor: the answer, and the line that everybody hears. */
const DELIVERIES = 2 * TOTAL;
const SIZE = 64;
const FLAT = 1.3;

type Server = "iomux" | "net";
type Place = `${Server} ${(typeof COUNTS)[number]}`;
const SERVERS: readonly Server[] = ["iomux", "net"];
const PLACES: readonly Place[] = SERVERS.flatMap((server) =>
  COUNTS.map((count) => `${server} ${count}` as const),
);

export const members: Bench = {
  title: `members, join, one line each way, leave; server CPU per delivery`,
  async run(options, progress) {
    const rounds: Record<Place, number>[] = [];
    for (let round = 1; round <= options.rounds; round++) {
      progress(`members: round ${round} of ${options.rounds}`);
      rounds.push(await measureRound(options));
    }
    return SERVERS.flatMap((server) =>
      COUNTS.map((count): Row => {
        const base = rounds.map((round) => round[`${server} ${BASE}`]);
        const many = rounds.map((round) => round[`${server} ${count}`]);
        return {
          name: `${server}, ${count} members`,
          unit: "µs",
          figures: { CPU: summarize(many) },
          reached: summarize(many.map((µs, i) => µs / base[i]!)),
          reachedUnit: `x ${BASE} members`,
          goal: server === "iomux" && count !== BASE ? FLAT : null,
        };
      }),
    );
  },
};

/** Microseconds per delivery. */
async function measureRound({ warmUp, slices }: BenchOptions): Promise<Record<Place, number>> {
  const visitors = await Child.start("visitors");
  const servers = {} as Record<Place, { child: Child; port: number }>;
  for (const place of PLACES) {
    const child = await Child.start(place.startsWith("iomux") ? "room-iomux" : "room-net");
    servers[place] = { child, port: await child.ask<number>("listen") };
  }
  const runOne = async (place: Place): Promise<number> => {
    const { child, port } = servers[place];
    const count = Number(place.split(" ")[1]);
    const before = await child.ask<number>("cpu");
    await visitors.ask("visits", { port, count, total: TOTAL, size: SIZE });
    return (await child.ask<number>("cpu")) - before;
  };
  // A slice is ten times as long as elsewhere.
  const measuredSlices = Math.ceil(slices / 4);
  await interleave(PLACES, Math.ceil(warmUp / 4), runOne);
  const sums = await interleave(PLACES, measuredSlices, runOne);
  const children = Object.values(servers).map(({ child }) => child);
  await Promise.all([visitors, ...children].map((child) => child.stop()));
  for (const place of PLACES) sums[place] /= measuredSlices * DELIVERIES;
  return sums;
}
