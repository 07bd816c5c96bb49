/**
 * Benchmark "files": the file server of the examples against vsftpd, pyftpdlib and npm's ftp-srv,
 * with the clients that people use. The figure is the CPU time of the server, all of its processes.
 */
import { rmSync } from "node:fs";

import { measureMemory } from "./files-memory.ts";
import { measureMirrors } from "./files-mirror.ts";
import { findPeers, Library, runs, type PeerName } from "./files-servers.ts";
import { measureTransfers } from "./files-transfer.ts";
import { measureCalls, measureTurns } from "./files-turns.ts";
import type { Bench, BenchOptions, Remark, Row } from "./report.ts";

/** What each part of this benchmark is given. */
export interface FilesRun {
  readonly library: Library;
  /** Those that are here. */
  readonly peers: readonly PeerName[];
  readonly options: BenchOptions;
  readonly progress: (line: string) => void;
}

const PARTS: readonly ((run: FilesRun) => Promise<(Row | Remark)[]>)[] = [
  measureTransfers,
  measureMirrors,
  measureMemory,
  measureTurns,
  measureCalls,
];

export const files: Bench = {
  title: "files, the file server against others, with curl and lftp",
  async run(options, progress) {
    const clients = ["curl", "lftp"].filter((name) => !runs(name, ["--version"]));
    if (clients.length > 0) return [{ name: clients.join(", "), remark: "not installed" }];
    const { peers, missing } = findPeers();
    for (const line of missing) progress(`NOT COMPARED WITH ${line}\n`);
    const library = new Library();
    const rows: (Row | Remark)[] = [
      { name: "files are in", remark: library.inMemory ? "memory (/dev/shm)" : library.root },
      ...missing.map((line) => ({ name: "not compared with", remark: line })),
    ];
    for (const measure of PARTS)
      rows.push(...(await measure({ library, peers, options, progress })));
    rmSync(library.root, { recursive: true });
    return rows;
  },
};
