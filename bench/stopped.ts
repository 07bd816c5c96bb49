/**
 * Benchmark "stopped": 50 of 500 members stop reading while one floods. Two servers with 500
 * members each are flooded at the same rate, in turns; in one of them 50 have stopped. Figures: the
 * time until a line is with one who reads, and the memory that the server has needed at most.
 *
 * The kernel takes some 4 MiB for each who has stopped before anything waits in the server. So a
 * round floods twice as much: it has the time before in it, the moment of the overflow, and after.
 */
import type { ServerStats } from "iomux";

import { Child } from "./processes.ts";
import type { Bench, BenchOptions, Row } from "./report.ts";
import { interleave, summarize } from "./rounds.ts";

const MEMBERS = 500;
const STOPPED = 50;
const MAX_OUTPUT_BYTES = 256 * 1024;
const MIB = 1024 * 1024;

const FLOOD = { size: 1024, atOnce: 16, everyMs: 32 } as const;
/** Lines in a round, for each member: 8 MiB. */
const MESSAGES = 8 * 1024;
const PLACES = ["none", "stopped"] as const;
type Place = (typeof PLACES)[number];

const POLICIES = ["close", "drop-oldest"] as const;
type Policy = (typeof POLICIES)[number];

interface Measured {
  /** Milliseconds. */
  readonly p99: number;
  readonly longest: number;
  /** What a slice took, against what it should take. */
  readonly late: number;
  /** Bytes of the resident set at its largest, over what it was when all had joined. */
  readonly peak: number;
}
type Round = Record<Place, Measured>;

export const stopped: Bench = {
  title: `stopped, ${STOPPED} of ${MEMBERS} members stop reading in a flood of ${describeFlood()}`,
  async run(options, progress) {
    const rows: Row[] = [];
    for (const policy of POLICIES.filter((name) => name.includes(options.only))) {
      const rounds: Round[] = [];
      for (let round = 1; round <= options.rounds; round++) {
        progress(`stopped, ${policy}: round ${round} of ${options.rounds}`);
        rounds.push(await measureRound(policy, options));
      }
      rows.push(...rowsOf(policy, rounds));
    }
    return rows;
  },
};

function describeFlood(): string {
  const { size, atOnce, everyMs } = FLOOD;
  return `${((size * atOnce) / 1024 / everyMs).toFixed(1)} MB/s each`;
}

function rowsOf(policy: Policy, rounds: readonly Round[]): Row[] {
  const compared = (what: "p99" | "longest" | "late"): Omit<Row, "name" | "unit" | "goal"> => ({
    figures: {
      none: summarize(rounds.map(({ none }) => none[what])),
      [`${STOPPED} stopped`]: summarize(rounds.map((round) => round.stopped[what])),
    },
    reached: summarize(rounds.map((round) => round.stopped[what] / round.none[what])),
    reachedUnit: "x none stopped",
  });
  const bound = (MEMBERS * MAX_OUTPUT_BYTES) / MIB;
  const peaks = rounds.map((round) => round.stopped.peak / MIB);
  return [
    { name: `${policy}: p99`, unit: "ms", ...compared("p99"), goal: 2 },
    { name: "  longest", unit: "ms", ...compared("longest"), goal: null },
    { name: "  duration, 1: the rate held", unit: "x", ...compared("late"), goal: null },
    {
      name: "  peak memory over base",
      unit: "MiB",
      figures: {
        none: summarize(rounds.map(({ none }) => none.peak / MIB)),
        [`${STOPPED} stopped`]: summarize(peaks),
        bound: summarize([bound]),
      },
      reached: summarize(peaks.map((peak) => peak / bound)),
      reachedUnit: "x bound",
      goal: 1,
    },
  ];
}

async function measureRound(
  outputPolicy: Policy,
  { warmUp, slices }: BenchOptions,
): Promise<Round> {
  const audience = await Child.start("audience");
  const servers = {} as Record<Place, Child>;
  const base = {} as Record<Place, number>;
  for (const name of PLACES) {
    servers[name] = await Child.start("room-iomux", ["--expose-gc"]);
    const limits = { outputPolicy, maxOutputBytes: MAX_OUTPUT_BYTES };
    const port = await servers[name].ask<number>("listen", { limits });
    await audience.ask("join", { name, port, count: MEMBERS, dialect: "lines" });
    base[name] = (await servers[name].ask<{ rss: number }>("memory")).rss;
  }
  const messages = Math.ceil(MESSAGES / slices / FLOOD.atOnce) * FLOOD.atOnce;
  const nominalMs = (messages / FLOOD.atOnce) * FLOOD.everyMs;
  const runOne = async (name: Place): Promise<number> =>
    (await audience.ask<number>("flood", { name, messages, ...FLOOD })) / nominalMs;
  await interleave(PLACES, Math.ceil(warmUp / 4), runOne);
  for (const name of PLACES) await audience.ask("times", { name });
  await audience.ask("stop", { name: "stopped", count: STOPPED });
  const late = await interleave(PLACES, slices, runOne);
  const measured = PLACES.map(async (name) => {
    const { p99, longest } = await audience.ask<Pick<Measured, "p99" | "longest">>("times", {
      name,
    });
    const peak = (await servers[name].ask<number>("peakMemory")) - base[name];
    return [name, { p99, longest, late: late[name] / slices, peak }] as const;
  });
  const round = Object.fromEntries(await Promise.all(measured)) as Round;
  await checkLimitsReached(outputPolicy, servers);
  await Promise.all([audience, ...Object.values(servers)].map((child) => child.stop()));
  return round;
}

/** Figures of a flood that nobody's limit has met would say nothing. */
async function checkLimitsReached(policy: Policy, servers: Record<Place, Child>): Promise<void> {
  const { none, stopped } = {
    none: await servers.none.ask<ServerStats>("stats"),
    stopped: await servers.stopped.ask<ServerStats>("stats"),
  };
  const met = policy === "close" ? stopped.closed.overflow === STOPPED : stopped.droppedFrames > 0;
  if (met && none.closed.overflow === 0 && none.droppedFrames === 0) return;
  const found = [none, stopped].map(({ closed, droppedFrames }) => ({ closed, droppedFrames }));
  throw new Error(`not those who stopped met their limit: ${JSON.stringify(found)}`);
}
