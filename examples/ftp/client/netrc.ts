/** A `.netrc`, as ftp(1) reads it: words, in any number of lines. */

export interface Machine {
  readonly user: string;
  /** Null: it is to be asked for. */
  readonly password: string | null;
}

/**
 * The first entry of `host` and, if one is given, `user`; `default` is everybody's. Null: there is
 * none.
 */
export function findMachine(text: string, host: string, user: string | null): Machine | null {
  for (const entry of entriesOf(text)) {
    const here = entry.host === null || entry.host.toLowerCase() === host.toLowerCase();
    const name = entry.login ?? user;
    if (here && name !== null && (user === null || name === user)) {
      return { user: name, password: entry.password };
    }
  }
  return null;
}

interface Entry {
  /** Null: any. */
  readonly host: string | null;
  login: string | null;
  password: string | null;
}

const VALUED: ReadonlySet<string> = new Set(["login", "user", "password", "account"]);

function entriesOf(text: string): Entry[] {
  const entries: Entry[] = [];
  const words = wordsOf(text);
  let entry: Entry | null = null;
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === "machine" || word === "default") {
      entry = { host: word === "default" ? null : (words[++i] ?? ""), login: null, password: null };
      entries.push(entry);
    } else if (VALUED.has(word)) {
      const value = words[++i] ?? null;
      if (entry !== null && word === "password") entry.password = value;
      else if (entry !== null && word !== "account") entry.login = value;
    }
  }
  return entries;
}

/** Quotes keep spaces together, a backslash the character after it. A macro ends at an empty line. */
function wordsOf(text: string): string[] {
  const plain = text
    .replaceAll("\r\n", "\n")
    .replace(/(^|\n)[ \t]*macdef[\s\S]*?(?:\n[ \t]*\n|$)/g, "$1\n")
    .replace(/(^|\n)[ \t]*#[^\n]*/g, "$1");
  const words = plain.match(/"(?:[^"\\]|\\[\s\S])*"|(?:[^\s\\]|\\[\s\S])+/g) ?? [];
  return words.map((word) => word.replace(/^"([\s\S]*)"$/, "$1").replace(/\\([\s\S])/g, "$1"));
}
