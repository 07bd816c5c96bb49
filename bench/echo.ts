/**
 * Benchmark "echo": 100 connections, the echo server of the README against a plain `net` server.
 * Figure: CPU time of the server process per message echoed.
 */
import type { Bench, BenchOptions, Row } from "./report.ts";
import { Child, type ProgramName } from "./processes.ts";
import { interleave, summarize } from "./rounds.ts";

const CONNECTIONS = 100;
const SERVERS = ["net", "contender"] as const;

/** A record of TLS has 16 KiB at most, which is one message of the second. */
const TLS_CASES = [
  { name: "TLS, 64 B, 1 in flight", size: 64, inFlight: 1, messages: 6_000, goal: 1.1 },
  { name: "TLS, 16 KiB, 1 in flight", size: 16_384, inFlight: 1, messages: 4_000, goal: 1.1 },
] as const;

interface Cost {
  net: number;
  contender: number;
}

/** Microseconds per message: all, and of that what was spent outside the kernel. */
interface Round {
  readonly all: Cost;
  readonly user: Cost;
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

export const tls: Bench = {
  title: `echo over TLS, ${CONNECTIONS} connections, server CPU per message, against node:tls`,
  run: (options, progress) => compare("tls-iomux", options, progress, "tls-net", TLS_CASES),
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
  plain: ProgramName = "net",
  cases: readonly Case[] = CASES,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const kind of cases.filter(({ name }) => name.includes(options.only))) {
    const rounds: Round[] = [];
    for (let round = 1; round <= options.rounds; round++) {
      progress(`${contender} against ${plain}, ${kind.name}: round ${round} of ${options.rounds}`);
      rounds.push(await measureRound(kind, contender, options, plain));
    }
    const label = contender === "net" ? "net again" : contender;
    const all = rounds.map((round) => round.all);
    const user = rounds.map((round) => round.user);
    rows.push(
      { name: kind.name, ...figuresOf(all, label), goal: kind.goal },
      { name: "  outside the kernel", ...figuresOf(user, label), goal: null },
    );
  }
  return rows;
}

function figuresOf(costs: readonly Cost[], label: string): Omit<Row, "name" | "goal"> {
  return {
    unit: "µs",
    figures: {
      net: summarize(costs.map(({ net }) => net)),
      [label]: summarize(costs.map(({ contender }) => contender)),
    },
    reached: summarize(costs.map(({ contender, net }) => contender / net)),
    reachedUnit: "x net",
  };
}

/** New processes each round: one that compiled badly, or whose heap lies badly, is one of many. */
async function measureRound(
  { size, inFlight, messages }: Case,
  contender: ProgramName,
  { warmUp, slices }: BenchOptions,
  plain: ProgramName,
): Promise<Round> {
  const load = await Child.start("load");
  const servers = { net: await Child.start(plain), contender: await Child.start(contender) };
  for (const group of SERVERS) {
    const port = await servers[group].ask<number>("port");
    await load.ask("open", { group, port, count: CONNECTIONS, secure: plain === "tls-net" });
  }
  const user: Cost = { net: 0, contender: 0 };
  const runOne = async (group: keyof Cost): Promise<number> => {
    const server = servers[group];
    const userBefore = await server.ask<number>("userCpu");
    const before = await server.ask<number>("cpu");
    await load.ask("echo", { group, messages, size, inFlight });
    const spent = (await server.ask<number>("cpu")) - before;
    user[group] += (await server.ask<number>("userCpu")) - userBefore;
    return spent;
  };
  await interleave(SERVERS, warmUp, runOne);
  for (const group of SERVERS) user[group] = 0;
  const all = await interleave(SERVERS, slices, runOne);
  await Promise.all([load.stop(), servers.net.stop(), servers.contender.stop()]);
  for (const cost of [all, user]) {
    for (const group of SERVERS) cost[group] /= slices * messages;
  }
  return { all, user };
}
