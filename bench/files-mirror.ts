/** Many small files, down and up, with lftp's mirror. */
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { FilesRun } from "./files.ts";
import { mirror } from "./files-clients.ts";
import { FileServer, type Library, type PeerName, type ServerName } from "./files-servers.ts";
import type { Remark, Row } from "./report.ts";
import { interleave, summarize } from "./rounds.ts";

const FILE_BYTES = 1024;
/** Files in a slice: 10,000 have 16 of them. */
const SLICE_FILES = 625;
/** Mirrors of each server in a round. */
const MIRRORS = 2;

/** Its replies wait for the acknowledgement of what went before (Nagle), which is delayed. */
const TOO_SLOW = "left out: it answers every 40 ms, some 20 files/s";

interface Case {
  readonly name: string;
  readonly direction: "down" | "up";
  /** Sessions of lftp. */
  readonly atOnce: number;
  /** Times what pyftpdlib does. */
  readonly goal: number | null;
}

const CASES: readonly Case[] = [
  { name: "mirror down", direction: "down", atOnce: 1, goal: 1 },
  { name: "mirror up", direction: "up", atOnce: 1, goal: 1 },
  { name: "mirror down, 8 at once", direction: "down", atOnce: 8, goal: null },
  { name: "mirror up, 8 at once", direction: "up", atOnce: 8, goal: null },
];

interface Cost {
  /** Files in a second. */
  readonly rate: number;
  /** Microseconds of the server for a file. */
  readonly cpu: number;
}
type Round = Record<ServerName, Cost>;

/** Small files, as many as `count`. */
export function makeFolder(library: Library, name: string, count: number): string {
  mkdirSync(library.at(name), { mode: 0o755 });
  const content = Buffer.alloc(FILE_BYTES, "x");
  for (let i = 0; i < count; i++) writeFileSync(join(library.at(name), `file-${i}.txt`), content);
  return name;
}

export async function measureMirrors(run: FilesRun): Promise<(Row | Remark)[]> {
  const { library, options, progress } = run;
  const peers = run.peers.filter((name) => name !== "ftp-srv");
  const names: ServerName[] = ["iomux", ...peers];
  const count = options.slices * SLICE_FILES;
  const rows: (Row | Remark)[] = [];
  for (const kind of CASES.filter(({ name }) => name.includes(options.only))) {
    const folder = makeFolder(library, "small", count);
    const rounds: Round[] = [];
    for (let round = 1; round <= options.rounds; round++) {
      progress(`files, ${kind.name}: round ${round} of ${options.rounds}`);
      rounds.push(await measureRound(kind, names, { library, folder, count }));
    }
    rows.push(...rowsOf(kind, count, peers, rounds));
    rmSync(library.at(folder), { recursive: true });
  }
  if (rows.length > 0) rows.push({ name: "mirror, against ftp-srv", remark: TOO_SLOW });
  return rows;
}

function rowsOf(
  { name, goal }: Case,
  count: number,
  peers: readonly PeerName[],
  rounds: readonly Round[],
): Row[] {
  const rates = (peer: PeerName): Row => ({
    name: `${name}, ${count} of 1 KiB, against ${peer}`,
    unit: "files/s",
    figures: {
      [peer]: summarize(rounds.map((round) => round[peer].rate)),
      iomux: summarize(rounds.map(({ iomux }) => iomux.rate)),
    },
    reached: summarize(rounds.map((round) => round.iomux.rate / round[peer].rate)),
    reachedUnit: `x ${peer}`,
    goal: peer === "pyftpdlib" ? goal : null,
    atLeast: true,
  });
  const cpus = (["iomux", ...peers] as const).map((server) => {
    return [server, summarize(rounds.map((round) => round[server].cpu))] as const;
  });
  return [
    ...peers.map(rates),
    {
      name: "  CPU for a file",
      unit: "µs",
      figures: Object.fromEntries(cpus),
      reached: summarize(rounds.map(({ iomux }) => iomux.cpu)),
      reachedUnit: "µs",
      goal: null,
    },
  ];
}

interface What {
  readonly library: Library;
  readonly folder: string;
  readonly count: number;
}

async function measureRound(
  { direction, atOnce }: Case,
  names: readonly ServerName[],
  { library, folder, count }: What,
): Promise<Round> {
  const servers = {} as Record<ServerName, FileServer>;
  for (const server of names) servers[server] = await FileServer.start(server, library);
  const mirrorOnce = async (server: ServerName): Promise<number> => {
    const copy = direction === "up" ? library.uploadsOf(server) : "copy";
    const remote = direction === "up" ? copy : folder;
    const local = library.at(direction === "up" ? folder : copy);
    const { port } = servers[server];
    const seconds = await mirror({ port, direction, remote, local, atOnce });
    checkCopy(library.at(copy), count);
    rmSync(library.at(copy), { recursive: true });
    return seconds;
  };
  await interleave(names, 1, mirrorOnce);
  const before = {} as Record<ServerName, number>;
  for (const server of names) before[server] = await servers[server].cpu();
  const seconds = await interleave(names, MIRRORS, mirrorOnce);
  const costs = names.map(async (server) => {
    const cpu = ((await servers[server].cpu()) - before[server]) / (MIRRORS * count);
    return [server, { rate: (MIRRORS * count) / seconds[server], cpu }] as const;
  });
  const round = Object.fromEntries(await Promise.all(costs)) as Round;
  await Promise.all(Object.values(servers).map((server) => server.stop()));
  return round;
}

/** A mirror of which a part has failed is no rate. */
function checkCopy(folder: string, count: number): void {
  const names = readdirSync(folder);
  const whole = names.filter((name) => statSync(join(folder, name)).size === FILE_BYTES);
  if (whole.length !== count)
    throw new Error(`${folder} has ${whole.length} of ${count} files (${names.length} names)`);
}
