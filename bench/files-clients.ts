/** The clients that fetch and send: curl for one large file, lftp for many small ones. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";

import { own } from "./processes.ts";

/** For one run of a client. */
const PATIENCE_MS = 600_000;

/** What it printed. */
async function run(program: string, args: readonly string[]): Promise<string> {
  const child = spawn(program, args, {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: PATIENCE_MS,
    killSignal: "SIGKILL",
  });
  own(child);
  const exit = once(child, "exit") as Promise<[number | null, string | null]>;
  const [said, complaint, [code, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    exit,
  ]);
  if (code === 0) return said;
  throw new Error(`${program} ${args.join(" ")} ended with ${signal ?? code}: ${complaint.trim()}`);
}

const CURL = ["--disable", "--silent", "--show-error", "--user", "anonymous:bench"];

function urlOf(port: number, path: string): string {
  return `ftp://127.0.0.1:${port}/${path}`;
}

/** Answers the seconds that it took, the login included. */
export async function download(port: number, path: string, to = "/dev/null"): Promise<number> {
  const rest = ["--output", to, "--write-out", "%{time_total}", urlOf(port, path)];
  return Number(await run("curl", [...CURL, ...rest]));
}

/** Answers the seconds that it took, the login included. */
export async function upload(port: number, from: string, path: string): Promise<number> {
  const rest = ["--upload-file", from, "--write-out", "%{time_total}", urlOf(port, path)];
  return Number(await run("curl", [...CURL, ...rest]));
}

/** What NLST or LIST answers. */
export function list(port: number, path: string): Promise<string> {
  return run("curl", [...CURL, urlOf(port, `${path}/`)]);
}

interface Mirror {
  readonly port: number;
  readonly direction: "down" | "up";
  /** Relative to the root of the server. */
  readonly remote: string;
  readonly local: string;
  /** Files at once, each over a session of its own. */
  readonly atOnce: number;
}

/** All files of a folder into an empty one. Answers the seconds that it took, the login included. */
export async function mirror(what: Mirror): Promise<number> {
  const { port, direction, remote, local, atOnce } = what;
  const folders = direction === "down" ? `/${remote} ${local}` : `-R ${local} /${remote}`;
  const commands = [
    "set net:max-retries 1",
    "set net:timeout 20",
    "set xfer:log no",
    `open -u anonymous,bench ftp://127.0.0.1:${port}`,
    `mirror --no-perms --parallel=${atOnce} ${folders}`,
  ];
  const start = performance.now();
  await run("lftp", ["--norc", "-c", commands.join("; ")]);
  return (performance.now() - start) / 1000;
}

/** Throws if the files differ in a byte. */
export async function compare(one: string, other: string): Promise<void> {
  await run("cmp", [one, other]);
}
