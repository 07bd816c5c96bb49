/**
 * Who logs in, and with which password: never from where others can read it. `~/.netrc` is that of
 * ftp(1): a file that only its owner may read, as soon as there is a password in it.
 */
import { open } from "node:fs/promises";
import { join } from "node:path";

import { printable } from "../replies.ts";
import { ClientFailure } from "./failure.ts";
import { localFailure } from "./failure-causes.ts";
import type { FtpAddress } from "./ftp-address.ts";
import { findMachine, type Machine } from "./netrc.ts";

/** Bytes of a file of passwords. */
export const MAX_NETRC_BYTES = 1024 * 1024;

const ANONYMOUS: Account = { user: "anonymous", password: "anonymous@" };

export interface Account {
  readonly user: string;
  readonly password: string;
}

export interface AccountSources {
  /** From the environment; null: there is none, or it is for another address. */
  readonly password: string | null;
  readonly netrc: NetrcPlace;
  /** Null is answered by who gives none. Null: there is nobody to ask. */
  readonly ask: ((question: string) => Promise<string | null>) | null;
}

export interface NetrcPlace {
  readonly path: string;
  /** It was named, and so it must be there. */
  readonly named: boolean;
}

export function netrcPlace(environment: NodeJS.ProcessEnv, home: string): NetrcPlace {
  const { NETRC } = environment;
  const named = NETRC !== undefined && NETRC !== "";
  return { path: named ? NETRC : join(home, ".netrc"), named };
}

/** Rejects with a `ClientFailure` if there is no password, or one that others can read. */
export async function findAccount(
  { host, user }: FtpAddress,
  { password, netrc, ask }: AccountSources,
): Promise<Account> {
  if (user === "anonymous" || user === "ftp") return { ...ANONYMOUS, user };
  if (user !== null && password !== null) return { user, password };
  const found = await machineOf(netrc, host, user);
  if (found !== null && found.password !== null) {
    return { user: found.user, password: found.password };
  }
  const name = user ?? found?.user ?? null;
  if (name === null) return ANONYMOUS;
  if (ask === null) {
    const text = `no password of ${shown(name)} at ${host}: run this at a terminal, where it is asked for`;
    throw new ClientFailure("login", `${text}, or see ~/.netrc and IOMUX_FTP_PASSWORD`);
  }
  const told = await ask(`Password of ${shown(name)} at ${host}: `);
  if (told === null) throw new ClientFailure("interrupted", "no password was given");
  return { user: name, password: told };
}

function shown(name: string): string {
  return `"${printable(name)}"`;
}

async function machineOf(
  { path, named }: NetrcPlace,
  host: string,
  user: string | null,
): Promise<Machine | null> {
  const file = await readNetrc(path, named);
  if (file === null) return null;
  const machine = findMachine(file.text, host, user);
  const secret = machine !== null && machine.password !== null;
  if (secret && (file.mode & 0o077) !== 0) {
    const text = `${printable(path)} has a password, and others can read it`;
    throw new ClientFailure("misuse", `${text}: chmod 600 ${printable(path)}`);
  }
  return machine;
}

async function readNetrc(
  path: string,
  named: boolean,
): Promise<{ readonly text: string; readonly mode: number } | null> {
  try {
    const file = await open(path);
    try {
      const { mode, size } = await file.stat();
      if (size > MAX_NETRC_BYTES) throw new ClientFailure("misuse", `${path} is too large`);
      return { text: await file.readFile("utf8"), mode };
    } finally {
      await file.close();
    }
  } catch (error) {
    if (!named && (error as { code?: unknown }).code === "ENOENT") return null;
    throw localFailure(error, path);
  }
}
