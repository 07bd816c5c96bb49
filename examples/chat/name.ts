/**
 * Names: any script, but what two people would read as the same name, or as none, is refused.
 */

/** Code points of a name. At most 4 bytes of UTF-8 each. */
export const MAX_NAME_LENGTH = 32;

export type NameProblem = "empty" | "too-long" | "unprintable" | "colon";

export type CheckedName =
  | { readonly name: string; readonly problem: null }
  | { readonly name: null; readonly problem: NameProblem };

/**
 * Controls, format characters (invisible ones, and those that change the direction), unassigned
 * and private code points, and letters that show as nothing.
 */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/u;

/** A mark of its own would be drawn on what stands before the name. */
const LEADING_MARK = /^\p{M}/u;

/** Trimmed, with single spaces, in Unicode's form NFC; or why it cannot be a name. */
export function checkName(text: string): CheckedName {
  // Cut before it is normalised: no name is so long that this shortens a good one.
  const start = text.trim().slice(0, 32 * MAX_NAME_LENGTH);
  const name = start
    .normalize("NFC")
    .replace(/\p{Zs}+/gu, " ")
    .trim();
  const problem = problemOf(name);
  return problem === null ? { name, problem } : { name: null, problem };
}

function problemOf(name: string): NameProblem | null {
  if (name === "") return "empty";
  if (Array.from(name).length > MAX_NAME_LENGTH) return "too-long";
  if (UNPRINTABLE.test(name) || LEADING_MARK.test(name)) return "unprintable";
  // A colon ends a name where somebody speaks; it must not stand inside one.
  return name.normalize("NFKC").includes(":") ? "colon" : null;
}

/** Names with the same key are the same name: `Bob`, `bob` and `Ｂｏｂ`. */
export function nameKey(name: string): string {
  return name.normalize("NFKC").toUpperCase().toLowerCase().normalize("NFKC");
}
