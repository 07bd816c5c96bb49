/**
 * `npm run soak -- [--minutes N | --operations N] [--tls CLIENTS] [--seed TEXT]`
 *
 * Ten clients do random things to the file server, in random order, and some of them are killed. In
 * the end, and at four moments before it, all is quiet: then every file that is published must be
 * whole, nothing of what was broken off may be left, and the descriptors and the heap of the server
 * must be what they were at the first of these moments.
 *
 * Exit status 1 if something is not so. The seed is printed; what the clients do is the same with
 * it, what becomes of it depends on the machine.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { Random } from "iomux/testing";

import { userLine } from "../examples/ftp/server/accounts.ts";
import { buildPrograms, Child, freePort, ownFolder } from "./processes.ts";
import type { Done } from "./soak-client.ts";
import { isWhole } from "./soak-files.ts";

const CLIENTS = 10;
const QUIET_MOMENTS = 5;
/** Operations of one task: then a client is asked again, or another takes its place. */
const TASK_OPERATIONS = 20;
/** Of the tasks of clients with TLS, so many end with kill -9. */
const KILLED = 0.25;
/** A killed client has lived for at most so many milliseconds of its task. */
const KILL_MS = 700;
/** Bytes of heap that later moments may have more than the first: garbage is never all gone. */
const HEAP_BYTES = 4 * 1024 * 1024;
/** Milliseconds in which the server has nothing left of clients that are gone. */
const QUIET_MS = 30_000;

const { values } = parseArgs({
  options: {
    minutes: { type: "string" },
    operations: { type: "string" },
    tls: { type: "string", default: "5" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
  },
});
const minutes = Number(values.minutes ?? (values.operations === undefined ? 10 : Infinity));
const secured = Number(values.tls);
const operations = Number(values.operations ?? Infinity);
if (!(minutes > 0) || !(operations > 0)) {
  console.error(
    "usage: npm run soak -- [--minutes N | --operations N] [--tls CLIENTS] [--seed TEXT]",
  );
  process.exit(2);
}
const { seed } = values;
console.log(`seed ${seed}: ${CLIENTS} clients`);

const counts: Record<string, number> = {};
const problems: string[] = [];
const begun = performance.now();
let done = 0;
let killed = 0;
let tasks = 0;

interface Moment {
  readonly descriptors: number;
  readonly heap: number;
  readonly rss: number;
}

await buildPrograms(undefined);
const root = ownFolder(tmpdir());
const port = await freePort();
const server = await startServer();
const moments: Moment[] = [];
for (let part = 1; part <= QUIET_MOMENTS; part++) {
  const share = part / QUIET_MOMENTS;
  await Promise.all(Array.from({ length: CLIENTS }, (_, i) => attend(i, share)));
  moments.push(await quietMoment());
}
await server.stop();
conclude();

async function startServer(): Promise<Child> {
  const folder = ownFolder(tmpdir());
  const users = join(folder, "users");
  const rights = ["read", "write", "delete"];
  const cost = { logN: 10, r: 8, p: 1 };
  const line = await userLine({ name: "soak", password: "soak", home: "/", rights }, cost);
  writeFileSync(users, `${line}\n`);
  const flags = {
    ...{ "--root": root, "--port": String(port), "--users": users, "--status-socket": "none" },
    ...{ "--sessions-per-second": "0", "--stall-seconds": "20" },
  };
  const args = Object.entries(flags).flat();
  return Child.start("ftp-iomux", ["--expose-gc"], { args, quiet: true });
}

/** Client number `i`, until `share` of all that is to be done is done. */
async function attend(i: number, share: number): Promise<void> {
  // Only TLS tells a client that was killed from one that has said all (docs/file-server.md).
  const isSecure = i < secured;
  let client = await Child.start("soak-client");
  for (let turn = 0; goesOn(share); turn++) {
    const name = `${seed}/${share}/${i}/${turn}`;
    const random = new Random(`${name}/kill`);
    const task = { seed: name, port, isSecure, operations: TASK_OPERATIONS, own: `own ${i}` };
    const running = client.ask<Done>("run", task);
    const isKilled = isSecure && random.chance(KILLED);
    const { pid } = client;
    const kill = setTimeout(
      () => isKilled && process.kill(pid, "SIGKILL"),
      random.integer(0, KILL_MS),
    );
    tasks++;
    try {
      note(await running);
    } catch {
      killed++;
      done += TASK_OPERATIONS / 2;
      client = await Child.start("soak-client");
    }
    clearTimeout(kill);
  }
  await client.stop();
}

function goesOn(share: number): boolean {
  const passed = (performance.now() - begun) / 60_000;
  return passed < share * minutes && done < share * operations;
}

function note(result: Done): void {
  done += TASK_OPERATIONS;
  problems.push(...result.problems);
  for (const [what, count] of Object.entries(result.counts)) {
    counts[what] = (counts[what] ?? 0) + count;
  }
}

/** What is so once the server has nothing more to do. */
async function quietMoment(): Promise<Moment> {
  const descriptors = await settled();
  const { rss, heap } = await server.ask<{ rss: number; heap: number }>("memory");
  const moment = { descriptors, heap, rss };
  const files = checkFiles();
  const mebibytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
  console.log(
    `${((performance.now() - begun) / 1000).toFixed(0)} s: ${done} operations, ${killed} killed, ` +
      `${files} files; ${descriptors} descriptors, heap ${mebibytes(heap)}, rss ${mebibytes(rss)}`,
  );
  return moment;
}

/** Descriptors of the server, once no client has any of them and nothing hidden is left. */
async function settled(): Promise<number> {
  const open = (): number => readdirSync(`/proc/${server.pid}/fd`).length;
  const most = moments[0]?.descriptors ?? open();
  const since = performance.now();
  let seen = open();
  for (let same = 0; same < 5 && performance.now() - since < QUIET_MS;) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    const now = open();
    same = now === seen && now <= most && hidden().length === 0 ? same + 1 : 0;
    seen = now;
  }
  return seen;
}

function everything(): string[] {
  const entries = readdirSync(root, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
}

/** Uploads that were given up are written under such names. */
function hidden(): string[] {
  return everything().filter((path) => /\/\.[^/]*$/.test(path));
}

function checkFiles(): number {
  const files = everything();
  for (const path of files) {
    if (hidden().includes(path)) problems.push(`${path} is left of an upload`);
    else if (!isWhole(readFileSync(path))) problems.push(`${path} is not whole`);
  }
  return files.length;
}

function conclude(): void {
  const [first, ...later] = moments as [Moment, ...Moment[]];
  for (const { descriptors, heap } of later) {
    if (descriptors > first.descriptors) {
      problems.push(`${descriptors} descriptors, and ${first.descriptors} at first`);
    }
    if (heap > first.heap + HEAP_BYTES) problems.push(`heap ${heap}, and ${first.heap} at first`);
  }
  const told = Object.entries(counts).toSorted();
  console.log(told.map(([what, count]) => `${what}: ${count}`).join(", "));
  console.log(`${done} operations in ${tasks} tasks, ${killed} clients killed`);
  for (const problem of problems.slice(0, 20)) console.log(`PROBLEM: ${problem}`);
  console.log(
    problems.length === 0 ? "all files whole, nothing left" : `${problems.length} problems`,
  );
  process.exit(problems.length === 0 ? 0 : 1);
}
