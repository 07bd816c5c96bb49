/**
 * Patterns of names, as shells have them (glob(7)): `*` is anything, `?` any character, `[a-z]` one
 * of these, `[!a-z]` one that is not. A name that begins with a dot is only meant by a pattern that
 * does too.
 */

/** What one character of a name is compared with; null is `*`. */
type Part = ((character: string) => boolean) | null;

export function isPattern(word: string): boolean {
  return /[*?[]/.test(word);
}

/** A test of names. Its time is at most the product of both lengths, whatever the pattern. */
export function namePattern(pattern: string): (name: string) => boolean {
  const parts = partsOf(pattern);
  const hidden = pattern.startsWith(".");
  return (name) => (hidden || !name.startsWith(".")) && matches(parts, Array.from(name));
}

function partsOf(pattern: string): Part[] {
  const parts: Part[] = [];
  const token = /\*+|\?|\[(!?)(\]?[^\]]*)\]|./gsu;
  for (const [text, not, set] of pattern.matchAll(token)) {
    if (text.startsWith("*")) parts.push(null);
    else if (text === "?") parts.push(() => true);
    else if (set !== undefined) parts.push(setOf(set, not === ""));
    else parts.push((character) => character === text);
  }
  return parts;
}

/** `a-z_`: ranges and characters. */
function setOf(set: string, wanted: boolean): (character: string) => boolean {
  const ranges = Array.from(set.matchAll(/(.)-(.)|./gsu), ([one, from = one, to = one]) => {
    return [from.codePointAt(0)!, to.codePointAt(0)!] as const;
  });
  return (character) => {
    const code = character.codePointAt(0)!;
    return ranges.some(([from, to]) => from <= code && code <= to) === wanted;
  };
}

/** If something does not fit, the last `*` takes one character more: earlier ones need not. */
function matches(parts: readonly Part[], name: readonly string[]): boolean {
  let [part, at] = [0, 0];
  let star: { readonly part: number; at: number } | null = null;
  while (at < name.length) {
    const wanted = parts[part];
    if (wanted === null) star = { part: part++, at };
    else if (wanted?.(name[at]!) === true) [part, at] = [part + 1, at + 1];
    else if (star === null) return false;
    else [part, at] = [star.part + 1, ++star.at];
  }
  return parts.slice(part).every((rest) => rest === null);
}
