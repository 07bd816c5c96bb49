/**
 * Names: any script, but what two people would read as the same name, or as none, or as something
 * else that the room says, is refused.
 */
import { isReserved } from "./reserved-names.ts";

export type NameProblem = "empty" | "too-long" | "unprintable" | "beginning" | "mark" | "reserved";

export type CheckedName =
  | { readonly name: string; readonly problem: null }
  | { readonly name: null; readonly problem: NameProblem };

/**
 * Controls, format characters (invisible ones, and those that change the direction), unassigned
 * and private code points, and letters that show as nothing.
 */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/u;

/** A mark of its own would be drawn on what stands before the name, a pile of them on other lines. */
const LOOSE_MARKS = /^\p{M}|\p{M}{5}/u;

/** What the room's own lines begin with (`*`, `[`), and commands (`/`). */
const BEGINNING = /^\p{P}/u;

/** A colon ends a name where somebody speaks; quotes surround it in a command. */
const RESERVED_MARKS = /[:"\u201c\u201d]/u;

/**
 * Trimmed, with single spaces, in Unicode's form NFC; or why it cannot be a name.
 * `maxLength` counts code points, each of at most 4 bytes of UTF-8.
 */
export function checkName(text: string, maxLength: number): CheckedName {
  // Cut before it is normalised: no name is so long that this shortens a good one.
  const start = text.trim().slice(0, 32 * maxLength);
  const name = start
    .normalize("NFC")
    .replace(/\p{Zs}+/gu, " ")
    .trim();
  const problem = problemOf(name, maxLength);
  return problem === null ? { name, problem } : { name: null, problem };
}

function problemOf(name: string, maxLength: number): NameProblem | null {
  if (name === "") return "empty";
  if (Array.from(name).length > maxLength) return "too-long";
  if (UNPRINTABLE.test(name) || LOOSE_MARKS.test(name)) return "unprintable";
  const compatible = name.normalize("NFKC");
  if (RESERVED_MARKS.test(compatible)) return "mark";
  if (BEGINNING.test(compatible)) return "beginning";
  return isReserved(name) ? "reserved" : null;
}

/** Names with the same key are the same name: `Bob`, `bob` and `Ｂｏｂ`. */
export function nameKey(name: string): string {
  return name.normalize("NFKC").toUpperCase().toLowerCase().normalize("NFKC");
}
