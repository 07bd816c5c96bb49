/**
 * Benchmark "echo": 100 connections, the echo server of the README against a plain `net` server.
 * Figure: CPU time of the server process per message echoed.
 */
import type { Bench, BenchOptions, Row } from "./report.ts";
import { Child, type ProgramName } from "./processes.ts";
import { interleave, summarize } from "./rounds.ts";

const CONNECTIONS = 100;
const SERVERS = ["net", "contender"] as const;

interface Cost {
  readonly net: number;
  readonly contender: number;
}

interface Case {
  readonly name: string;
  readonly size: number;
  readonly inFlight: number;
  /** In a slice: some 0.1 s. */
  readonly messages: number;
  readonly goal: number;
}

const CASES: readonly Case[] = [
  { name: "64 B, 1 in flight", size: 64, inFlight: 1, messages: 12_000, goal: 0.9 },
  { name: "64 B, 16 in flight", size: 64, inFlight: 16, messages: 160_000, goal: 0.9 },
  { name: "16 KiB, 1 in flight", size: 16_384, inFlight: 1, messages: 7_000, goal: 1 },
  { name: "16 KiB, 16 in flight", size: 16_384, inFlight: 16, messages: 12_000, goal: 1 },
];

export const echo: Bench = {
  title: `echo, ${CONNECTIONS} connections, server CPU per message`,
  run: (options, progress) => compare("iomux", options, progress),
};

/** What the same measurement says where there is nothing to find. */
export const noise: Bench = {
  title: "noise: plain net against itself, measured as echo is",
  async run(options, progress) {
    const rows = await compare("net", options, progress);
    return rows.map((row) => ({ ...row, goal: null }));
  },
};

async function compare(
  contender: ProgramName,
  options: BenchOptions,
  progress: (line: string) => void,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const kind of CASES.filter(({ name }) => name.includes(options.only))) {
    const perRound: Cost[] = [];
    for (let round = 1; round <= options.rounds; round++) {
      progress(`${contender} against net, ${kind.name}: round ${round} of ${options.rounds}`);
      perRound.push(await measureRound(kind, contender, options));
    }
    rows.push({
      name: kind.name,
      unit: "µs",
      figures: {
        net: summarize(perRound.map(({ net }) => net)),
        [contender === "net" ? "net again" : contender]: summarize(
          perRound.map((cost) => cost.contender),
        ),
      },
      reached: summarize(perRound.map((cost) => cost.contender / cost.net)),
      reachedUnit: "x net",
      goal: kind.goal,
    });
  }
  return rows;
}

/** Microseconds per message. New processes each round: one that compiled badly is one of many. */
async function measureRound(
  { size, inFlight, messages }: Case,
  contender: ProgramName,
  { warmUp, slices }: BenchOptions,
): Promise<Cost> {
  const load = await Child.start("load");
  const servers = { net: await Child.start("net"), contender: await Child.start(contender) };
  for (const group of SERVERS) {
    const port = await servers[group].ask<number>("port");
    await load.ask("open", { group, port, count: CONNECTIONS });
  }
  const runOne = async (group: keyof Cost): Promise<number> => {
    const before = await servers[group].ask<number>("cpu");
    await load.ask("echo", { group, messages, size, inFlight });
    return (await servers[group].ask<number>("cpu")) - before;
  };
  await interleave(SERVERS, warmUp, runOne);
  const sums = await interleave(SERVERS, slices, runOne);
  await Promise.all([load.stop(), servers.net.stop(), servers.contender.stop()]);
  const all = slices * messages;
  return { net: sums.net / all, contender: sums.contender / all };
}
