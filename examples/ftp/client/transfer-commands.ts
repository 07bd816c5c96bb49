/** get, put, mget and mput. */
import { basename } from "node:path";

import type { Errand } from "./errand.ts";
import { ClientFailure } from "./failure.ts";
import { localName } from "./local-name.ts";
import { isPattern, namePattern } from "./name-pattern.ts";
import { joinPath, splitPath } from "./remote-path.ts";
import type { RemoteEntry } from "./remote-entry.ts";
import { shownName } from "./shown-name.ts";

/** get FILE [LOCAL] */
export async function get(errand: Errand, [remote, local]: readonly string[]): Promise<void> {
  await getFile(errand, remote!, await localPath(errand, remote!, local));
}

/** mget PATTERN... */
export async function getMany(errand: Errand, patterns: readonly string[]): Promise<void> {
  const files = await matching(patterns, async (folder) => {
    const client = await errand.link.client(errand.signal);
    return client.list(folder, { signal: errand.signal });
  });
  await forEach(errand, files, async (remote) => {
    await getFile(errand, remote, await localPath(errand, remote));
  });
}

/** put [-c] LOCAL [FILE] */
export async function put(errand: Errand, words: readonly string[]): Promise<void> {
  const { resume, names } = flagged(words);
  const [local, remote] = names;
  await putFile(errand, local!, remote, resume);
}

/** mput [-c] PATTERN... */
export async function putMany(errand: Errand, words: readonly string[]): Promise<void> {
  const { resume, names } = flagged(words);
  const files = await matching(names, (folder) => errand.local.list(folder));
  await forEach(errand, files, (local) => putFile(errand, local, undefined, resume));
}

/** `-c` may stand first. */
function flagged(words: readonly string[]): { resume: boolean; names: readonly string[] } {
  const resume = words[0] === "-c";
  return { resume, names: resume ? words.slice(1) : words };
}

/** What an earlier `get` has left of this very file is gone on with. */
async function getFile(errand: Errand, remote: string, local: string): Promise<void> {
  const { link, signal } = errand;
  const client = await link.client(signal);
  const display = errand.display(shownName(splitPath(remote).name));
  try {
    const transferred = await client.get(remote, local, {
      ...{ resume: true, signal },
      onProgress: (progress) => display?.moved(progress),
    });
    display?.whole("got", transferred);
  } catch (error) {
    display?.over();
    throw error;
  }
}

/** `remote` may be a folder, if it ends with a slash. */
async function putFile(
  errand: Errand,
  local: string,
  remote: string | undefined,
  resume: boolean,
): Promise<void> {
  const { link, signal } = errand;
  const path = errand.local.resolve(local);
  const into = remote === undefined ? "" : remote.endsWith("/") ? remote : null;
  const target = into === null ? remote! : joinPath(into, basename(path));
  const client = await link.client(signal);
  const display = errand.display(shownName(basename(path)));
  try {
    const transferred = await client.put(path, target, {
      ...{ resume, signal },
      onProgress: (progress) => display?.moved(progress),
    });
    display?.whole("put", transferred);
  } catch (error) {
    display?.over();
    throw error;
  }
}

/** Where a remote file goes: to `given`, or with its own name into the folder that this is. */
async function localPath({ local }: Errand, remote: string, given = "./"): Promise<string> {
  const isFolder = given.endsWith("/") || (await local.isFolder(given));
  if (!isFolder) return local.resolve(given);
  const name = localName(remote);
  if (name !== null) return local.resolve(joinPath(given, name));
  throw new ClientFailure(
    "misuse",
    `${shownName(remote)}: no file here can have this name: \`get FILE LOCAL\` gives it another`,
  );
}

/** Paths of all files that are meant. What is no pattern is one file, whatever the folder has. */
async function matching(
  patterns: readonly string[],
  list: (folder: string) => Promise<readonly RemoteEntry[]>,
): Promise<string[]> {
  const files: string[] = [];
  for (const pattern of patterns) {
    const { folder, name } = splitPath(pattern);
    if (!isPattern(name)) {
      files.push(pattern);
      continue;
    }
    const isMeant = namePattern(name);
    const entries = (await list(folder)).filter((entry) => isFile(entry) && isMeant(entry.name));
    if (entries.length === 0) {
      throw new ClientFailure("no-file", `${shownName(pattern)}: no file has such a name`);
    }
    files.push(...entries.map((entry) => joinPath(folder, entry.name)).sort());
  }
  return [...new Set(files)];
}

/** A name with a slash in it would be another one here than the one that the pattern has met. */
function isFile({ name, kind }: RemoteEntry): boolean {
  return (kind === "file" || kind === "link") && !name.includes("/");
}

/** What goes wrong with one file does not stop the others; what goes wrong with all of them does. */
async function forEach(
  errand: Errand,
  files: readonly string[],
  move: (file: string) => Promise<void>,
): Promise<void> {
  const failures: ClientFailure[] = [];
  for (const file of files) {
    try {
      await move(file);
    } catch (error) {
      if (!(error instanceof ClientFailure) || !SINGLE.has(error.kind)) throw error;
      if (files.length === 1) throw error;
      failures.push(error);
      errand.failed(error);
    }
  }
  const [first] = failures;
  if (first === undefined) return;
  throw new ClientFailure(first.kind, `${failures.length} of ${files.length} files failed`);
}

/** What may be so with one file and not with the next. */
const SINGLE: ReadonlySet<string> = new Set([
  ...["misuse", "no-file", "no-permission", "declined", "incomplete", "local-error"],
]);
