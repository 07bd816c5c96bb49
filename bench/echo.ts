/**
 * Benchmark "echo": 100 connections, the echo server of the README against a plain `net` server.
 * Figure: CPU time of the server process per message echoed.
 */
import type { Bench, BenchOptions, Row } from "./report.ts";
import { Child } from "./processes.ts";
import { interleave, summarize } from "./rounds.ts";

const CONNECTIONS = 100;
const SERVERS = ["net", "iomux"] as const;

interface Case {
  readonly name: string;
  readonly size: number;
  readonly inFlight: number;
  /** In a slice: some 0.3 s. */
  readonly messages: number;
  readonly goal: number;
}

const CASES: readonly Case[] = [
  { name: "64 B, 1 in flight", size: 64, inFlight: 1, messages: 30_000, goal: 0.9 },
  { name: "64 B, 16 in flight", size: 64, inFlight: 16, messages: 400_000, goal: 0.9 },
  { name: "16 KiB, 1 in flight", size: 16_384, inFlight: 1, messages: 20_000, goal: 1 },
  { name: "16 KiB, 16 in flight", size: 16_384, inFlight: 16, messages: 30_000, goal: 1 },
];

export const echo: Bench = {
  title: `echo, ${CONNECTIONS} connections, server CPU per message`,
  async run(options, progress) {
    const rows: Row[] = [];
    for (const kind of CASES.filter(({ name }) => name.includes(options.only))) {
      const perRound: { net: number; iomux: number }[] = [];
      for (let round = 1; round <= options.rounds; round++) {
        progress(`echo ${kind.name}: round ${round} of ${options.rounds}`);
        perRound.push(await measureRound(kind, options));
      }
      const reached = summarize(perRound.map(({ net, iomux }) => iomux / net));
      rows.push({
        name: kind.name,
        unit: "µs",
        figures: {
          net: summarize(perRound.map(({ net }) => net)),
          iomux: summarize(perRound.map(({ iomux }) => iomux)),
        },
        reached,
        reachedUnit: "x net",
        goal: kind.goal,
      });
    }
    return rows;
  },
};

/** Microseconds per message. New processes each round: one that compiled badly is one of many. */
async function measureRound(
  { size, inFlight, messages }: Case,
  { slices }: BenchOptions,
): Promise<{ net: number; iomux: number }> {
  const load = await Child.start("load");
  const servers = { net: await Child.start("net"), iomux: await Child.start("iomux") };
  for (const name of SERVERS) {
    const port = await servers[name].ask<number>("port");
    await load.ask("open", { group: name, port, count: CONNECTIONS });
  }
  const runOne = async (group: "net" | "iomux"): Promise<number> => {
    const before = await servers[group].ask<number>("cpu");
    await load.ask("echo", { group, messages, size, inFlight });
    return (await servers[group].ask<number>("cpu")) - before;
  };
  await interleave(SERVERS, 2, runOne); // warm-up
  const sums = await interleave(SERVERS, slices, runOne);
  await Promise.all([load.stop(), servers.net.stop(), servers.iomux.stop()]);
  const all = slices * messages;
  return { net: sums.net / all, iomux: sums.iomux / all };
}
