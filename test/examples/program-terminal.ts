/** A program in a terminal of its own, which script(1) makes; and a shell that is left after it. */
import { spawn, type ChildProcess } from "node:child_process";
import { readFileSync, readlinkSync } from "node:fs";
import type { Readable } from "node:stream";

import { tellingItsEnd } from "./chat-process.ts";
import { TerminalScreen } from "./chat-client-screen.ts";
import { LineLog } from "./line-log.ts";
import { finish, ROOT } from "./programs.ts";

export interface TerminalOptions {
  readonly columns: number;
  readonly rows: number;
  readonly cwd?: string;
  /** All of it, but for what says which terminal this is. Default: that of the tests. */
  readonly env?: NodeJS.ProcessEnv;
}

export class ProgramTerminal {
  readonly screen: TerminalScreen;
  /** Everything that was written to the terminal. */
  raw = "";
  readonly #child: ChildProcess;
  readonly #ends: LineLog;

  constructor(command: readonly string[], options: TerminalOptions) {
    const { columns, rows, cwd = ROOT, env = process.env } = options;
    this.screen = new TerminalScreen(columns, rows);
    const program = command.map(quote).join(" ");
    const echo = `stty -a | grep -qw -- -icanon && echo raw || echo cooked`;
    const size = `stty cols ${columns} rows ${rows}`;
    const shell = `${size}; ${tellingItsEnd(program)}; echo "exit $status"; ${echo}`;
    this.#child = spawn("script", ["-qfc", shell, "/dev/null"], {
      ...{ cwd, stdio: ["pipe", "pipe", "pipe", "pipe"] },
      env: { ...env, TERM: "xterm", NODE_NO_WARNINGS: "1" },
    });
    this.#ends = new LineLog(this.#child.stdio[3] as Readable);
    this.#child.stdout!.setEncoding("utf8").on("data", (text: string) => {
      this.raw += text;
      this.screen.write(text);
    });
  }

  type(text: string): void {
    this.#child.stdin!.write(text);
  }

  /** Sends the program a signal, and nobody else. */
  signal(signal: NodeJS.Signals): void {
    process.kill(this.#program, signal);
  }

  /** The window becomes another size, which the program is told. The screen here stays as it is. */
  async resize(columns: number): Promise<void> {
    const device = readlinkSync(`/proc/${this.#program}/fd/0`);
    const { code, err } = await finish("stty", ["-F", device, "cols", String(columns)]);
    if (code !== 0) throw new Error(err);
  }

  /** The terminal is gone, as when its window is closed. Answers the program's exit status. */
  async hangUp(): Promise<number> {
    this.#child.kill("SIGKILL");
    return Number(await this.#ends.until(/^\d+$/));
  }

  /** Waits for the last row that says something to be this. */
  until(lastRow: string | RegExp): Promise<void> {
    return this.screen.until((rows) => {
      const last = rows.at(-1) ?? "";
      return typeof lastRow === "string" ? last === lastRow : lastRow.test(last);
    });
  }

  /** Waits for rows that follow each other, wherever they stand. */
  shows(...wanted: readonly string[]): Promise<void> {
    const text = `\n${wanted.join("\n")}\n`;
    return this.screen.until((rows) => `\n${rows.join("\n")}\n`.includes(text));
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  get #program(): number {
    let pid = this.#child.pid!;
    for (let child = childOf(pid); child !== null; child = childOf(pid)) pid = child;
    return pid;
  }
}

/** A process that this one has started, or null (Linux). */
function childOf(pid: number): number | null {
  const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ");
  return child === undefined || child === "" ? null : Number(child);
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
