/** The HTTP server as a process, with a folder to serve. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { userLine } from "../../examples/accounts/accounts.ts";
import { programCommand } from "../support/program-command.ts";
import { run, temporaryFolder, type Running } from "./programs.ts";

export interface FilesServer extends Running {
  /** Without a slash at its end. */
  readonly url: string;
  /** The folder that it serves. */
  readonly root: string;
}

const COMMAND = programCommand("examples/http-server.ts");

/** Rejects with all that it said if there is none. */
export async function openFilesServer(
  flags: readonly string[] = [],
  root = temporaryFolder(),
): Promise<FilesServer> {
  const all = [...COMMAND, "--root", root, "--port", "0", ...flags];
  const running = run(process.execPath, all);
  try {
    const line = await running.out.until(/^Open on /);
    await running.out.until(/^Ctrl-C /);
    return { ...running, root, url: /https?:\S+(?=\/)/.exec(line)![0] };
  } catch (error) {
    throw new Error(`the server did not start: ${said(running)}`, { cause: error });
  }
}

export const ANN = { name: "ann", password: "p:ass wörd" };

/** A users' file with one who may do everything. */
export async function usersFile(): Promise<string> {
  const file = join(temporaryFolder(), "users");
  const rights = ["read", "write", "delete"];
  const line = await userLine({ ...ANN, home: "/", rights }, { logN: 10, r: 1, p: 1 });
  await writeFile(file, `${line}\n`);
  return file;
}

/** Ends it in order. Rejects with all that it said if it ended otherwise, or complained. */
export async function endFilesServer(server: FilesServer): Promise<void> {
  server.child.kill("SIGTERM");
  const { code, signal } = await server.ended;
  if (code !== 0 || server.err.lines.length > 0) {
    throw new Error(`the server ended by ${signal ?? code}: ${said(server)}`);
  }
}

function said({ out, err }: Running): string {
  return [...out.lines, ...err.lines].join("\n");
}
