/**
 * Static files of the HTTP server against node:http with sirv, and nginx. The figure is requests per
 * second of the server's CPU, all of its processes and threads.
 */
import { execFile } from "node:child_process";
import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

import { Library } from "./files-servers.ts";
import { makeFile } from "./files-transfer.ts";
import type { HttpRun } from "./http.ts";
import { StaticServer, type StaticServerName } from "./http-files-servers.ts";
import { WRK } from "./http-servers.ts";
import { ownFolder } from "./processes.ts";
import type { Remark, Row } from "./report.ts";
import { interleave, summarize } from "./rounds.ts";

const execute = promisify(execFile);

const KIB = 1024;
const MIB = 1024 * KIB;
const CONNECTIONS = 64;
/** Slices of a second for each server in a round: wrk has no shorter ones. */
const SLICES = 2;
/** Files that are asked for in turn, so that no two requests of a while are for the same. */
const MANY = 1000;
const LARGE = "files, a large one";
const LARGE_BYTES = 1024 * MIB;
/** Our requests per second of CPU, in times theirs. */
const GOAL = 1.3;
/** Bytes of memory more, for a download of 1 GiB: the pool of large pieces, and some. */
const GOAL_MIB = 48;

interface Case {
  readonly name: string;
  readonly bytes: number;
  readonly files: number;
  readonly goal: number | null;
}

const CASES: readonly Case[] = [
  { name: "files, one of 1 KiB", bytes: KIB, files: 1, goal: GOAL },
  { name: "files, one of 100 KiB", bytes: 100 * KIB, files: 1, goal: GOAL },
  { name: `files, ${MANY} of 1 KiB`, bytes: KIB, files: MANY, goal: null },
];

export async function measureStatic(run: HttpRun): Promise<(Row | Remark)[]> {
  const library = new Library();
  const rows: (Row | Remark)[] = [];
  for (const one of CASES.filter(({ name }) => name.includes(run.options.only))) {
    rows.push(...(await measureCase(one, library, run)));
  }
  if (LARGE.includes(run.options.only)) rows.push(await measureLarge(library, run));
  rmSync(library.root, { recursive: true });
  return rows;
}

function fill({ bytes, files }: Case, library: Library): string {
  const folder = `files-${bytes}-${files}`;
  mkdirSync(library.at(folder));
  for (let i = 0; i < files; i++) {
    writeFileSync(join(library.at(folder), `${i}.bin`), Buffer.alloc(bytes, `${i} `));
  }
  chmodSync(library.at(folder), 0o755);
  return folder;
}

async function measureCase(
  one: Case,
  library: Library,
  { peers, options, progress }: HttpRun,
): Promise<Row[]> {
  const folder = fill(one, library);
  const names: StaticServerName[] = ["iomux", "sirv", "sirv-dev"];
  if (peers.includes("nginx")) names.push("nginx");
  const servers = new Map<StaticServerName, StaticServer>();
  for (const name of names) {
    servers.set(name, await StaticServer.start(name, library.root, `/${folder}/0.bin`));
  }
  const script = loadScript(folder, one.files);
  const rate = (name: StaticServerName): Promise<number> => load(servers.get(name)!, script);
  for (const name of names) await rate(name);
  const rounds: Record<StaticServerName, number>[] = [];
  for (let round = 1; round <= options.rounds; round++) {
    progress(`http, ${one.name}: round ${round} of ${options.rounds}`);
    rounds.push(await interleave(names, SLICES, rate));
  }
  for (const server of servers.values()) await server.stop();
  return names
    .filter((name) => name !== "iomux")
    .map((name) => {
      return {
        name: `${one.name}: requests per CPU second, against ${name}`,
        unit: "requests",
        figures: {
          [name]: summarize(rounds.map((round) => round[name] / SLICES)),
          iomux: summarize(rounds.map(({ iomux }) => iomux / SLICES)),
        },
        reached: summarize(rounds.map((round) => round.iomux / round[name])),
        reachedUnit: `x ${name}`,
        goal: name === "nginx" ? null : one.goal,
        atLeast: true,
      };
    });
}

/** What wrk asks for. The step has nothing in common with the number, so that all have their turn. */
function loadScript(folder: string, files: number): string {
  const file = join(ownFolder("/tmp"), "load.lua");
  const next = `i = (i + 7) % ${files}`;
  const path = `"/${folder}/" .. i .. ".bin"`;
  writeFileSync(
    file,
    `local i = 0\nrequest = function() ${next}; return wrk.format("GET", ${path}) end\n`,
  );
  return file;
}

/** Requests per second of CPU. */
async function load(server: StaticServer, script: string): Promise<number> {
  const before = server.cpu();
  const args = ["-t1", `-c${CONNECTIONS}`, "-d1s", "-s", script];
  const { stdout } = await execute(WRK, [...args, `http://127.0.0.1:${server.port}/`]);
  const spent = server.cpu() - before;
  const wrong = /Non-2xx.*|Socket errors.*/.exec(stdout);
  if (wrong !== null) throw new Error(`wrk: ${wrong[0]}`);
  return Number(/(\d+) requests in/.exec(stdout)![1]) / (spent / 1e6);
}

/** How much its memory grows with a large file, and how fast that is. */
async function measureLarge(library: Library, { progress }: HttpRun): Promise<Row> {
  progress(`http, ${LARGE}`);
  const [small, large] = [makeFile(library, "small", MIB), makeFile(library, "large", LARGE_BYTES)];
  const server = await StaticServer.start("iomux", library.root, `/${small}`);
  const growths: number[] = [];
  const rates: number[] = [];
  for (let round = 0; round < 3; round++) {
    const before = server.peakMemory();
    const url = `http://127.0.0.1:${server.port}/${large}`;
    const { stdout } = await execute("curl", [
      "-sS",
      "-o",
      "/dev/null",
      "-w",
      "%{speed_download}",
      url,
    ]);
    rates.push(Number(stdout) / MIB);
    growths.push((server.peakMemory() - before) / MIB);
  }
  await server.stop();
  rmSync(library.at("large"));
  return {
    name: `${LARGE}: memory more for ${LARGE_BYTES / MIB} MiB`,
    unit: "MiB a second",
    figures: { iomux: summarize(rates) },
    reached: summarize([growths.reduce((sum, growth) => sum + growth, 0)]),
    reachedUnit: "MiB",
    goal: GOAL_MIB,
  };
}
