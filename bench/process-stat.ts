/** What the kernel tells of another process: proc(5), so Linux only. */
import { readFileSync } from "node:fs";

/** Microseconds in a clock tick: Linux tells times in hundredths of a second (USER_HZ). */
const TICK = 10_000;

/**
 * Microseconds of CPU so far: of all threads, the kernel's on their behalf, and of the children
 * that have ended and were waited for. In steps of a tick, which add up over the slices.
 */
export function cpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  // The second field is the name in parentheses, and may have anything in it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  return ticks * TICK;
}

/** Those that run, or have ended and were not waited for yet. */
export function childrenOf(pid: number): number[] {
  const list = readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1");
  return list.split(" ").filter(Boolean).map(Number);
}

/** Bytes of the resident set at its largest so far. */
export function peakMemoryOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "latin1");
  return Number(/^VmHWM:\s*(\d+) kB$/m.exec(status)![1]) * 1024;
}
