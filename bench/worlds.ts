/**
 * Benchmark "worlds": the chat room in a simulated world without faults, everything in one process.
 * Figure: lines that members were delivered per second of CPU time of that process, which runs the
 * room, its members and the network between them. The goal is a number, not a competitor.
 */
import { createSimulation } from "iomux/testing";

import { readSettings } from "../examples/chat/flags.ts";
import { ChatServer } from "../examples/chat/server.ts";
import type { Bench, Row } from "./report.ts";
import { summarize } from "./rounds.ts";

const PORT = 9000;
/** Of deliveries per second. */
const GOAL = 20_000;

interface Case {
  readonly members: number;
  /** Each member says so many. */
  readonly lines: number;
}

const CASES: readonly Case[] = [
  { members: 8, lines: 40 },
  { members: 50, lines: 10 },
];

interface Measured {
  readonly said: number;
  readonly delivered: number;
}

export const worlds: Bench = {
  title: "worlds: a simulated chat room, thousand lines per second of CPU, all in one process",
  async run(options, progress) {
    const rows: Row[] = [];
    for (const kind of CASES) {
      const name = `${kind.members} members`;
      if (!name.includes(options.only)) continue;
      for (let i = 0; i < options.warmUp; i++) await evening(kind, i);
      const rounds: Measured[] = [];
      for (let round = 1; round <= options.rounds; round++) {
        progress(`worlds, ${name}: round ${round} of ${options.rounds}`);
        rounds.push(await measureRound(kind, options.slices));
      }
      rows.push(rowOf(name, rounds));
    }
    return rows;
  },
};

function rowOf(name: string, rounds: readonly Measured[]): Row {
  return {
    name,
    unit: "thousand/s",
    figures: {
      said: summarize(rounds.map(({ said }) => said / 1000)),
      delivered: summarize(rounds.map(({ delivered }) => delivered / 1000)),
    },
    reached: summarize(rounds.map(({ delivered }) => delivered / GOAL)),
    reachedUnit: "x 20 thousand/s",
    goal: 1,
    atLeast: true,
  };
}

async function measureRound(kind: Case, slices: number): Promise<Measured> {
  const before = process.cpuUsage();
  let delivered = 0;
  for (let seed = 0; seed < slices; seed++) delivered += await evening(kind, seed);
  const { user, system } = process.cpuUsage(before);
  const seconds = (user + system) / 1e6;
  const said = slices * kind.members * kind.lines;
  return { said: said / seconds, delivered: delivered / seconds };
}

/** Every member says its lines, some at a time; answers how many lines of others members heard. */
async function evening({ members, lines }: Case, seed: number): Promise<number> {
  const world = createSimulation({ seed });
  return world.run(async () => {
    const host = world.host("room");
    const reactor = host.createReactor();
    const flags = { port: PORT, host: "0.0.0.0", "lines-per-second": 0, "history-lines": 0 };
    const settings = readSettings(Object.entries(flags).map(([flag, is]) => `--${flag}=${is}`))!;
    const chat = await ChatServer.open(reactor, {
      settings,
      transcript: false,
      log: () => undefined,
      minuteOfDay: () => 0,
      onShutdown: () => undefined,
    });
    const sockets = Array.from({ length: members }, (_, i) => {
      const socket = world.host(`home ${i % 4}`).dial({ host: host.address, port: PORT });
      socket.write(`Member${i}\n`);
      return socket;
    });
    await world.sleep(10);
    for (let line = 0; line < lines; line++) {
      for (const socket of sockets) socket.write(`line ${line} of an evening\n`);
      await world.sleep(world.random.integer(1, 20));
    }
    await world.sleep(10);
    const heard = sockets.map((socket) => socket.received.toString().split(" says: ").length - 1);
    for (const socket of sockets) socket.destroy();
    await chat.end(100);
    await reactor.close();
    const all = heard.reduce((sum, count) => sum + count, 0);
    if (all === members * (members - 1) * lines) return all;
    throw new Error(`${all} lines were heard of ${members * (members - 1) * lines}`);
  });
}
