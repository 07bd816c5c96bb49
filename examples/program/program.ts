/** What all programs here have in common: flags, failures, and a lost terminal. */
import { closeSync } from "node:fs";
import { isatty } from "node:tty";

export interface Program<Settings> {
  /** What its failures begin with. */
  readonly name: string;
  readonly help: string;
  /** Null: help was asked for. Throws an Error whose message is one line. */
  readSettings(args: readonly string[]): Settings | null;
  run(settings: Settings): Promise<void>;
}

/** Runs it with the arguments of this process. A failure is one line on stderr, and exit status 2. */
export async function runProgram<Settings>(program: Program<Settings>): Promise<void> {
  outliveTerminal();
  const fail = (why: string): void => {
    console.error(`${program.name}: ${oneLine(why)}`);
    process.exitCode = 2;
  };
  let settings: Settings | null;
  try {
    settings = program.readSettings(process.argv.slice(2));
  } catch (error) {
    fail(`${(error as Error).message} (--help lists the flags)`);
    return;
  }
  if (settings === null) {
    process.stdout.write(program.help);
    return;
  }
  try {
    await program.run(settings);
  } catch (error) {
    fail((error as Error).message);
  }
}

/** What somebody has typed is in it, and may be more than a line. */
function oneLine(text: string): string {
  const escaped = (character: string): string =>
    `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
  return text.replace(/\p{Cc}/gu, escaped);
}

/**
 * A terminal that is gone, or a pipe that nobody reads, costs what would be shown there, and no more.
 *
 * At its end Node puts back how each terminal was set. Before nodejs/node#58200 it aborts if that
 * cannot be done, but it passes over a descriptor that is closed. Who looks at a terminal that is
 * gone sees none.
 */
function outliveTerminal(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
  const terminals = [0, 1, 2].filter(isatty);
  process.once("exit", () => {
    for (const fd of terminals) if (!isatty(fd)) closeSync(fd);
  });
}
