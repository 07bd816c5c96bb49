/**
 * Names: any script, but what two people would read as the same name, or as none, or as something
 * else that the room says, is refused.
 */
import { mixesAlphabets, skeleton } from "./look-alikes.ts";
import { isReserved } from "./reserved-names.ts";

export type NameProblem =
  "empty" | "too-long" | "unprintable" | "beginning" | "mark" | "reserved" | "mixed";

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

/** A colon, or what looks like one, ends a name where somebody speaks. */
const COLONS =
  /[:\u02d0\u02f8\u0589\u05c3\u0703\u0704\u16ec\u1803\u205a\u2236\u2982\ua4fd\ua789\ufe30]/u;

/** These surround a name in a command. */
const QUOTES = /["\u201c\u201d]/u;

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
  // What looks like a colon does not stay one there.
  if (COLONS.test(name + compatible) || QUOTES.test(compatible)) return "mark";
  if (BEGINNING.test(compatible)) return "beginning";
  if (isReserved(name)) return "reserved";
  return mixesAlphabets(compatible) ? "mixed" : null;
}

/** Names with the same key are the same name: `Bob`, `bob`, `Ｂｏｂ`, and what looks like it. */
export function nameKey(name: string): string {
  return skeleton(name);
}
