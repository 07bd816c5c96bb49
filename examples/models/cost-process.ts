/** What a process, a thread and a zombie cost: measured from inside the process that starts them. */
import { fork, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { Worker } from "node:worker_threads";

import { answerParent, endWithParent, tellParent } from "./child.ts";
import { measureTree, stateOf } from "./process-tree.ts";

export interface Cost {
  /** Milliseconds from the call until it is ready; the median. */
  readonly ms: number;
  /** Bytes for each (PSS); null where that cannot be known. */
  readonly bytes: number | null;
}

export interface Zombie {
  /** `Z`, as ps(1) says; null where there is no proc(5). */
  readonly state: string | null;
  /** What ps(1) shows of it; null without ps. */
  readonly shown: string | null;
  /** Bytes of memory that it has. */
  readonly bytes: number;
  /** Whether it was gone once its parent had waited for it. */
  readonly gone: boolean;
}

/** Milliseconds for which this process waits for a child to end without waiting for it. */
const ZOMBIE_MS = 5000;
const LOOK_MS = 5;
const children = new Set<ChildProcess>();

/** fork and exec of a program that does nothing, until it has ended. */
async function programs({ count }: { readonly count: number }): Promise<Cost> {
  const ms = await timesOf(count, async () => {
    await once(spawn("true", { stdio: "ignore" }), "exit");
  });
  return { ms, bytes: null };
}

/** A process of the model `processes`, until it is ready for its connection. */
async function processes({ count }: { readonly count: number }): Promise<Cost> {
  const file = join(import.meta.dirname, "connection-process.mjs");
  const before = memory();
  const ms = await timesOf(count, async () => {
    const child = fork(file, [""], { execArgv: [], stdio: ["ignore", "ignore", "inherit", "ipc"] });
    children.add(child);
    await once(child, "message");
  });
  const bytes = growth(before, count);
  await endChildren();
  return { ms, bytes };
}

/** A thread of the model `threads`, until it is ready for its first frame. */
async function threads({ count }: { readonly count: number }): Promise<Cost> {
  const file = join(import.meta.dirname, "connection-thread.mjs");
  const started: Worker[] = [];
  const before = memory();
  const ms = await timesOf(count, async () => {
    const thread = new Worker(file, { workerData: "" });
    started.push(thread);
    await once(thread, "message");
  });
  const bytes = growth(before, count);
  await Promise.all(started.map((thread) => thread.terminate()));
  return { ms, bytes };
}

/**
 * Node waits for a child as soon as its loop comes round. So the loop is stopped here until the
 * child has ended: all that time it is a zombie.
 */
async function zombie(): Promise<Zombie> {
  const child = spawn("true", { stdio: "ignore" });
  const gone = once(child, "exit");
  const pid = child.pid!;
  const nothing = new Int32Array(new SharedArrayBuffer(4));
  const begun = performance.now();
  while (stateOf(pid) !== "Z" && performance.now() - begun < ZOMBIE_MS) {
    Atomics.wait(nothing, 0, 0, LOOK_MS);
  }
  const state = stateOf(pid);
  const bytes = measureTree(pid)?.rss ?? 0;
  const ps = spawnSync("ps", ["-o", "pid,ppid,stat,rss,comm", "-p", String(pid)], {
    encoding: "utf8",
  });
  await gone;
  const shown = ps.status === 0 ? ps.stdout.trimEnd() : null;
  return { state, shown, bytes, gone: stateOf(pid) === null };
}

async function timesOf(count: number, run: () => Promise<void>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const begun = performance.now();
    await run();
    times.push(performance.now() - begun);
  }
  return times.sort((one, other) => one - other)[Math.floor(count / 2)]!;
}

function memory(): number | null {
  return measureTree(process.pid)?.pss ?? null;
}

function growth(before: number | null, count: number): number | null {
  const now = memory();
  return before === null || now === null ? null : (now - before) / count;
}

async function endChildren(): Promise<void> {
  const gone = [...children].map((child) => once(child, "exit"));
  for (const child of children) child.kill("SIGKILL");
  children.clear();
  await Promise.all(gone);
}

answerParent({ programs, processes, threads, zombie });
endWithParent(endChildren);
tellParent({});
