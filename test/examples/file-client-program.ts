/** The file client as a process of one command, with a home and a folder of its own. */
import { join } from "node:path";

import { begin, finish, ROOT, temporaryFolder, type Finished, type Unread } from "./programs.ts";

const COMMAND = [
  ...["--import", join(ROOT, "node_modules/tsx/dist/loader.mjs"), "--conditions=iomux-source"],
  join(ROOT, "examples/file-client.ts"),
];

export interface ProgramOptions {
  /** Where its files are; default: a folder of its own. */
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** What a shell does before it: `ulimit -f 100`. */
  readonly first?: string;
}

/** Runs it to its end. */
export function runClient(
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<Finished> {
  const { command, words, cwd, env } = prepared(args, options);
  return finish(command, words, { cwd, env });
}

/** Starts it. */
export function beginClient(args: readonly string[], options: ProgramOptions = {}): Unread {
  const { command, words, cwd, env } = prepared(args, options);
  return begin(command, words, { cwd, env });
}

function prepared(
  args: readonly string[],
  { cwd = temporaryFolder(), env = {}, first }: ProgramOptions,
): { command: string; words: string[]; cwd: string; env: NodeJS.ProcessEnv } {
  const home = { PATH: process.env.PATH, HOME: temporaryFolder(), TZ: "UTC", LC_ALL: "C.UTF-8" };
  const all = { ...home, ...env };
  const words = [...COMMAND, ...args];
  if (first === undefined) return { command: process.execPath, words, cwd, env: all };
  const script = `${first} && exec "$@"`;
  const shell = ["-c", script, "sh", process.execPath, ...words];
  return { command: "bash", words: shell, cwd, env: all };
}

/** The last line on stderr, without the name of the program. */
export function complaintOf({ err }: Finished): string {
  const line = err.trimEnd().split("\n").at(-1)!;
  if (!line.startsWith("file-client: ")) throw new Error(`no complaint: ${err}`);
  return line.slice("file-client: ".length);
}
