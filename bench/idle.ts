/**
 * Benchmark "idle": what 10,000 registered connections cost that say nothing.
 *
 * CPU: 10 busy connections (64 B, one in flight) on a server with 10,000 idle ones, against the
 * same on a server with none. Memory: growth of the resident set, garbage collected before and
 * after, per idle connection; once before they ever spoke and once after one message each. The
 * young generation of the JS heap grows with the rate of garbage, up to 48 MiB, and has nothing to
 * do with connections: here it is held at its smallest. What the resident set does without that is
 * shown too.
 *
 * A process may have some 20,000 descriptors on the usual machine, so the idle connections of each
 * server are held by a load process of their own.
 */
import { setTimeout } from "node:timers/promises";

import type { Bench, BenchOptions, Row } from "./report.ts";
import { Child } from "./processes.ts";
import { interleave, summarize } from "./rounds.ts";

const IDLE = 10_000;
const BUSY = 10;
/** In a slice: some 0.1 s. */
const MESSAGES = 8_000;
const CPU_FLAGS = ["--expose-gc"];
const MEMORY_FLAGS = ["--expose-gc", "--max-semi-space-size=1"];

const PLACES = ["net", "net idle", "iomux", "iomux idle"] as const;
type Place = (typeof PLACES)[number];
type Server = "net" | "iomux";

interface Memory {
  readonly rss: number;
  readonly heap: number;
}

interface Growth {
  readonly silent: Memory;
  readonly spoken: Memory;
}

interface Round {
  /** Microseconds per message. */
  readonly cpu: Record<Place, number>;
  /** Bytes per idle connection, in processes that do nothing else. */
  readonly memory: Record<Server, Growth>;
  /** The same in the processes whose CPU time is measured. */
  readonly untamed: Record<Server, Growth>;
}

export const idle: Bench = {
  title: `idle, ${IDLE} idle connections, ${BUSY} busy ones (64 B, 1 in flight)`,
  async run(options, progress) {
    const rounds: Round[] = [];
    for (let round = 1; round <= options.rounds; round++) {
      progress(`idle: round ${round} of ${options.rounds}`);
      rounds.push({
        memory: { net: await measureMemory("net"), iomux: await measureMemory("iomux") },
        ...(await measureCpu(options)),
      });
    }
    return [
      cpuRow("iomux", rounds, 1.2),
      cpuRow("net", rounds, null),
      memoryRow("memory, silent so far", 1, rounds, ({ memory }, server) => {
        return memory[server].silent.rss;
      }),
      memoryRow("memory, one message each", 1, rounds, ({ memory }, server) => {
        return memory[server].spoken.rss;
      }),
      memoryRow("JS heap and buffers, silent", null, rounds, ({ memory }, server) => {
        return memory[server].silent.heap;
      }),
      memoryRow("memory, silent, any young gen.", null, rounds, ({ untamed }, server) => {
        return untamed[server].silent.rss;
      }),
    ];
  },
};

function cpuRow(server: Server, rounds: readonly Round[], goal: number | null): Row {
  const loaded = `${server} idle` as const;
  return {
    name: `CPU per message, ${server}`,
    unit: "µs",
    figures: {
      "0 idle": summarize(rounds.map(({ cpu }) => cpu[server])),
      [`${IDLE} idle`]: summarize(rounds.map(({ cpu }) => cpu[loaded])),
    },
    reached: summarize(rounds.map(({ cpu }) => cpu[loaded] / cpu[server])),
    reachedUnit: "x none idle",
    goal,
  };
}

function memoryRow(
  name: string,
  goal: number | null,
  rounds: readonly Round[],
  bytes: (round: Round, server: Server) => number,
): Row {
  const net = rounds.map((round) => bytes(round, "net") / 1024);
  const iomux = rounds.map((round) => bytes(round, "iomux") / 1024);
  return {
    name,
    unit: "KiB",
    figures: { net: summarize(net), iomux: summarize(iomux) },
    reached: summarize(iomux.map((kib, i) => kib - net[i]!)),
    reachedUnit: "KiB over net",
    goal,
  };
}

async function measureCpu({ warmUp, slices }: BenchOptions): Promise<Omit<Round, "memory">> {
  const load = await Child.start("load");
  const servers = {} as Record<Place, Child>;
  for (const place of PLACES) {
    const server = await Child.start(place.startsWith("net") ? "net" : "iomux", CPU_FLAGS);
    servers[place] = server;
    const port = await server.ask<number>("port");
    await load.ask("open", { group: place, port, count: BUSY });
  }
  const runOne = async (group: Place): Promise<number> => {
    const before = await servers[group].ask<number>("cpu");
    await load.ask("echo", { group, messages: MESSAGES, size: 64, inFlight: 1 });
    return (await servers[group].ask<number>("cpu")) - before;
  };
  await interleave(PLACES, warmUp, runOne);
  const holders = [await Child.start("load"), await Child.start("load")] as const;
  const untamed = {
    net: await growth(servers["net idle"], holders[0]),
    iomux: await growth(servers["iomux idle"], holders[1]),
  };
  await interleave(PLACES, warmUp, runOne);
  const sums = await interleave(PLACES, slices, runOne);
  await Promise.all([load, ...holders, ...Object.values(servers)].map((child) => child.stop()));
  const all = slices * MESSAGES;
  const cpu = Object.fromEntries(PLACES.map((place) => [place, sums[place] / all]));
  return { cpu: cpu as Record<Place, number>, untamed };
}

async function measureMemory(kind: Server): Promise<Growth> {
  const server = await Child.start(kind, MEMORY_FLAGS);
  const holder = await Child.start("load");
  const port = await server.ask<number>("port");
  await holder.ask("open", { group: "busy", port, count: BUSY });
  await holder.ask("echo", { group: "busy", messages: 40_000, size: 64, inFlight: 1 });
  const grown = await growth(server, holder);
  await Promise.all([server.stop(), holder.stop()]);
  return grown;
}

/** Opens the idle connections. */
async function growth(server: Child, holder: Child): Promise<Growth> {
  const before = await server.ask<Memory>("memory");
  const perConnection = async (): Promise<Memory> => {
    const { rss, heap } = await server.ask<Memory>("memory");
    return { rss: (rss - before.rss) / IDLE, heap: (heap - before.heap) / IDLE };
  };
  const port = await server.ask<number>("port");
  const expected = (await server.ask<number>("connections")) + IDLE;
  await holder.ask("open", { group: "idle", port, count: IDLE });
  // A connection stands when the kernel has it: the server may not have accepted it yet.
  while ((await server.ask<number>("connections")) < expected) await setTimeout(10);
  const silent = await perConnection();
  await holder.ask("echo", { group: "idle", messages: IDLE, size: 64, inFlight: 1 });
  return { silent, spoken: await perConnection() };
}
