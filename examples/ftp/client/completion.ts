/**
 * What a line that was begun may become: names of commands, of what is on the server, and of what
 * is here. Names that a terminal might obey are left out.
 */
import { COMMANDS, placesOf } from "./commands.ts";
import type { Link } from "./link.ts";
import type { LocalFolder } from "./local-folder.ts";
import { joinPath, splitPath } from "./remote-path.ts";
import type { RemoteEntry } from "./remote-entry.ts";
import { shownName } from "./shown-name.ts";
import { begunWord, quotedBeginning, type BegunWord } from "./words.ts";

/** More are not shown. */
export const MAX_CANDIDATES = 500;

/** What the last word may become, as it must be typed; and what it is now. */
export type Completion = [candidates: string[], typed: string];

type List = (folder: string) => Promise<readonly RemoteEntry[]>;

export class Completer {
  readonly #link: Link;
  readonly #local: LocalFolder;
  /** Listings of the server, as long as nothing was done. */
  #known = new Map<string, Promise<readonly RemoteEntry[]>>();

  constructor(link: Link, local: LocalFolder) {
    this.#link = link;
    this.#local = local;
  }

  /** What is on the server may have changed. */
  forget(): void {
    this.#known = new Map();
  }

  /** Never rejects. */
  async complete(line: string): Promise<Completion> {
    const word = begunWord(line.trimStart());
    const { before, text, typed } = word;
    if (before.length === 0) {
      return [candidates(word, beginning([...COMMANDS.keys()], text), () => true), typed];
    }
    const names = await this.#names(before, text);
    return [candidates(word, names, (name) => !name.endsWith("/")), typed];
  }

  /** Names that the last word may become; those of folders end with a slash. */
  async #names(before: readonly string[], text: string): Promise<readonly string[]> {
    const command = COMMANDS.get(before[0]!);
    if (command === undefined) return [];
    const places = placesOf(command);
    const given = before.length - 1 - (before[1] === "-c" ? 1 : 0);
    const place = places[given] ?? (places.at(-1)?.repeated === true ? places.at(-1) : undefined);
    switch (place?.word) {
      case "COMMAND":
        return beginning([...COMMANDS.keys()], text);
      case "FILE":
      case "TO":
        return this.#paths(text, (folder) => this.#remote(folder), false);
      case "FOLDER":
        return this.#paths(text, (folder) => this.#remote(folder), true);
      case "LOCAL":
        return this.#paths(text, (folder) => this.#local.names(folder), false);
      case "LOCAL-FOLDER":
        return this.#paths(text, (folder) => this.#local.names(folder), true);
      default:
        return [];
    }
  }

  async #paths(text: string, list: List, onlyFolders: boolean): Promise<readonly string[]> {
    const { folder, name } = splitPath(text);
    let entries: readonly RemoteEntry[];
    try {
      entries = await list(folder);
    } catch {
      return [];
    }
    const wanted = entries.filter((entry) => {
      if (onlyFolders && entry.kind === "file") return false;
      return isTypable(entry.name) && (name.startsWith(".") || !entry.name.startsWith("."));
    });
    const paths = wanted.map((entry) => {
      return `${joinPath(folder, entry.name)}${entry.kind === "folder" ? "/" : ""}`;
    });
    return beginning(paths, text);
  }

  /** A connection that was lost is not made again for this. */
  #remote(folder: string): Promise<readonly RemoteEntry[]> {
    const known = this.#known.get(folder);
    if (known !== undefined) return known;
    const listing = this.#link.standing?.list(folder) ?? Promise.resolve([]);
    this.#known.set(folder, listing);
    return listing;
  }
}

function isTypable(name: string): boolean {
  return shownName(name) === name && !name.includes("/");
}

function beginning(names: readonly string[], text: string): string[] {
  return names.filter((name) => name.startsWith(text)).sort();
}

/** As they must be typed. The only one is finished, if it `ends` the word. */
function candidates(
  { quote }: BegunWord,
  names: readonly string[],
  ends: (name: string) => boolean,
): string[] {
  if (names.length === 1) {
    const [name] = names as [string];
    const written = quotedBeginning(name, quote);
    return [ends(name) ? `${written}${quote ?? ""} ` : written];
  }
  if (names.length <= MAX_CANDIDATES) return names.map((name) => quotedBeginning(name, quote));
  const common = quotedBeginning(commonBeginning(names), quote);
  return common === "" ? [] : [common];
}

function commonBeginning(sorted: readonly string[]): string {
  const [first, last] = [sorted[0]!, sorted.at(-1)!];
  let length = 0;
  while (length < first.length && first[length] === last[length]) length++;
  return first.slice(0, length);
}
