/** One large file at a time, down and up, with curl. */
import { randomFillSync } from "node:crypto";
import { closeSync, openSync, rmSync, writeSync } from "node:fs";

import type { FilesRun } from "./files.ts";
import { compare, download, upload } from "./files-clients.ts";
import { FileServer, type Library, type PeerName, type ServerName } from "./files-servers.ts";
import type { Row } from "./report.ts";
import { interleave, summarize } from "./rounds.ts";

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

const DIRECTIONS = ["down", "up"] as const;
type Direction = (typeof DIRECTIONS)[number];

/** Transfers of each server in a round. */
const TRANSFERS = 4;

/** Our efficiency, in times theirs. */
const GOALS: Readonly<Record<PeerName, number | null>> = {
  vsftpd: 0.55,
  "ftp-srv": 1.5,
  pyftpdlib: null,
};

/** Of a GiB. */
interface Cost {
  /** Milliseconds of the server. */
  readonly cpu: number;
  /** Seconds that curl took. */
  readonly wall: number;
}
type Round = Record<ServerName, Cost>;

/** Bytes of a slice: 1 GiB has 16 of them. */
export const SLICE_BYTES = 64 * MIB;

/** A file that has no byte run twice, so that a piece in the wrong place is seen. */
export function makeFile(library: Library, name: string, bytes: number): string {
  const file = openSync(library.at(name), "w", 0o644);
  const piece = randomFillSync(Buffer.allocUnsafe(MIB));
  for (let offset = 0; offset < bytes; offset += MIB) {
    for (let place = 0; place < MIB; place += 4096) piece.writeDoubleLE(offset + place, place);
    writeSync(file, piece);
  }
  closeSync(file);
  return name;
}

export async function measureTransfers(run: FilesRun): Promise<Row[]> {
  const { library, peers, options, progress } = run;
  const names: ServerName[] = ["iomux", ...peers];
  const bytes = options.slices * SLICE_BYTES;
  const rows: Row[] = [];
  for (const direction of DIRECTIONS.filter((name) => `curl ${name}`.includes(options.only))) {
    const name = makeFile(library, "large", bytes);
    const rounds: Round[] = [];
    for (let round = 1; round <= options.rounds; round++) {
      progress(`files, curl ${direction}: round ${round} of ${options.rounds}`);
      rounds.push(await measureRound(direction, names, { library, name, bytes }));
    }
    rows.push(...rowsOf(`curl ${direction}, ${bytes / MIB} MiB`, peers, rounds));
    rmSync(library.at(name));
  }
  return rows;
}

function rowsOf(name: string, peers: readonly PeerName[], rounds: readonly Round[]): Row[] {
  const against = (peer: PeerName): Row => ({
    name: `${name}: CPU against ${peer}`,
    unit: "ms per GiB",
    figures: {
      [peer]: summarize(rounds.map((round) => round[peer].cpu)),
      iomux: summarize(rounds.map(({ iomux }) => iomux.cpu)),
    },
    reached: summarize(rounds.map((round) => round[peer].cpu / round.iomux.cpu)),
    reachedUnit: `x ${peer}`,
    goal: GOALS[peer],
    atLeast: true,
  });
  const walls = (["iomux", ...peers] as const).map((server) => {
    return [server, summarize(rounds.map((round) => round[server].wall))] as const;
  });
  return [
    ...peers.map(against),
    {
      name: "  time taken",
      unit: "s per GiB",
      figures: Object.fromEntries(walls),
      reached: summarize(rounds.map(({ iomux }) => 1 / iomux.wall)),
      reachedUnit: "GiB/s",
      goal: null,
    },
  ];
}

interface What {
  readonly library: Library;
  readonly name: string;
  readonly bytes: number;
}

async function measureRound(
  direction: Direction,
  names: readonly ServerName[],
  { library, name, bytes }: What,
): Promise<Round> {
  const servers = {} as Record<ServerName, FileServer>;
  for (const server of names) servers[server] = await FileServer.start(server, library);
  /** Answers the seconds it took; what has come can be compared. */
  const transfer = async (server: ServerName, checked = false): Promise<number> => {
    const { port } = servers[server];
    const copy = direction === "up" ? `${library.uploadsOf(server)}/copy` : "copy";
    const seconds =
      direction === "up"
        ? await upload(port, library.at(name), copy)
        : await download(port, name, checked ? library.at(copy) : undefined);
    if (checked) await compare(library.at(name), library.at(copy));
    if (checked || direction === "up") rmSync(library.at(copy));
    return seconds;
  };
  for (const server of names) await transfer(server, true);
  const before = {} as Record<ServerName, number>;
  for (const server of names) before[server] = await servers[server].cpu();
  const seconds = await interleave(names, TRANSFERS, transfer);
  const gib = (TRANSFERS * bytes) / GIB;
  const costs = names.map(async (server) => {
    const cpu = (await servers[server].cpu()) - before[server];
    return [server, { cpu: cpu / 1000 / gib, wall: seconds[server] / gib }] as const;
  });
  const round = Object.fromEntries(await Promise.all(costs)) as Round;
  await Promise.all(Object.values(servers).map((server) => server.stop()));
  return round;
}
