/**
 * What a line asks for. A line that begins with a slash is a command; `//` begins one that says a
 * slash. A space before the slash and the wide slash of Chinese keyboards make no difference, so
 * that nobody says to all what was meant for one.
 */
import type { MemberCommandName } from "./texts.ts";

export type MemberCommand =
  | { readonly kind: "say" | "me"; readonly text: string }
  | { readonly kind: "msg"; readonly name: string; readonly text: string }
  | { readonly kind: "nick"; readonly name: string }
  | { readonly kind: "history"; readonly lines: number }
  | { readonly kind: "who" | "help" | "quit" }
  | Misuse<MemberCommandName>;

export type Misuse<Name> =
  | { readonly kind: "unknown"; readonly command: string }
  | { readonly kind: "misused"; readonly command: Name };

/** How many lines of history a newcomer is told, and who asks without a number. */
export const HISTORY_LINES_TOLD = 20;

/** What is told of a command that is none. */
const MAX_COMMAND_LENGTH = 20;

export function parseMemberLine(line: string): MemberCommand {
  const { command, rest } = splitCommand(line);
  switch (command) {
    case null:
      return { kind: "say", text: rest };
    case "who":
    case "help":
    case "quit":
      return { kind: command };
    case "me":
      return rest === "" ? { kind: "misused", command } : { kind: "me", text: rest };
    case "nick":
      return rest === "" ? { kind: "misused", command } : { kind: "nick", name: unquoted(rest) };
    case "msg": {
      const { name, rest: text } = splitName(rest);
      if (name === "" || text === "") return { kind: "misused", command };
      return { kind: "msg", name, text };
    }
    case "history": {
      const lines = rest === "" ? HISTORY_LINES_TOLD : count(rest);
      return lines === null ? { kind: "misused", command } : { kind: "history", lines };
    }
    default:
      return { kind: "unknown", command };
  }
}

/** The command in small letters, and what follows it; null and the text for a line that is said. */
export function splitCommand(line: string): { command: string | null; rest: string } {
  const [, slashes, after] = /^\s*([/／]{0,2})(.*)$/su.exec(line)!;
  if (slashes === "") return { command: null, rest: line };
  if (slashes!.length === 2) return { command: null, rest: `/${after!}` };
  const [, word, rest] = /^(\S*)\s*(.*)$/su.exec(after!)!;
  const command = word!.toLowerCase().slice(0, MAX_COMMAND_LENGTH);
  return { command, rest: rest!.trim() };
}

/**
 * A name at the beginning of `text`, and what follows. A name with spaces stands in quotes: were
 * the longest name that fits taken instead, `Ann I` would get what is meant for `Ann`.
 */
function splitName(text: string): { name: string; rest: string } {
  const [, quoted, word, rest] = /^(?:["“”]([^"“”]*)["“”]|(\S*))\s*(.*)$/su.exec(text)!;
  return { name: (quoted ?? word)!.trim(), rest: rest!.trim() };
}

/** A name that stands alone needs no quotes, but may have them. */
export function unquoted(text: string): string {
  return /^["“”]([^"“”]*)["“”]$/u.exec(text)?.[1]?.trim() ?? text;
}

/** A whole number of at most seven digits, or null. */
export function count(text: string): number | null {
  return /^\d{1,7}$/.test(text) ? Number(text) : null;
}
