/** FTP clients that others wrote, as processes that know nothing of the user who runs the tests. */
import { spawnSync } from "node:child_process";

import { begin, finish, run, temporaryFolder } from "./programs.ts";
import type { Finished, Running, Unread } from "./programs.ts";

/** How each of them is asked whether it is there. */
const QUESTIONS = {
  curl: ["--version"],
  wget: ["--version"],
  lftp: ["--version"],
  tnftp: ["-?"],
  python3: ["--version"],
  wrk: ["--version"],
} as const;

export type ClientName = keyof typeof QUESTIONS;

/** Whether one of them is missing, and need not be there. */
export function absent(...names: readonly ClientName[]): boolean {
  if (process.env.IOMUX_REQUIRE_PEERS === "1") return false;
  return names.some((name) => spawnSync(name, QUESTIONS[name], { timeout: 10_000 }).error);
}

/** No start-up files, no proxies, no locale that others have not. */
const env = { PATH: process.env.PATH, HOME: temporaryFolder(), LC_ALL: "C.UTF-8", TZ: "UTC" };

export interface ClientOptions {
  /** Where its files are; default: a folder of its own. */
  readonly cwd?: string;
  readonly input?: string | Buffer;
}

/** Runs a client to its end. */
export function client(
  name: ClientName,
  args: readonly string[],
  { cwd = temporaryFolder(), input = "" }: ClientOptions = {},
): Promise<Finished> {
  return finish(name, args, { cwd, env, input });
}

/** Starts a client that runs while something else happens. */
export function startClient(name: ClientName, args: readonly string[]): Running {
  return run(name, args, { cwd: temporaryFolder(), env });
}

/** What hangs fails, with a message, before the test does. */
const CURL = ["--silent", "--show-error", "--max-time", "40"];

export function curl(...args: string[]): Promise<Finished> {
  return client("curl", [...CURL, ...args]);
}

/** curl in the middle of something: it says what it does, and waits for its input and its reader. */
export function beginCurl(...args: string[]): Unread {
  return begin("curl", ["--verbose", ...CURL, ...args], { cwd: temporaryFolder(), env });
}
