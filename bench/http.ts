/**
 * Benchmark "http": the HTTP server of the examples against node:http, fastify, Bun.serve and nginx,
 * with wrk. The figure is the CPU time of the server for each request.
 */
import { measureStatic } from "./http-files.ts";
import { findHttpPeers, hasWrk, HttpPeerServer, wrk } from "./http-servers.ts";
import type { HttpPeer, HttpServerName } from "./http-servers.ts";
import { measureSlow } from "./http-slow.ts";
import type { Bench, BenchOptions, Remark, Row } from "./report.ts";
import { interleave, summarize } from "./rounds.ts";

/** What each part of this benchmark is given. */
export interface HttpRun {
  /** Those that are here. */
  readonly peers: readonly HttpPeer[];
  readonly options: BenchOptions;
  readonly progress: (line: string) => void;
}

interface Case {
  readonly name: string;
  readonly pipelined: boolean;
  /** Our requests per CPU second, in times node:http's. */
  readonly goal: number;
}

const CASES: readonly Case[] = [
  { name: "64 connections, 13 bytes", pipelined: false, goal: 2 },
  { name: "64 connections, 13 bytes, 16 at once", pipelined: true, goal: 4 },
];

const CONNECTIONS = 64;
const SECONDS = 1;
/** Of each server in a round. */
const SLICES = 2;

const PARTS: readonly ((run: HttpRun) => Promise<(Row | Remark)[]>)[] = [
  measureRequests,
  measureStatic,
  measureSlow,
];

export const http: Bench = {
  title: "http, the HTTP server against others, with wrk",
  async run(options, progress) {
    if (!hasWrk()) return [{ name: "wrk", remark: "not installed" }];
    const { peers, missing } = findHttpPeers();
    const rows: (Row | Remark)[] = missing.map((line) => {
      return { name: "not compared with", remark: line };
    });
    for (const measure of PARTS) rows.push(...(await measure({ peers, options, progress })));
    return rows;
  },
};

type Round = Record<HttpServerName, number>;

async function measureRequests({ peers, options, progress }: HttpRun): Promise<Row[]> {
  const names: HttpServerName[] = ["iomux", ...peers];
  const rows: Row[] = [];
  for (const given of CASES.filter(({ name }) => name.includes(options.only))) {
    const rounds: Round[] = [];
    for (let round = 1; round <= options.rounds; round++) {
      progress(`http, ${given.name}: round ${round} of ${options.rounds}`);
      rounds.push(await measureRound(names, given));
    }
    rows.push(...peers.map((peer) => rowOf(given, peer, rounds)));
  }
  return rows;
}

function rowOf({ name, goal }: Case, peer: HttpPeer, rounds: readonly Round[]): Row {
  return {
    name: `${name}: requests per CPU second against ${peer}`,
    unit: "µs per request",
    figures: {
      [peer]: summarize(rounds.map((round) => round[peer])),
      iomux: summarize(rounds.map(({ iomux }) => iomux)),
    },
    reached: summarize(rounds.map((round) => round[peer] / round.iomux)),
    reachedUnit: `x ${peer}`,
    goal: peer === "node:http" ? goal : null,
    atLeast: true,
  };
}

/** Microseconds of CPU per request. */
async function measureRound(names: readonly HttpServerName[], { pipelined }: Case): Promise<Round> {
  const servers = {} as Record<HttpServerName, HttpPeerServer>;
  for (const name of names) servers[name] = await HttpPeerServer.start(name);
  const measure = async (name: HttpServerName): Promise<number> => {
    const before = servers[name].cpu;
    const load = { connections: CONNECTIONS, seconds: SECONDS, pipelined };
    const { requests } = await wrk(servers[name].port, load);
    return (servers[name].cpu - before) / requests / SLICES;
  };
  for (const name of names) await measure(name);
  const round = await interleave(names, SLICES, measure);
  await Promise.all(Object.values(servers).map((server) => server.stop()));
  return round;
}
