/** The programs of records as processes, on a path of their own. */
import { join } from "node:path";

import { finish, ROOT, run, temporaryFolder, type Ended, type Running } from "./programs.ts";

export interface Receiving extends Running {
  readonly path: string;
}

function command(program: string): string[] {
  const file = join(ROOT, `examples/${program}.ts`);
  return ["--import", "tsx", "--conditions=iomux-source", file];
}

/** As a line of the shell. */
export function sendCommand(path: string): string {
  return [process.execPath, ...command("unix-send"), "--path", path].join(" ");
}

export function pathOf(folder: string): string {
  return join(folder, "records.sock");
}

export const receive = {
  start(...flags: readonly string[]): Running {
    return run(process.execPath, [...command("unix-receive"), ...flags]);
  },
  /** A sender whose lines are still to come. */
  sender(path: string): Running {
    return run(process.execPath, [...command("unix-send"), "--path", path]);
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
  const all = [...command("unix-send"), "--path", path, ...args];
  const { out, ...ended } = await finish(process.execPath, all, { input });
  const err = ended.err.replace(SLOW, "");
  return { code: ended.code, signal: ended.signal, out: out.toString(), err };
}

/** What is said of handlers that were slow: on a busy machine any may be. */
const SLOW = /^(iomux|unix-receive): the handler .* ran for .*\n?/gm;

/** What the receiver has said on stderr after it was there. */
export function complaints(receiver: Running): string[] {
  return receiver.err.lines.slice(1).filter((line) => line.replace(SLOW, "") !== "");
}
