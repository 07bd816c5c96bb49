/**
 * Whose uploads are running. The name of an upload tells the process that writes it, so that another
 * server on the same root knows whether it is still needed (cf. proc(5), pid_namespaces(7)).
 */
import { createHash, randomBytes } from "node:crypto";
import fs from "node:fs/promises";
import os from "node:os";

import { UPLOAD_PREFIX } from "./store-path.ts";

/** Milliseconds for which an upload of another machine or container may stand still. */
export const FOREIGN_UPLOAD_MS = 60 * 60 * 1000;

const NAME = /^([0-9a-f]{12})-([0-9]{1,10})-([0-9]{1,20})-[0-9a-f]{32}$/;

/** When this process was started is not known. */
const NO_START = "0";
/** Killed, and not buried by its parent yet. */
const DEAD_STATES = ["Z", "X"];

export interface UploadOwner {
  /** A new name, which nobody can guess. */
  readonly newName: () => string;
  /** Whether a file of this name is what a crash has left. False for all other names. */
  readonly isLeftover: (name: string, modifiedMs: number, nowMs: number) => Promise<boolean>;
}

export async function uploadOwner(): Promise<UploadOwner> {
  const space = await processSpace();
  const self = `${space}-${process.pid}-${(await statOf("self"))?.start ?? NO_START}`;
  return {
    newName: () => `${UPLOAD_PREFIX}${self}-${randomBytes(16).toString("hex")}`,
    isLeftover: async (name, modifiedMs, nowMs) => {
      if (!name.startsWith(UPLOAD_PREFIX)) return false;
      const [, itsSpace, pid, start] = NAME.exec(name.slice(UPLOAD_PREFIX.length)) ?? [];
      if (pid === undefined || start === undefined) return false;
      // Process ids of elsewhere say nothing here. An upload that runs is written to.
      if (itsSpace !== space) return nowMs - modifiedMs > FOREIGN_UPLOAD_MS;
      return !(await isRunning(Number(pid), start));
    },
  };
}

/** Where process ids mean the same: this boot of this machine, this container. */
async function processSpace(): Promise<string> {
  const parts = await Promise.all([
    fs.readFile("/proc/sys/kernel/random/boot_id", "utf8").catch(() => os.hostname()),
    fs.readlink("/proc/self/ns/pid").catch(() => ""),
  ]);
  return createHash("sha256").update(parts.join("\n")).digest("hex").slice(0, 12);
}

/** A process id comes again; together with when the process was started it does not. */
async function isRunning(pid: number, start: string): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  const now = await statOf(String(pid));
  if (now === null || start === NO_START) return true;
  return now.start === start && !DEAD_STATES.includes(now.state);
}

interface ProcessStat {
  readonly state: string;
  /** In ticks since the boot. */
  readonly start: string;
}

/** The name, in parentheses, can hold anything: what counts is behind it (proc_pid_stat(5)). */
async function statOf(pid: string): Promise<ProcessStat | null> {
  const text = await fs.readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [state, start] = [fields[0], fields[19]];
  return state === undefined || start === undefined ? null : { state, start };
}
