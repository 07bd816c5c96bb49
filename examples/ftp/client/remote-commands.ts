/** Commands that ask the server for something, but for those that move files. */
import { entryLines, infoLines } from "./entry-lines.ts";
import type { Errand } from "./errand.ts";
import { isPattern, namePattern } from "./name-pattern.ts";
import { joinPath, splitPath } from "./remote-path.ts";
import { shownName } from "./shown-name.ts";

/** list [FOLDER] */
export async function list(errand: Errand, [typed = ""]: readonly string[]): Promise<void> {
  const { link, signal } = errand;
  const { folder, name } = splitPath(typed);
  const narrowed = isPattern(name);
  const client = await link.client(signal);
  const entries = await client.list(narrowed ? folder : typed, { signal });
  const isMeant = narrowed ? namePattern(name) : () => true;
  const meant = entries.filter((entry) => isMeant(entry.name));
  if (meant.length === 0) errand.remark("nothing there");
  else errand.show(entryLines(meant));
}

/** cd FOLDER */
export async function enter({ link, signal }: Errand, [folder]: readonly string[]): Promise<void> {
  await link.enter(folder!, signal);
}

/** pwd */
export async function folder({ link, signal, show }: Errand): Promise<void> {
  show([shownName(await link.ask(signal, (client) => client.folder()))]);
}

/** info PATH */
export async function info(errand: Errand, [path]: readonly string[]): Promise<void> {
  const entry = await errand.link.ask(errand.signal, (client) => client.info(path!));
  errand.show(infoLines(path!, entry));
}

/** rm FILE... */
export async function remove({ link, signal }: Errand, files: readonly string[]): Promise<void> {
  for (const file of files) await link.ask(signal, (client) => client.remove(file));
}

/** mkdir FOLDER... */
export async function make({ link, signal }: Errand, folders: readonly string[]): Promise<void> {
  for (const path of folders) await link.ask(signal, (client) => client.makeFolder(path));
}

/** rmdir FOLDER... */
export async function removeFolders(
  { link, signal }: Errand,
  folders: readonly string[],
): Promise<void> {
  for (const path of folders) await link.ask(signal, (client) => client.removeFolder(path));
}

/** mv FROM TO: TO may be a folder, if it ends with a slash. */
export async function move({ link, signal }: Errand, words: readonly string[]): Promise<void> {
  const [from, to] = words as [string, string];
  const target = to.endsWith("/") ? joinPath(to, splitPath(from).name) : to;
  await link.ask(signal, (client) => client.rename(from, target));
}

/** open ADDRESS */
export async function open({ link, signal }: Errand, [address]: readonly string[]): Promise<void> {
  await link.open(address!, signal);
}
