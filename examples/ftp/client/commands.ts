/** The commands of the interactive client. The table of docs/file-client.md is this one. */
import type { Errand } from "./errand.ts";
import { ClientFailure } from "./failure.ts";
import { enterHere, folderHere, listHere, makeHere } from "./local-commands.ts";
import {
  enter,
  folder,
  info,
  list,
  make,
  move,
  open,
  remove,
  removeFolders,
} from "./remote-commands.ts";
import { shownName } from "./shown-name.ts";
import { get, getMany, put, putMany } from "./transfer-commands.ts";

export interface Command {
  readonly name: string;
  /** Other names, as other clients have them. */
  readonly also: readonly string[];
  /** What follows the name: `[X]` may be left out, `X...` may come more than once. */
  readonly syntax: string;
  readonly does: string;
  readonly run: (errand: Errand, words: readonly string[]) => void | Promise<void>;
}

function command(
  names: string,
  syntax: string,
  does: string,
  run: Command["run"],
): readonly [string, Command][] {
  const [name, ...also] = names.split(" ") as [string, ...string[]];
  const entry = { name, also, syntax, does, run };
  return [name, ...also].map((each) => [each, entry]);
}

/** By each of their names. */
export const COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
  ...command(
    "list ls dir",
    "[FOLDER]",
    "lists a folder, or what a pattern such as *.txt means",
    list,
  ),
  ...command("get", "FILE [LOCAL]", "gets a file; one that broke off is gone on with", get),
  ...command("put", "[-c] LOCAL [FILE]", "puts a file; -c goes on with one that broke off", put),
  ...command("mget", "FILE...", "gets all files that patterns mean", getMany),
  ...command("mput", "[-c] LOCAL...", "puts all files that patterns mean", putMany),
  ...command("cd", "FOLDER", "goes to a folder", enter),
  ...command("pwd", "", "tells the folder", folder),
  ...command("info", "FILE", "tells kind, size and time of a file or folder", info),
  ...command("mkdir", "FOLDER...", "makes folders", make),
  ...command("rmdir", "FOLDER...", "removes folders that are empty", removeFolders),
  ...command("rm delete", "FILE...", "removes files", remove),
  ...command(
    "mv rename",
    "FILE TO",
    "renames; moves, if TO is a folder with a slash behind it",
    move,
  ),
  ...command("open", "ADDRESS", "connects: to HOST, or to ftp://USER@HOST:PORT/", open),
  ...command("!ls lls", "[LOCAL-FOLDER]", "lists a folder here", listHere),
  ...command("!cd lcd", "[LOCAL-FOLDER]", "goes to a folder here; without one, home", enterHere),
  ...command("!pwd lpwd", "", "tells the folder here", folderHere),
  ...command("!mkdir lmkdir", "LOCAL-FOLDER...", "makes folders here", makeHere),
  ...command("help ?", "[COMMAND]", "tells what there is", help),
  ...command("quit exit bye", "", "leaves, as the end of input does", (errand) => errand.leave()),
]);

/** Each once. */
export const COMMAND_TABLE: readonly Command[] = [...new Set(COMMANDS.values())];

/** How it is typed. */
export function usageOf({ name, syntax }: Command): string {
  return syntax === "" ? name : `${name} ${syntax}`;
}

/** Throws a ClientFailure for what there is not. */
export function commandNamed(name: string): Command {
  const found = COMMANDS.get(name);
  if (found !== undefined) return found;
  const shown = shownName(name);
  throw new ClientFailure(
    "misuse",
    name.startsWith("!")
      ? `${shown}: only !ls, !cd, !pwd and !mkdir are done here; there is no shell`
      : `${shown}: there is no such command; \`help\` tells which there are`,
  );
}

/** Throws a ClientFailure if there are too few words, or too many. */
export function checkWords(wanted: Command, words: readonly string[]): void {
  const places = placesOf(wanted);
  const given =
    words[0] === "-c" && wanted.syntax.startsWith("[-c]") ? words.length - 1 : words.length;
  const least = places.filter(({ needed }) => needed).length;
  const most = places.at(-1)?.repeated === true ? Infinity : places.length;
  if (given >= least && given <= most) return;
  throw new ClientFailure("misuse", `it is typed so: ${usageOf(wanted)}`);
}

export interface Place {
  /** FILE, LOCAL, ... */
  readonly word: string;
  readonly needed: boolean;
  readonly repeated: boolean;
}

/** What follows the name, flags aside. */
export function placesOf({ syntax }: Command): Place[] {
  const parts = syntax.split(" ").filter((part) => part !== "" && part !== "[-c]");
  return parts.map((part) => ({
    word: part.replace(/[[\].]/g, ""),
    needed: !part.startsWith("["),
    repeated: part.includes("..."),
  }));
}

function help({ show }: Errand, [name]: readonly string[]): void {
  if (name === undefined) {
    const usages = COMMAND_TABLE.map(usageOf);
    const width = Math.max(...usages.map((usage) => usage.length));
    show(COMMAND_TABLE.map(({ does }, i) => `${usages[i]!.padEnd(width)}  ${does}`));
    return;
  }
  const wanted = commandNamed(name);
  const also = wanted.also.length === 0 ? "" : ` (also: ${wanted.also.join(", ")})`;
  show([`${usageOf(wanted)}: ${wanted.does}${also}`]);
}
