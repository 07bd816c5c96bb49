/** What the kernel tells of a process and all that it has started: proc(5), so Linux only. */
import { readdirSync, readFileSync } from "node:fs";

export interface TreeMemory {
  /** Bytes, where what n processes share counts as an n-th for each: these may be added up. */
  readonly pss: number;
  /** Bytes, where what is shared counts for everybody who has it. */
  readonly rss: number;
  readonly processes: number;
  readonly threads: number;
}

/** Null where there is no proc(5). */
export function measureTree(pid: number): TreeMemory | null {
  const pids = treeOf(pid);
  let [pss, rss, processes, threads] = [0, 0, 0, 0];
  for (const one of pids) {
    const rollup = read(`/proc/${one}/smaps_rollup`);
    if (rollup === null) continue;
    pss += kilobytes(rollup, "Pss") * 1024;
    rss += kilobytes(rollup, "Rss") * 1024;
    threads += tasksOf(one).length;
    processes++;
  }
  return processes === 0 ? null : { pss, rss, processes, threads };
}

/** Milliseconds in a clock tick: Linux tells times in hundredths of a second (USER_HZ). */
const TICK_MS = 10;

/**
 * Milliseconds of CPU so far, the kernel's on their behalf among them: of all that run, and of those
 * that have ended and were waited for. Null where there is no proc(5).
 */
export function cpuOfTree(pid: number): number | null {
  const stats = treeOf(pid).flatMap((one) => read(`/proc/${one}/stat`) ?? []);
  const ticks = stats.flatMap((stat) => fieldsOf(stat).slice(11, 15).map(Number));
  return stats.length === 0 ? null : ticks.reduce((sum, value) => sum + value, 0) * TICK_MS;
}

/** `pid` and all below it that have not been waited for. */
export function treeOf(pid: number): number[] {
  const below = tasksOf(pid).flatMap((task) => {
    const list = read(`/proc/${pid}/task/${task}/children`) ?? "";
    return list.split(" ").filter(Boolean).map(Number);
  });
  return [pid, ...below.flatMap(treeOf)];
}

/** `R`, `S`, `Z` for a zombie, ...; null: there is no such process. */
export function stateOf(pid: number): string | null {
  const stat = read(`/proc/${pid}/stat`);
  return stat === null ? null : fieldsOf(stat)[0]!;
}

/** From the third on: the second is the name in parentheses, and may have anything in it. */
function fieldsOf(stat: string): string[] {
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function tasksOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

function kilobytes(rollup: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s*(\\d+) kB$`, "m").exec(rollup)?.[1] ?? 0);
}

/** Null: the process is gone, or is a zombie and has none. */
function read(path: string): string | null {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return null;
  }
}
