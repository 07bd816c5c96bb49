/**
 * `npm run soak -- [--minutes N | --operations N] [--tls CLIENTS] [--seed TEXT]`
 *
 * Ten clients do random things to the file server, in random order, and every fourth task of each
 * ends with kill -9. In the end, and at four moments before it, all is quiet: then every file that
 * is published must be whole, nothing of what was broken off may be left, the server has no more
 * descriptors than before the first client came, and its heap is that of the first of these moments.
 *
 * A client that is killed in mid-upload without TLS may leave a beginning of its file, as
 * docs/file-server.md says: such a file is counted, and is a problem if it is of anybody else.
 *
 * Exit status 1 if something is not so. The seed is printed; what the clients do is the same with
 * it, what becomes of it depends on the machine.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { Random } from "iomux/testing";

import { userLine } from "../examples/accounts/accounts.ts";
import { buildPrograms, Child, freePort, ownFolder } from "./processes.ts";
import type { Done, Task } from "./soak-client.ts";
import { judge, type Verdict } from "./soak-files.ts";

const CLIENTS = 10;
const QUIET_MOMENTS = 5;
/** Operations of one task: then a client is asked again, or another takes its place. */
const TASK_OPERATIONS = 20;
/** One of so many tasks of each client ends with kill -9. */
const TASKS_PER_KILL = 4;
/** A client is killed at most so many milliseconds into an operation. */
const KILL_MS = 30;
/** Bytes of heap that later moments may have more than the first: garbage is never all gone. */
const HEAP_BYTES = 4 * 1024 * 1024;
/** What the first upload opens for good: the root once more, to have it synced. */
const SYNC_DESCRIPTORS = 1;
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
/** Tasks of one client from one quiet moment to the next. */
const turns = Math.ceil(operations / QUIET_MOMENTS / CLIENTS / TASK_OPERATIONS);
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
let tasks = 0;
/** The tasks in which a client was killed. */
const killed = { plain: new Set<number>(), tls: new Set<number>() };
/** What was downloaded and was not whole. */
const faulty: Verdict[] = [];

interface Moment {
  readonly descriptors: number;
  readonly heap: number;
  readonly rss: number;
}

await buildPrograms(undefined);
const root = ownFolder(tmpdir());
const port = await freePort();
const server = await startServer();
const idle = await settled(Infinity);
const mostDescriptors = idle + SYNC_DESCRIPTORS;
console.log(`${idle} descriptors before the first client`);
const moments: Moment[] = [];
for (let part = 0; part < QUIET_MOMENTS; part++) {
  await Promise.all(Array.from({ length: CLIENTS }, (_, i) => attend(i, part)));
  moments.push(await quietMoment());
  if (moments.at(-1)!.descriptors > mostDescriptors) break;
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

/** Client number `i`, from one quiet moment to the next. */
async function attend(i: number, part: number): Promise<void> {
  const isSecure = i < secured;
  let client = await Child.start("soak-client");
  for (let turn = 0; goesOn(part, turn); turn++) {
    const task = taskOf(i, part, turn);
    try {
      note(await client.ask<Done>("run", task));
    } catch (error) {
      if (task.kill === null) throw error;
      killed[isSecure ? "tls" : "plain"].add(task.number);
      done += task.kill.at;
      client = await Child.start("soak-client");
    }
  }
  await client.stop();
}

function taskOf(i: number, part: number, turn: number): Task {
  const isSecure = i < secured;
  const seedOfTask = `${seed}/${part}/${i}/${turn}`;
  const random = new Random(`${seedOfTask}/kill`);
  const isKilled = (i + part + turn) % TASKS_PER_KILL === 0;
  const at = random.integer(0, TASK_OPERATIONS - 1);
  return {
    ...{ number: tasks++, seed: seedOfTask, port, isSecure, operations: TASK_OPERATIONS },
    // What is appended to the beginning of a record is nothing that could be judged.
    own: isKilled && !isSecure ? null : `own ${i}`,
    kill: isKilled ? { at, afterMs: random.integer(0, KILL_MS) } : null,
  };
}

function goesOn(part: number, turn: number): boolean {
  const passed = (performance.now() - begun) / 60_000;
  return turn < turns && passed < ((part + 1) / QUIET_MOMENTS) * minutes;
}

function note(result: Done): void {
  done += TASK_OPERATIONS;
  problems.push(...result.problems);
  faulty.push(...result.faulty);
  for (const [what, count] of Object.entries(result.counts)) {
    counts[what] = (counts[what] ?? 0) + count;
  }
}

/** What is so once the server has nothing more to do. */
async function quietMoment(): Promise<Moment> {
  const descriptors = await settled(mostDescriptors);
  const { rss, heap } = await server.ask<{ rss: number; heap: number }>("memory");
  const moment = { descriptors, heap, rss };
  const files = checkFiles();
  const mebibytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
  console.log(
    `${((performance.now() - begun) / 1000).toFixed(0)} s: ${done} operations, ${killedText()}, ` +
      `${files} files; ${descriptors} descriptors, heap ${mebibytes(heap)}, rss ${mebibytes(rss)}`,
  );
  return moment;
}

function killedText(): string {
  return `${killed.tls.size} killed with TLS and ${killed.plain.size} without`;
}

/** Descriptors of the server, once they are at most so many and nothing hidden is left. */
async function settled(most: number): Promise<number> {
  const open = (): number => readdirSync(`/proc/${server.pid}/fd`).length;
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
    else if (!isAllowed(judge(readFileSync(path)))) problems.push(`${path} is not whole`);
  }
  return files.length;
}

/** Once it is known who was killed. */
function isAllowed(verdict: Verdict): boolean {
  if (verdict.is !== "cut") return verdict.is === "whole";
  if (verdict.task === null) return killed.plain.size > 0;
  return killed.plain.has(verdict.task);
}

function conclude(): void {
  const most = moments[0]!.heap + HEAP_BYTES;
  for (const { descriptors, heap } of moments) {
    if (descriptors > mostDescriptors) {
      problems.push(`${descriptors} descriptors, and ${idle} before the first client`);
    }
    if (heap > most) problems.push(`a heap of ${heap} bytes, and at most ${most} after the first`);
  }
  for (const verdict of faulty) {
    if (!isAllowed(verdict)) problems.push(`a download that is ${JSON.stringify(verdict)}`);
  }
  const told = Object.entries(counts).toSorted();
  console.log(told.map(([what, count]) => `${what}: ${count}`).join(", "));
  console.log(`${done} operations in ${tasks} tasks, ${killedText()}`);
  for (const problem of problems.slice(0, 20)) console.log(`PROBLEM: ${problem}`);
  console.log(
    problems.length === 0 ? "all files whole, nothing left" : `${problems.length} problems`,
  );
  process.exit(problems.length === 0 ? 0 : 1);
}
