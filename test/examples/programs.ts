/** Programs that tests start, and folders that they fill. `cleanUp()` leaves nothing of them behind. */
import { spawn, type ChildProcess, type ChildProcessWithoutNullStreams } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { ROOT } from "../support/program-command.ts";
import { withoutSlowHandlers } from "../support/slow-handlers.ts";
import { LineLog } from "./line-log.ts";

export { ROOT } from "../support/program-command.ts";

export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
}

export interface Running {
  readonly child: ChildProcess;
  readonly out: LineLog;
  readonly err: LineLog;
  readonly ended: Promise<Ended>;
}

export interface Finished extends Ended {
  readonly out: Buffer;
  readonly err: string;
}

export interface RunOptions {
  readonly cwd?: string;
  /** All of it. Default: that of the tests. */
  readonly env?: NodeJS.ProcessEnv;
  /** Descriptors from 3 on. */
  readonly more?: readonly "pipe"[];
}

const started = new Set<ChildProcessWithoutNullStreams>();
const folders: string[] = [];

process.once("exit", cleanUp);

/** What it prints is heard line by line. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Running {
  const child = start(command, args, options);
  const ended = endOf(child);
  return { child, out: new LineLog(child.stdout), err: new LineLog(child.stderr), ended };
}

/** Runs it to its end. */
export async function finish(
  command: string,
  args: readonly string[],
  { input = "", ...options }: RunOptions & { readonly input?: string | Buffer } = {},
): Promise<Finished> {
  const child = start(command, args, options);
  const [out, err]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on("data", (bytes: Buffer) => out.push(bytes));
  child.stderr.on("data", (bytes: Buffer) => err.push(bytes));
  child.stdin.end(input);
  const ended = await endOf(child);
  const said = withoutSlowHandlers(Buffer.concat(err).toString());
  return { ...ended, out: Buffer.concat(out), err: said };
}

/** A program whose output nobody reads yet: once the pipe is full, it stands still. */
export interface Unread {
  readonly child: ChildProcessWithoutNullStreams;
  readonly err: LineLog;
  /** Reads it to its end. */
  readonly finish: () => Promise<Finished>;
}

export function begin(command: string, args: readonly string[], options: RunOptions = {}): Unread {
  const child = start(command, args, options);
  const err = new LineLog(child.stderr);
  const ended = endOf(child);
  const finish = async (): Promise<Finished> => {
    const out: Buffer[] = [];
    child.stdout.on("data", (bytes: Buffer) => out.push(bytes));
    return { ...(await ended), out: Buffer.concat(out), err: err.lines.join("\n") };
  };
  return { child, err, finish };
}

function start(
  command: string,
  args: readonly string[],
  { cwd = ROOT, env = process.env, more = [] }: RunOptions,
): ChildProcessWithoutNullStreams {
  const stdio = ["pipe" as const, "pipe" as const, "pipe" as const, ...more];
  const child = spawn(command, args, { cwd, env, stdio });
  started.add(child);
  child.on("close", () => started.delete(child));
  // What has ended does not read on.
  child.stdin.on("error", () => {});
  return child;
}

function endOf(child: ChildProcessWithoutNullStreams): Promise<Ended> {
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      resolve({ code, signal });
    });
  });
}

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "iomux-test-"));
  folders.push(folder);
  return folder;
}

/** Call it when a test file is done: whatever a failed test left is ended. */
export function cleanUp(): void {
  for (const child of started) child.kill("SIGKILL");
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}
