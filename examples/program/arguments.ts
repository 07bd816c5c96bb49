/** Takes the arguments of a program apart. What is wrong with them is told in one line. */
import { parseArgs, type ParseArgsConfig } from "node:util";

type Options = NonNullable<ParseArgsConfig["options"]>;

export interface Arguments {
  readonly values: Readonly<Record<string, string | boolean | readonly string[] | undefined>>;
  readonly words: readonly string[];
}

/**
 * `words`: whether anything but flags may be given. Node's own checks are left out: to them a
 * negative number is a flag, and what they say of it takes three lines.
 */
export function parseArguments(
  args: readonly string[],
  options: Options,
  words: boolean,
): Arguments {
  const parsed = parseArgs({ args: [...args], options, strict: false, tokens: true });
  for (const token of parsed.tokens) {
    if (token.kind === "option") checkFlag(token, options, words);
    else if (token.kind === "positional" && !words) {
      throw new Error(`Unexpected argument '${token.value}'`);
    }
  }
  return { values: parsed.values, words: parsed.positionals };
}

interface Flag {
  readonly name: string;
  readonly rawName: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
}

function checkFlag(flag: Flag, options: Options, words: boolean): void {
  const { name, rawName, value, inlineValue } = flag;
  if (!Object.hasOwn(options, name)) {
    const hint =
      words && !rawName.startsWith("--") ? ": words that begin with - stand behind --" : "";
    throw new Error(`Unknown option '${rawName}'${hint}`);
  }
  if (options[name]!.type === "boolean") {
    if (value !== undefined) throw new Error(`${rawName} takes no value: leave out "${value}"`);
    return;
  }
  if (value === undefined) throw new Error(`${rawName} has no value: give one`);
  if (inlineValue === true || !/^-\D/.test(value)) return;
  throw new Error(`${rawName} has no value: give one before "${value}", or --${name}=${value}`);
}
