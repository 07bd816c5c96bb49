/** One command of the shell's line: get, put, list. What was asked for goes to stdout, all else to stderr. */
import { stat } from "node:fs/promises";
import { basename, join } from "node:path";

import { entryLines } from "./entry-lines.ts";
import { ClientFailure } from "./failure.ts";
import { isFolder, type Command } from "./flags.ts";
import type { FtpClient } from "./ftp-client.ts";
import { localName } from "./local-name.ts";
import { ProgressDisplay, type ProgressOutput } from "./progress-display.ts";
import { shownName } from "./shown-name.ts";

export type OneShotCommand = Exclude<Command, { readonly kind: "open" }>;

export interface OneShotOptions {
  readonly command: OneShotCommand;
  readonly resume: boolean;
  readonly signal: AbortSignal;
  /** Null: nobody wants to know how far it is. */
  readonly progress: ProgressOutput | null;
  /** Lines that were asked for. */
  readonly show: (lines: readonly string[]) => void;
  /** Something failed, and the rest goes on. */
  readonly complain: (failure: ClientFailure) => void;
}

/**
 * Rejects with a `ClientFailure`. What is wrong with the command itself is known before `dial` is
 * called.
 */
export async function runOneShot(
  dial: () => Promise<FtpClient>,
  options: OneShotOptions,
): Promise<void> {
  const { command } = options;
  switch (command.kind) {
    case "get": {
      const local = await getTo(command.address.path, command.local);
      return withClient(dial, (client) => get(client, command.address.path, local, options));
    }
    case "put":
      return withClient(dial, (client) => putAll(client, command, options));
    case "list":
      return withClient(dial, async (client) => {
        const entries = await client.list(command.address.path, { signal: options.signal });
        const shown = command.all ? entries : entries.filter(({ kind }) => kind === "file");
        options.show(entryLines(shown));
      });
  }
}

async function withClient(
  dial: () => Promise<FtpClient>,
  work: (client: FtpClient) => Promise<void>,
): Promise<void> {
  const client = await dial();
  try {
    await work(client);
    await client.quit();
  } catch (error) {
    client.abort();
    throw error;
  }
}

async function getTo(path: string, local: string | null): Promise<string> {
  const name = localName(path);
  const intoFolder = local === null || local.endsWith("/") || (await isLocalFolder(local));
  if (!intoFolder) return local;
  if (name !== null) return join(local ?? ".", name);
  const why = isFolder({ path } as never)
    ? "it is a folder: get takes the path of a file"
    : "a file here cannot have this name: say where it goes, get ADDRESS LOCAL";
  throw new ClientFailure("misuse", `${shownName(path === "" ? "/" : path)}: ${why}`);
}

async function isLocalFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (there) => there.isDirectory(),
    () => false,
  );
}

async function get(
  client: FtpClient,
  remote: string,
  local: string,
  { resume, signal, progress }: OneShotOptions,
): Promise<void> {
  const display = displayOf(progress, basename(local));
  try {
    const got = await client.get(remote, local, {
      ...{ resume, signal },
      onProgress: (how) => display?.moved(how),
    });
    display?.whole("got", got);
  } finally {
    display?.over();
  }
}

/** What is wrong with one file does not keep the others from being put. */
async function putAll(
  client: FtpClient,
  { locals, address }: Extract<OneShotCommand, { readonly kind: "put" }>,
  options: OneShotOptions,
): Promise<void> {
  const into = isFolder(address) ? address.path : null;
  const over = new AbortController();
  void client.closed.then(() => {
    over.abort();
  });
  let first: ClientFailure | null = null;
  for (const local of locals) {
    const remote = into === null ? address.path : `${into}${basename(local)}`;
    try {
      await put(client, local, remote, options);
    } catch (error) {
      const failure = error as ClientFailure;
      first ??= failure;
      if (over.signal.aborted || failure.kind === "interrupted" || locals.length === 1)
        throw failure;
      options.complain(failure);
    }
  }
  if (first !== null) {
    const { kind } = first;
    throw new ClientFailure(kind, "not all of the files were put", { cause: first });
  }
}

async function put(
  client: FtpClient,
  local: string,
  remote: string,
  { resume, signal, progress }: OneShotOptions,
): Promise<void> {
  const display = displayOf(progress, basename(local));
  try {
    const sent = await client.put(local, remote, {
      ...{ resume, signal },
      onProgress: (how) => display?.moved(how),
    });
    display?.whole("put", sent);
  } finally {
    display?.over();
  }
}

function displayOf(progress: ProgressOutput | null, name: string): ProgressDisplay | null {
  return progress === null ? null : new ProgressDisplay(progress, shownName(name));
}
