/** Commands for this machine. None of them starts another program, a shell least of all. */
import { entryLines } from "./entry-lines.ts";
import type { Errand } from "./errand.ts";
import { shownName } from "./shown-name.ts";

/** !ls [LOCAL-FOLDER] */
export async function listHere(errand: Errand, [typed = "."]: readonly string[]): Promise<void> {
  const entries = await errand.local.list(typed);
  const shown = entries.filter(({ name }) => !name.startsWith("."));
  if (shown.length === 0) errand.remark("nothing there");
  else errand.show(entryLines(shown));
}

/** !cd [LOCAL-FOLDER] */
export async function enterHere(
  { local }: Errand,
  [typed = "~"]: readonly string[],
): Promise<void> {
  await local.enter(typed);
}

/** !pwd */
export function folderHere({ local, show }: Errand): void {
  show([shownName(local.path)]);
}

/** !mkdir LOCAL-FOLDER... */
export async function makeHere({ local }: Errand, folders: readonly string[]): Promise<void> {
  for (const folder of folders) await local.make(folder);
}
