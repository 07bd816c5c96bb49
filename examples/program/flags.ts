/** Arguments of programs: flags with a value or without, and words that are no flags. */
import { parseArguments, type Arguments } from "./arguments.ts";

/** A whole number that may be set: its default, the least, the most, and what it is. */
type Limit = readonly [usual: number, least: number, most: number, does: string];

export type Limits = Readonly<Record<string, Limit>>;

export class Flags {
  /** What stands between the flags. */
  readonly words: readonly string[];
  readonly #values: Arguments["values"];

  /**
   * `named`: the flags that have a value; `listed`: those that may have several; `switches`: those
   * that have none; `short`: the letters that stand for some of these; `words`: whether anything
   * else may be given. Throws an Error whose message is one line.
   */
  constructor(args: readonly string[], names: FlagNames) {
    const { named, listed = [], switches, short = {}, words = false } = names;
    const letter = (flag: string): { short?: string } =>
      short[flag] === undefined ? {} : { short: short[flag] };
    const options = Object.fromEntries([
      ...named.map((flag) => [flag, { type: "string" as const, ...letter(flag) }]),
      ...listed.map((flag) => [flag, { type: "string" as const, multiple: true }]),
      ...switches.map((flag) => [flag, { type: "boolean" as const, ...letter(flag) }]),
    ]) as Record<string, { type: "string" | "boolean"; multiple?: boolean; short?: string }>;
    ({ values: this.#values, words: this.words } = parseArguments(args, options, words));
  }

  has(flag: string): boolean {
    return this.#values[flag] !== undefined;
  }

  text(flag: string): string | null {
    const value = this.#values[flag];
    return value === undefined ? null : String(value);
  }

  /** All that was given, each time or with commas between; null: nothing was. */
  list(flag: string): readonly string[] | null {
    const values = this.#values[flag];
    return Array.isArray(values) ? values.join(",").split(",") : null;
  }

  wholeNumber(flag: string, usual: number, least: number, most: number): number {
    const value = this.text(flag);
    if (value === null) return usual;
    const number = /^\d{1,15}$/.test(value) ? Number(value) : NaN;
    if (number >= least && number <= most) return number;
    throw new Error(`--${flag} is "${value}": give a whole number from ${least} to ${most}`);
  }

  oneOf<Word extends string>(flag: string, words: readonly Word[]): Word | null {
    const value = this.text(flag);
    if (value === null) return null;
    const word = words.find((candidate) => candidate === value);
    if (word !== undefined) return word;
    throw new Error(`--${flag} is "${value}": give one of ${words.join(", ")}`);
  }

  limits<L extends Limits>(limits: L): Record<keyof L, number> {
    const values = Object.entries(limits).map(([limit, [usual, least, most]]) => {
      return [limit, this.wholeNumber(flagOf(limit), usual, least, most)];
    });
    return Object.fromEntries(values) as Record<keyof L, number>;
  }
}

export interface FlagNames {
  readonly named: readonly string[];
  readonly listed?: readonly string[];
  readonly switches: readonly string[];
  /** A letter for a flag. */
  readonly short?: Readonly<Record<string, string>>;
  readonly words?: boolean;
}

/** `maxLineBytes` is set by `--max-line-bytes`. */
export function flagOf(limit: string): string {
  return limit.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** Columns of a help text that flags have; what a longer one does is on a line of its own. */
const FLAG_COLUMNS = 22;

/** Lines of a help text. */
export function limitsHelp(limits: Limits): string {
  return Object.entries(limits)
    .map(([limit, [usual, , , does]]) => `  ${flagHelp(`--${flagOf(limit)} N`)}${does} (${usual})`)
    .join("\n");
}

/** The files of `--cert` and `--key`; null without them. Throws for one without the other. */
export function identityOf(flags: Flags): { readonly cert: string; readonly key: string } | null {
  const [cert, key] = [flags.text("cert"), flags.text("key")];
  if (cert !== null && key !== null) return { cert, key };
  if (cert === key) return null;
  throw new Error(`--${cert === null ? "key" : "cert"} is alone: give --cert and --key`);
}

function flagHelp(flag: string): string {
  if (flag.length < FLAG_COLUMNS) return flag.padEnd(FLAG_COLUMNS);
  return `${flag}\n  ${" ".repeat(FLAG_COLUMNS)}`;
}
