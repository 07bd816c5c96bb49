/** How long the turns of the file server are while it serves, and what it calls in its loop. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, rmSync } from "node:fs";

import type { FilesRun } from "./files.ts";
import { download, list, mirror, upload } from "./files-clients.ts";
import { makeFolder } from "./files-mirror.ts";
import { FileServer, runs, type Library } from "./files-servers.ts";
import { makeFile, SLICE_BYTES } from "./files-transfer.ts";
import { own } from "./processes.ts";
import type { Remark, Row } from "./report.ts";
import { summarize } from "./rounds.ts";
import type { TurnTimes } from "./turn-watch.ts";

const SLICE_FILES = 200;

/** Files to serve, made beforehand: to make them takes the machine from who is measured. */
interface Material {
  readonly file: string;
  readonly folder: string;
  /** Where uploads go to. */
  readonly copy: string;
  readonly library: Library;
}

function makeMaterial(library: Library, slices: number): Material {
  const file = makeFile(library, "large", slices * SLICE_BYTES);
  const folder = makeFolder(library, "small", slices * SLICE_FILES);
  return { file, folder, copy: `${library.uploadsOf("iomux")}/copy`, library };
}

function removeMaterial({ file, folder, library }: Material): void {
  for (const name of [file, folder]) rmSync(library.at(name), { recursive: true });
}

export async function measureTurns(run: FilesRun): Promise<Row[]> {
  const { library, options, progress } = run;
  if (!"turns".includes(options.only)) return [];
  const material = makeMaterial(library, options.slices);
  const rounds: TurnTimes[] = [];
  for (let round = 1; round <= options.rounds; round++) {
    progress(`files, turns: round ${round} of ${options.rounds}`);
    const server = await FileServer.start("iomux", library, { watched: true });
    await serveAll(server, material);
    await server.child!.ask("turns");
    await serveAll(server, material);
    rounds.push(await server.child!.ask<TurnTimes>("turns"));
    await server.stop();
  }
  removeMaterial(material);
  const row = (
    name: string,
    figures: readonly (keyof TurnTimes)[],
    what: keyof TurnTimes,
  ): Row => ({
    name,
    unit: "ms",
    figures: Object.fromEntries(
      figures.map((figure) => [figure, summarize(rounds.map((times) => times[figure]))]),
    ),
    reached: summarize(rounds.map((times) => times[what])),
    reachedUnit: "ms",
    goal: null,
  });
  return [
    row("turns, 2 down, 1 up and a mirror at once: p99", ["p50", "p99", "longest"], "p99"),
    row("  a timer of 1 ms comes late: p99", ["lateP99"], "lateP99"),
  ];
}

async function serveAll({ port }: FileServer, material: Material): Promise<void> {
  const { file, folder, copy, library } = material;
  const what = { port, direction: "down", remote: folder, local: library.at("copy") } as const;
  await Promise.all([
    download(port, file),
    download(port, file),
    upload(port, library.at(file), copy),
    mirror({ ...what, atOnce: 2 }),
  ]);
  for (const name of [copy, "copy"]) rmSync(library.at(name), { recursive: true });
}

/**
 * A call whose first argument is a file's descriptor, or a path. /dev/null is no file, and is opened
 * to learn how many descriptors are left.
 */
const FILE_CALL = /^\w+\((?:AT_FDCWD(?:<[^>]*>)?, )?(?:\d+<\/(?!dev\/null)|"(?!\/dev\/null"))/;
const SOCKET_CALL = /^\w+\(\d+<(?:socket|TCP)/;

/**
 * The system calls of the thread that runs the loop, during a download, an upload and a listing:
 * none of them may be one of the file system, which could block it.
 */
export async function measureCalls(run: FilesRun): Promise<(Row | Remark)[]> {
  const { library, options, progress } = run;
  const name = "file system calls in the loop's thread";
  if (!name.includes(options.only)) return [];
  if (!runs("strace", ["-V"])) return [{ name, remark: "strace is not installed" }];
  progress("files, system calls");
  const server = await FileServer.start("iomux", library);
  const material = makeMaterial(library, 1);
  await visit(server, material);
  const calls = await traceMainThread(server.pid, library, () => visit(server, material));
  await server.stop();
  removeMaterial(material);
  const onSockets = calls.filter((call) => SOCKET_CALL.test(call)).length;
  if (onSockets === 0) throw new Error(`strace saw no call on a socket: ${calls[0] ?? "nothing"}`);
  const onFiles = calls.filter((call) => FILE_CALL.test(call));
  for (const call of onFiles.slice(0, 3)) progress(`in the loop's thread: ${call}\n`);
  return [
    {
      name,
      unit: "calls",
      figures: { "on sockets": summarize([onSockets]), "on files": summarize([onFiles.length]) },
      reached: summarize([onFiles.length]),
      reachedUnit: "calls on files",
      goal: 0,
    },
  ];
}

async function visit({ port }: FileServer, material: Material): Promise<void> {
  const { file, folder, copy, library } = material;
  await download(port, file);
  await upload(port, library.at(file), copy);
  await list(port, folder);
  rmSync(library.at(copy));
}

/** The main thread only, which is the one that has the process's own id. One call a line. */
async function traceMainThread(
  pid: number,
  library: Library,
  work: () => Promise<void>,
): Promise<string[]> {
  const output = library.at("trace");
  const flags = ["-y", "-s", "64", "-e", "trace=%file,%desc", "-o", output, "-p", `${pid}`];
  const tracer = spawn("strace", flags, { stdio: ["ignore", "ignore", "pipe"] });
  own(tracer);
  const [said] = (await once(tracer.stderr, "data")) as [Buffer];
  if (!said.includes("attached")) throw new Error(`strace: ${said.toString().trim()}`);
  await work();
  tracer.kill("SIGINT");
  await once(tracer, "exit");
  const calls = readFileSync(output, "utf8").split("\n");
  rmSync(output);
  return calls;
}
