/** The bus's flags: arguments in, settings out, or one line that says what is wrong. */
import { Flags } from "../program/flags.ts";
import { LOCALES, localeOf, type Locale } from "./texts.ts";

export interface Settings {
  readonly locale: Locale;
}

export const HELP = `Signal-driven I/O: a bus driver and a conductor, parent and child.

  node --import tsx --conditions=iomux-source examples/driver-and-conductor.ts

  --locale en|zh        what they speak (that of LC_ALL, LC_MESSAGES or LANG,
                        if it is one of these; else en)
  --help                this text

SIGINT to the conductor makes the driver go off, SIGQUIT makes him warn the
passengers. SIGTSTP (or SIGTERM) to the driver makes the conductor call the last
stop and leave, and then the driver. Ctrl-C, Ctrl-\\ and Ctrl-Z do the same.
Start it with node, as above: npm does not stand Ctrl-\\ and Ctrl-Z.

Exit status: 0 both have left in order, 1 one of them was lost, 2 wrong flags.
`;

/** Null: help was asked for. Throws an Error whose message is one line. */
export function readSettings(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Settings | null {
  const flags = new Flags(args, { named: ["locale"], switches: ["help"] });
  if (flags.has("help")) return null;
  return {
    locale: flags.oneOf("locale", Object.keys(LOCALES) as Locale[]) ?? localeOf(env),
  };
}
