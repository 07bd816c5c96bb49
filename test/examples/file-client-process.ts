/** The file client as a process, in a pipe and in a terminal. */
import { mkdtempSync } from "node:fs";
import { join } from "node:path";

import { programCommand } from "../support/program-command.ts";
import type { FileServer } from "./file-server-process.ts";
import { ProgramTerminal } from "./program-terminal.ts";
import {
  begin,
  finish,
  run,
  temporaryFolder,
  type Finished,
  type Running,
  type Unread,
} from "./programs.ts";

/** From any folder. */
export const FILE_CLIENT: readonly string[] = [
  process.execPath,
  ...programCommand("examples/file-client.ts"),
];

/** Where the client stands, and nothing that the user of this machine has set. */
export interface ClientPlace {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
}

export function clientPlace(env: NodeJS.ProcessEnv = {}): ClientPlace {
  const home = temporaryFolder();
  const folder = mkdtempSync(join(home, "here-"));
  const { PATH, TMPDIR } = process.env;
  return { folder, env: { PATH, TMPDIR, HOME: home, TZ: "UTC", ...env } };
}

/** In a pipe. */
export function runFileClient({ folder, env }: ClientPlace, ...args: string[]): Running {
  const [node, ...rest] = FILE_CLIENT as [string, ...string[]];
  return run(node, [...rest, ...args], { cwd: folder, env: { ...env, NODE_NO_WARNINGS: "1" } });
}

export interface CommandOptions {
  /** Where its files are; default: a folder of its own. */
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** What a shell does before it: `ulimit -f 100`. */
  readonly first?: string;
}

/** Runs one command to its end. */
export function runClient(args: readonly string[], options?: CommandOptions): Promise<Finished> {
  const { command, words, place } = prepared(args, options);
  return finish(command, words, place);
}

/** Starts it. */
export function beginClient(args: readonly string[], options?: CommandOptions): Unread {
  const { command, words, place } = prepared(args, options);
  return begin(command, words, place);
}

interface Prepared {
  readonly command: string;
  readonly words: readonly string[];
  readonly place: { readonly cwd: string; readonly env: NodeJS.ProcessEnv };
}

function prepared(
  args: readonly string[],
  { cwd, env, first = "true" }: CommandOptions = {},
): Prepared {
  const own = clientPlace(env);
  const words = ["-c", `${first} && exec "$@"`, "sh", ...FILE_CLIENT, ...args];
  return { command: "bash", words, place: { cwd: cwd ?? own.folder, env: own.env } };
}

/** The last line on stderr, without the name of the program. */
export function complaintOf({ err }: Finished): string {
  const line = err.trimEnd().split("\n").at(-1)!;
  if (!line.startsWith("file-client: ")) throw new Error(`no complaint: ${err}`);
  return line.slice("file-client: ".length);
}

/** Its address, for a user or anybody. */
export function addressOf({ host, port }: FileServer, path = "", user?: string): string {
  return `ftp://${user === undefined ? "" : `${user}@`}${host}:${port}/${path}`;
}

const terminals: ProgramTerminal[] = [];

/** In a terminal. */
export function openFileClient(
  { folder, env }: ClientPlace,
  args: readonly string[],
  columns = 80,
): ProgramTerminal {
  const terminal = new ProgramTerminal([...FILE_CLIENT, ...args], {
    ...{ columns, rows: 30, cwd: folder, env },
  });
  terminals.push(terminal);
  return terminal;
}

/** Call it when a test file is done, besides that of programs. */
export function closeTerminals(): void {
  for (const terminal of terminals.splice(0)) terminal.kill();
}
