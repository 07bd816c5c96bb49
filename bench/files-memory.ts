/**
 * What the server's memory is at its largest: with small files and large ones, and with many who
 * read slowly. The young generation of V8's heap grows with the rate of garbage, by up to 48 MiB:
 * here it is held at its smallest.
 */
import { rmSync } from "node:fs";
import { setTimeout } from "node:timers/promises";

import type { FilesRun } from "./files.ts";
import { download, upload } from "./files-clients.ts";
import { FileServer, type Library, type ServerName } from "./files-servers.ts";
import { makeFile, SLICE_BYTES } from "./files-transfer.ts";
import { Child } from "./processes.ts";
import type { Remark, Row } from "./report.ts";
import { summarize } from "./rounds.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const NODE_FLAGS = ["--max-semi-space-size=1"];

/** Sessions at once. All of a small pool is in use from the second on. */
const SESSIONS = [1, 50, 200] as const;
type Sessions = (typeof SESSIONS)[number];
/** Bytes more for each session. */
const GOAL_BYTES = 64 * KIB;
/** A large file, against as many bytes in small ones. */
const GOAL_RATIO = 1.1;
/** Each needs many of the server's writes, beyond what the kernel holds. */
const READING_MS = 8_000;
const LEAST_BYTES = 2 * MIB;

export async function measureMemory(run: FilesRun): Promise<(Row | Remark)[]> {
  const rows: (Row | Remark)[] = [];
  if ("memory, file size".includes(run.options.only)) rows.push(await measureSizes(run));
  if (!"memory, sessions".includes(run.options.only)) return rows;
  makeFile(run.library, "slow", SLICE_BYTES);
  rows.push(await measureSessions("iomux", run));
  for (const peer of run.peers) {
    if (peer === "vsftpd")
      rows.push({
        name: "memory, sessions, vsftpd",
        remark: "a process for each session: no figure",
      });
    else rows.push(await measureSessions(peer, run));
  }
  rmSync(run.library.at("slow"));
  return rows;
}

/** New processes each time: some seconds, so that there are fewer rounds. */
function roundsOf({ options }: FilesRun): number {
  return Math.ceil(options.rounds / 4);
}

async function measureSizes(run: FilesRun): Promise<Row> {
  const { library, options, progress } = run;
  const { slices } = options;
  makeFile(library, "one", SLICE_BYTES);
  makeFile(library, "all", slices * SLICE_BYTES);
  const small: number[] = [];
  const large: number[] = [];
  for (let round = 1; round <= roundsOf(run); round++) {
    progress(`files, memory by file size: round ${round} of ${roundsOf(run)}`);
    small.push(await peakAfter(library, "one", slices));
    large.push(await peakAfter(library, "all", 1));
  }
  for (const name of ["one", "all"]) rmSync(library.at(name));
  return {
    name: "memory, file size",
    unit: "MiB at most",
    figures: {
      [`${slices} of 64 MiB`]: summarize(small.map((bytes) => bytes / MIB)),
      [`1 of ${slices * 64} MiB`]: summarize(large.map((bytes) => bytes / MIB)),
    },
    reached: summarize(large.map((bytes, i) => bytes / small[i]!)),
    reachedUnit: "x small files",
    goal: GOAL_RATIO,
  };
}

/** Bytes, after so many transfers of a file down and up. */
async function peakAfter(library: Library, name: string, times: number): Promise<number> {
  const server = await FileServer.start("iomux", library, { nodeFlags: NODE_FLAGS });
  const copy = `${library.uploadsOf("iomux")}/copy`;
  for (let i = 0; i < times; i++) {
    await download(server.port, name);
    await upload(server.port, library.at(name), copy);
    rmSync(library.at(copy));
  }
  const peak = server.peakMemory();
  await server.stop();
  return peak;
}

async function measureSessions(name: ServerName, run: FilesRun): Promise<Row> {
  const rounds: Record<Sessions, number>[] = [];
  for (let round = 1; round <= roundsOf(run); round++) {
    run.progress(`files, memory by sessions, ${name}: round ${round} of ${roundsOf(run)}`);
    const peaks = {} as Record<Sessions, number>;
    for (const count of SESSIONS) peaks[count] = await peakWith(run.library, name, count);
    rounds.push(peaks);
  }
  const figures = SESSIONS.map((count) => {
    return [`${count}`, summarize(rounds.map((peaks) => peaks[count] / MIB))] as const;
  });
  const [, some, many] = SESSIONS;
  return {
    name: `memory, sessions, ${name}`,
    unit: "MiB at most",
    figures: Object.fromEntries(figures),
    reached: summarize(rounds.map((peaks) => (peaks[many] - peaks[some]) / KIB / (many - some))),
    reachedUnit: `KiB a session, from ${some} to ${many}`,
    goal: name === "iomux" ? GOAL_BYTES / KIB : null,
  };
}

/** Bytes, with so many slow readers. */
async function peakWith(library: Library, name: ServerName, count: number): Promise<number> {
  const server = await FileServer.start(name, library, { nodeFlags: NODE_FLAGS });
  const readers = await Child.start("slow-readers");
  await download(server.port, "slow"); // what is compiled and allocated once
  await readers.ask("open", { port: server.port, path: "slow", count });
  await setTimeout(READING_MS);
  const least = await readers.ask<number>("least");
  if (least < LEAST_BYTES)
    throw new Error(`${name}: one of ${count} readers has had ${least} bytes`);
  const peak = server.peakMemory();
  await Promise.all([readers.stop(), server.stop()]);
  return peak;
}
