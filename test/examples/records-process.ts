/** The programs of records as processes, on a path of their own. */
import { join } from "node:path";

import { programCommand } from "../support/program-command.ts";
import { finish, run, temporaryFolder, type Ended, type Running } from "./programs.ts";

export interface Receiving extends Running {
  readonly path: string;
}

const RECEIVE = programCommand("examples/unix-receive.ts");
const SEND = programCommand("examples/unix-send.ts");

/** As a line of the shell. */
export function sendCommand(path: string): string {
  return [process.execPath, ...SEND, "--path", path].join(" ");
}

export function pathOf(folder: string): string {
  return join(folder, "records.sock");
}

export const receive = {
  start(...flags: readonly string[]): Running {
    return run(process.execPath, [...RECEIVE, ...flags]);
  },
  /** A sender whose lines are still to come. */
  sender(path: string): Running {
    return run(process.execPath, [...SEND, "--path", path]);
  },
};

/** A receiver that is there, at a path of its own unless a flag names one. */
export async function receiving(...flags: readonly string[]): Promise<Receiving> {
  const given = flags.indexOf("--path");
  const path = given === -1 ? pathOf(temporaryFolder()) : flags[given + 1]!;
  const own = given === -1 ? ["--path", path] : [];
  const receiver = receive.start(...own, ...flags);
  await receiver.err.until(/^Receiving at /);
  return { ...receiver, path };
}

/** Sends to the end of the input. */
export async function send(
  path: string,
  args: readonly string[],
  input = "",
): Promise<Ended & { readonly out: string; readonly err: string }> {
  const all = [...SEND, "--path", path, ...args];
  const { out, ...ended } = await finish(process.execPath, all, { input });
  return { ...ended, out: out.toString() };
}

/** What the receiver has said on stderr after it was there. */
export function complaints(receiver: Running): string[] {
  return receiver.err.lines.slice(1);
}
