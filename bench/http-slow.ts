/** Slow clients beside normal ones: what the normal ones notice of them. */
import { setTimeout } from "node:timers/promises";

import type { HttpRun } from "./http.ts";
import type { Slowness } from "./http-crowd.ts";
import { HttpPeerServer, wrk } from "./http-servers.ts";
import { Child } from "./processes.ts";
import type { Row } from "./report.ts";
import { summarize } from "./rounds.ts";

const KINDS: readonly Slowness[] = ["heads", "bodies", "readers"];
/**
 * What readers leave unread is in the kernel, up to 4 MiB for each. 2,000 of them have more than all
 * of the machine may have (tcp_mem, tcp(7)): then the kernel drops what anybody is sent, and the
 * figure is that of its retransmissions, whatever the server.
 */
const CROWD: Readonly<Record<Slowness, number>> = { heads: 2000, bodies: 2000, readers: 250 };
/** At most so many times as long as without the crowd. */
const GOAL = 2;
/** A server that works less than this share of a look has settled; after so many it is not waited for. */
const BUSY = 0.15;
const LOOK_MS = 500;
const MOST_LOOKS = 60;
const LOAD = { connections: 16, seconds: 3, pipelined: false };

interface Round {
  readonly alone: number;
  readonly beside: number;
}

/** The 99th percentile of the normal answers, in milliseconds. */
export async function measureSlow({ options, progress }: HttpRun): Promise<Row[]> {
  const rows: Row[] = [];
  for (const kind of KINDS) {
    const name = `${CROWD[kind]} slow ${kind} beside 16 connections`;
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
  await crowd.ask("begin", { port: server.port, kind, count: CROWD[kind] });
  await settled(server);
  const { p99 } = await wrk(server.port, LOAD);
  await crowd.ask("end");
  await settled(server);
  const after = await wrk(server.port, LOAD);
  await Promise.all([crowd.stop(), server.stop()]);
  return { alone: (before.p99 + after.p99) / 2, beside: p99 };
}

/** To take in a crowd, to fill the buffers of the kernel for it, and to let it go, is not measured. */
async function settled(server: HttpPeerServer): Promise<void> {
  for (let look = 0, before = server.cpu; look < MOST_LOOKS; look++) {
    await setTimeout(LOOK_MS);
    const now = server.cpu;
    if (now - before < BUSY * LOOK_MS * 1000) return;
    before = now;
  }
}
