/** Slow clients beside normal ones: what the normal ones notice of them. */
import type { HttpRun } from "./http.ts";
import type { Slowness } from "./http-crowd.ts";
import { HttpPeerServer, wrk } from "./http-servers.ts";
import { Child } from "./processes.ts";
import type { Row } from "./report.ts";
import { summarize } from "./rounds.ts";

const KINDS: readonly Slowness[] = ["heads", "bodies", "readers"];
const CROWD = 2000;
/** At most so many times as long as without the crowd. */
const GOAL = 2;
const LOAD = { connections: 16, seconds: 3, pipelined: false };

interface Round {
  readonly alone: number;
  readonly beside: number;
}

/** The 99th percentile of the normal answers, in milliseconds. */
export async function measureSlow({ options, progress }: HttpRun): Promise<Row[]> {
  const rows: Row[] = [];
  for (const kind of KINDS) {
    const name = `${CROWD} slow ${kind} beside 16 connections`;
    if (!name.includes(options.only)) continue;
    const rounds: Round[] = [];
    for (let round = 1; round <= options.rounds; round++) {
      progress(`http, ${name}: round ${round} of ${options.rounds}`);
      rounds.push(await measureRound(kind));
    }
    rows.push({
      name: `${name}: the 99th percentile`,
      unit: "ms",
      figures: {
        alone: summarize(rounds.map(({ alone }) => alone)),
        beside: summarize(rounds.map(({ beside }) => beside)),
      },
      reached: summarize(rounds.map(({ alone, beside }) => beside / alone)),
      reachedUnit: "x alone",
      goal: GOAL,
    });
  }
  return rows;
}

async function measureRound(kind: Slowness): Promise<Round> {
  const server = await HttpPeerServer.start("iomux");
  const crowd = await Child.start("http-crowd");
  await wrk(server.port, { ...LOAD, seconds: 1 });
  const before = await wrk(server.port, LOAD);
  await crowd.ask("begin", { port: server.port, kind, count: CROWD });
  const { p99 } = await wrk(server.port, LOAD);
  await crowd.ask("end");
  const after = await wrk(server.port, LOAD);
  await Promise.all([crowd.stop(), server.stop()]);
  return { alone: (before.p99 + after.p99) / 2, beside: p99 };
}
