/** A line that is typed, cut into words as a shell cuts them, without anything else that shells do. */

export type Words =
  | { readonly ok: true; readonly words: readonly string[] }
  | { readonly ok: false; readonly problem: "unfinished-quote" | "unfinished-escape" };

type Quote = '"' | "'";

interface Scan {
  readonly words: readonly string[];
  /** The word that the line ends in, or null: a space has ended it. */
  readonly last: { readonly text: string; readonly from: number } | null;
  /** The one that is still open. */
  readonly quote: Quote | null;
  /** The line ends with a backslash that has nothing to keep. */
  readonly escape: boolean;
}

/** Words end at spaces and tabs. Quotes of either kind and backslashes keep what ends them. */
function scan(line: string): Scan {
  const words: string[] = [];
  let last: { text: string; from: number } | null = null;
  let quote: Quote | null = null;
  let escape = false;
  for (let i = 0; i < line.length; i++) {
    const character = line[i]!;
    const space = character === " " || character === "\t";
    if (quote === null && !escape && space) {
      if (last !== null) words.push(last.text);
      last = null;
      continue;
    }
    last ??= { text: "", from: i };
    if (escape) {
      escape = false;
      last.text += character;
    } else if (character === quote) quote = null;
    else if (character === "\\" && quote !== "'") escape = true;
    else if (quote === null && (character === '"' || character === "'")) quote = character;
    else last.text += character;
  }
  return { words, last, quote, escape };
}

export function splitWords(line: string): Words {
  const { words, last, quote, escape } = scan(line);
  if (escape) return { ok: false, problem: "unfinished-escape" };
  if (quote !== null) return { ok: false, problem: "unfinished-quote" };
  return { ok: true, words: last === null ? words : [...words, last.text] };
}

export interface BegunWord {
  /** The words before it. */
  readonly before: readonly string[];
  readonly text: string;
  /** As it was typed. */
  readonly typed: string;
  readonly quote: Quote | null;
}

/** The word that a line ends in; an empty one after a space. */
export function begunWord(line: string): BegunWord {
  const { words: before, last, quote } = scan(line);
  if (last === null) return { before, text: "", typed: "", quote };
  return { before, text: last.text, typed: line.slice(last.from), quote };
}

/** A word as it must be typed. */
export function quotedWord(word: string): string {
  return word === "" ? '""' : word.replace(/[\s"'\\]/g, "\\$&");
}

/** The beginning of a word as it must be typed; with the quotation mark that was used for it. */
export function quotedBeginning(text: string, quote: Quote | null): string {
  if (quote === '"') return `"${text.replace(/["\\]/g, "\\$&")}`;
  if (quote === "'") return `'${text.replaceAll("'", "'\\''")}`;
  return text === "" ? "" : quotedWord(text);
}
