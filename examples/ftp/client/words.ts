/** A line that is typed, cut into words as a shell cuts them, without anything else that shells do. */

export type Words =
  | { readonly ok: true; readonly words: readonly string[] }
  | { readonly ok: false; readonly problem: "unfinished-quote" | "unfinished-escape" };

/** Words end at spaces and tabs. Quotes of either kind and backslashes keep what ends them. */
export function splitWords(line: string): Words {
  const words: string[] = [];
  let word: string | null = null;
  let quote: string | null = null;
  for (let i = 0; i < line.length; i++) {
    const character = line[i]!;
    if (quote !== null && character === quote) quote = null;
    else if (character === "\\" && quote !== "'") {
      if (++i === line.length) return { ok: false, problem: "unfinished-escape" };
      word = (word ?? "") + line[i]!;
    } else if (quote !== null) word = (word ?? "") + character;
    else if (character === '"' || character === "'") {
      quote = character;
      word ??= "";
    } else if (character === " " || character === "\t") {
      if (word !== null) words.push(word);
      word = null;
    } else word = (word ?? "") + character;
  }
  if (quote !== null) return { ok: false, problem: "unfinished-quote" };
  if (word !== null) words.push(word);
  return { ok: true, words };
}

/** A word as it must be typed. */
export function quotedWord(word: string): string {
  return word === "" ? '""' : word.replace(/[\s"'\\]/g, "\\$&");
}
