/**
 * Benchmark "fanout": one speaks, 500 others hear it. `serve()`, `lines()` and `broadcast()` against
 * a loop over plain sockets, and against the pub/sub of Redis. Figure: deliveries per second of CPU
 * time of the server process; the members and the speaker are another process.
 */
import type { DialectName } from "./audience.ts";
import { Child } from "./processes.ts";
import { Redis } from "./redis.ts";
import type { Bench, BenchOptions, Remark, Row } from "./report.ts";
import { interleave, summarize } from "./rounds.ts";

const MEMBERS = 500;
const SIZE = 64;
type Name = "net" | "iomux" | "redis";

interface Case {
  readonly name: string;
  /** Lines in one write; the next ones when everybody has had the last. */
  readonly atOnce: number;
  /** In a slice: some 0.1 s. */
  readonly messages: number;
  /** Times what `net` delivers. */
  readonly goal: number;
}

const CASES: readonly Case[] = [
  { name: "bursts of 16", atOnce: 16, messages: 16 * 6, goal: 2 },
  { name: "paced, 1 at a time", atOnce: 1, messages: 40, goal: 1 },
];

/** Deliveries per second of CPU time. */
type Round = Record<Name, number>;

export const fanout: Bench = {
  title: `fanout, ${MEMBERS} members, lines of ${SIZE} B, deliveries per second of server CPU`,
  async run(options, progress) {
    const version = Redis.version();
    const names: Name[] = version === null ? ["net", "iomux"] : ["net", "iomux", "redis"];
    const rows: (Row | Remark)[] = [];
    for (const kind of CASES.filter(({ name }) => name.includes(options.only))) {
      const rounds: Round[] = [];
      for (let round = 1; round <= options.rounds; round++) {
        progress(`fanout, ${kind.name}: round ${round} of ${options.rounds}`);
        rounds.push(await measureRound(kind, names, options));
      }
      rows.push({ ...rowOf(kind.name, "net", rounds), goal: kind.goal, atLeast: true });
      const name = `${kind.name}, Redis ${version ?? ""}`.trim();
      if (version === null) rows.push({ name, remark: "redis-server is not installed" });
      else rows.push({ ...rowOf(name, "redis", rounds), goal: null });
    }
    return rows;
  },
};

function rowOf(name: string, peer: Name, rounds: readonly Round[]): Omit<Row, "goal"> {
  return {
    name,
    unit: "thousand/s",
    figures: {
      [peer]: summarize(rounds.map((round) => round[peer] / 1000)),
      iomux: summarize(rounds.map(({ iomux }) => iomux / 1000)),
    },
    reached: summarize(rounds.map((round) => round.iomux / round[peer])),
    reachedUnit: `x ${peer}`,
  };
}

/** A server that is measured. */
interface Measured {
  readonly port: number;
  readonly dialect: DialectName;
  /** Microseconds so far. */
  cpu(): Promise<number> | number;
  stop(): Promise<void>;
}

async function start(name: Name): Promise<Measured> {
  if (name === "redis") {
    const redis = await Redis.start();
    const { port } = redis;
    return { port, dialect: "redis", cpu: () => redis.cpu(), stop: () => redis.stop() };
  }
  const child = await Child.start(`room-${name}`);
  const port = await child.ask<number>("listen");
  return { port, dialect: "lines", cpu: () => child.ask("cpu"), stop: () => child.stop() };
}

async function measureRound(
  { messages, atOnce }: Case,
  names: readonly Name[],
  { warmUp, slices }: BenchOptions,
): Promise<Round> {
  const audience = await Child.start("audience");
  const servers = {} as Record<Name, Measured>;
  for (const name of names) {
    servers[name] = await start(name);
    const { port, dialect } = servers[name];
    await audience.ask("join", { name, port, count: MEMBERS, dialect });
  }
  const runOne = async (name: Name): Promise<number> => {
    const before = await servers[name].cpu();
    await audience.ask("talk", { name, messages, atOnce, size: SIZE });
    return (await servers[name].cpu()) - before;
  };
  await interleave(names, warmUp, runOne);
  const sums = await interleave(names, slices, runOne);
  await Promise.all([audience, ...Object.values(servers)].map((child) => child.stop()));
  const deliveries = slices * messages * MEMBERS;
  const perSecond = names.map((name) => [name, deliveries / (sums[name] / 1e6)] as const);
  return Object.fromEntries(perSecond) as Round;
}
