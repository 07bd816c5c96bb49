/** What a line of the administrator asks for. */
import { count, splitCommand, unquoted, type Misuse } from "./commands.ts";
import type { AdminCommandName } from "./texts.ts";

export type AdminCommand =
  | { readonly kind: "say"; readonly text: string }
  | { readonly kind: "kick" | "explain"; readonly name: string }
  | { readonly kind: "mute"; readonly name: string; readonly seconds: number }
  | { readonly kind: "shutdown"; readonly seconds: number }
  | { readonly kind: "who" | "stats" | "help" }
  | Misuse<AdminCommandName>;

/** Timers take no more than 2^31 ms. */
const MAX_SECONDS = 2_000_000;

export function parseAdminLine(line: string): AdminCommand {
  const { command, rest } = splitCommand(line);
  switch (command) {
    case null:
      return { kind: "say", text: rest };
    case "who":
    case "stats":
    case "help":
      return { kind: command };
    case "kick":
    case "explain":
      return rest === "" ? { kind: "misused", command } : { kind: command, name: unquoted(rest) };
    case "mute":
      return mute(rest);
    case "shutdown": {
      const wait = rest === "" ? 0 : seconds(rest);
      return wait === null ? { kind: "misused", command } : { kind: "shutdown", seconds: wait };
    }
    default:
      return { kind: "unknown", command };
  }
}

/** The last word is the time, and all before it the name. */
function mute(rest: string): AdminCommand {
  const words = rest.split(/\s+/u);
  const length = seconds(words.pop()!);
  if (words.length === 0 || length === null) return { kind: "misused", command: "mute" };
  return { kind: "mute", name: unquoted(words.join(" ")), seconds: length };
}

function seconds(text: string): number | null {
  const number = count(text);
  return number === null || number > MAX_SECONDS ? null : number;
}
