/** Cases: programs whose named parts are run each in a process of its own, which says lines. */
import { spawn, type StdioOptions, type ChildProcess } from "node:child_process";
import { once } from "node:events";

import { programCommand, type Program } from "./program-command.ts";

/** It ends by itself within this time, or the test has failed. */
const STUCK_MS = 50_000;

export interface Outcome {
  readonly lines: string[];
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface CaseOptions {
  /** Its standard input: bytes that it is given at once, over a socket, or a file. Default: none. */
  readonly stdin?: string | number;
  /** Whether its input ends after these bytes. Default: it stays open. */
  readonly end?: boolean;
  /** Hears of each line that it says. */
  readonly onLine?: (line: string, child: ChildProcess) => void;
  /** A command of the shell around it, in which `eval "$command"` runs it. */
  readonly shell?: string;
}

/** Runs the case `name` of `program` until its process ends. */
export async function runCase(
  program: Program,
  name: string,
  { stdin, end, onLine, shell }: CaseOptions = {},
): Promise<Outcome> {
  const args = [...programCommand(program), name];
  const input = typeof stdin === "string" ? "pipe" : (stdin ?? "ignore");
  const stdio: StdioOptions = [input, "pipe", "inherit"];
  const command = quoted([process.execPath, ...args]);
  const child =
    shell === undefined
      ? spawn(process.execPath, args, { stdio })
      : // A group of its own, that can be killed as a whole.
        spawn("sh", ["-c", shell], { stdio, detached: true, env: { ...process.env, command } });
  let text = "";
  let told = 0;
  child.stdout!.setEncoding("utf8");
  child.stdout!.on("data", (part: string) => {
    text += part;
    const lines = text.split(/\r?\n/).slice(0, -1);
    for (const line of lines.slice(told)) onLine?.(line, child);
    told = lines.length;
  });
  // What it did not read, because it ended first, is lost, as it should be.
  child.stdin?.on("error", () => undefined);
  if (typeof stdin === "string") child.stdin!.write(stdin);
  if (end === true) child.stdin!.end();
  const stuck = setTimeout(() => {
    process.kill(shell === undefined ? child.pid! : -child.pid!, "SIGKILL");
  }, STUCK_MS);
  const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  clearTimeout(stuck);
  child.stdin?.destroy();
  return { lines: text.split(/\r?\n/).slice(0, -1), code, signal };
}

function quoted(words: readonly string[]): string {
  return words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
}
