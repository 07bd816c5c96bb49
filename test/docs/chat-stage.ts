/**
 * The chats of the documents, played in real terminals, which script(1) makes.
 *
 * A block of a document is one terminal: `$ ` lines are run, `> ` lines are typed, at `^C` it is pressed,
 * and everything else must appear, in this order and with nothing between. Only the chat room's own
 * client shows a `> `; elsewhere it marks in the document what was typed.
 *
 * A document speaks of port 9000 and of the path chat.sock; here these are a free port and a path in
 * a folder of the test's own. Ports of members and times of day are whatever they are.
 */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "vitest";

import { programCommand, type Program } from "../support/program-command.ts";
import { SlowHandlerSieve } from "../support/slow-handlers.ts";
import { TerminalScreen } from "../examples/chat-client-screen.ts";
import { blocksOf, root } from "./markdown.ts";

const COLUMNS = 200;
const ROWS = 60;
const CHAT_ROOM = command("examples/chat-room.ts");
const CHAT_CLIENT = command("examples/chat-client.ts");

function command(program: Program): string {
  return [process.execPath, ...programCommand(program)].join(" ");
}

/** Whether a program that others wrote is missing, and need not be there. Only one nc has -U. */
export function absent(...programs: readonly ("nc" | "telnet" | "script")[]): boolean {
  if (process.env.IOMUX_REQUIRE_PEERS === "1") return false;
  return programs.some((name) => {
    const flags = { nc: ["-h"], telnet: [], script: ["--version"] }[name];
    // Telnet without a host waits for commands; with its input at the end, it ends.
    const { error, stderr } = spawnSync(name, flags, {
      input: "",
      timeout: 5000,
      encoding: "utf8",
    });
    return error !== undefined || (name === "nc" && !stderr.includes("OpenBSD"));
  });
}

/** One chat: its room, and those who enter it. */
export class Stage {
  readonly #file: string;
  readonly #folder = mkdtempSync(join(tmpdir(), "chat-"));
  readonly #terminals: Terminal[] = [];
  #port = 0;

  constructor(file: string) {
    this.#file = file;
  }

  /** Opens the terminal that the block marked `chat: name` shows, and runs its first command. */
  open(name: string): Terminal {
    const block = blocksOf(this.#file).find(({ mark }) => mark === `chat: ${name}`);
    if (block === undefined) throw new Error(`${this.#file} has no block marked "chat: ${name}"`);
    return this.#show(block.text.trimEnd().split("\n"));
  }

  /** Opens a room's terminal, and waits until the room is open. */
  async openRoom(name: string): Promise<Terminal> {
    return this.#opened(this.open(name));
  }

  /** A room that no block shows. */
  async openSilentRoom(): Promise<Terminal> {
    return this.#opened(this.#show(["$ npm run chat-room"]));
  }

  async end(): Promise<void> {
    await Promise.all(this.#terminals.map((terminal) => terminal.kill()));
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #opened(room: Terminal): Promise<Terminal> {
    const { screen } = room;
    await screen.until((rows) => rows.some((row) => row.includes("Ctrl+C")));
    const port = / nc [\d.]+ (\d+)$/m.exec(screen.text.join("\n"))?.[1];
    if (port !== undefined) this.#port = Number(port);
    return room;
  }

  #show(script: readonly string[]): Terminal {
    const here = (text: string): string => this.#said(text);
    const commands = script.filter((line) => line.startsWith("$ ")).map((line) => line.slice(2));
    const terminal = new Terminal(
      script,
      commands.map((command) => this.#command(command)),
      here,
    );
    this.#terminals.push(terminal);
    return terminal;
  }

  /** What is run for a command of the document. */
  #command(written: string): string {
    const flags = (given: string, port: string): string =>
      given.includes("--path") && !given.includes("--port") ? given : `${given} --port ${port}`;
    return written
      .replace("chat.sock", join(this.#folder, "chat.sock"))
      .replace(/^(nc|telnet) 127\.0\.0\.1 9000$/, `$1 127.0.0.1 ${this.#port}`)
      .replace(
        /npm run chat-room(?: --)?(.*)$/,
        (_, given: string) => `${CHAT_ROOM} ${flags(given, "0")}`,
      )
      .replace(
        /npm run (?:-s )?chat(?: --)?(.*)$/,
        (_, given: string) => `${CHAT_CLIENT} ${flags(given, `${this.#port}`)}`,
      );
  }

  /** What stands on a screen, in the words of the document. */
  #said(text: string): string {
    const port = new RegExp(`(?<=127\\.0\\.0\\.1[: ])${this.#port}\\b`, "g");
    return text.replaceAll(`${this.#folder}/`, "").replaceAll(port, "9000");
  }
}

/** What is another one each time. */
function anyTime(text: string): string {
  return text
    .replaceAll(/127\.0\.0\.1:(?!9000\b)\d+/g, "127.0.0.1:<port>")
    .replaceAll(/^\[\d\d:\d\d\]/gm, "[<time>]");
}

export class Terminal {
  readonly screen = new TerminalScreen(COLUMNS, ROWS);
  /** Fulfilled when all its commands have ended. */
  readonly ended: Promise<unknown>;
  readonly #child: ChildProcess;
  readonly #said: (text: string) => string;
  readonly #script: readonly string[];
  /** What the screen must show. */
  readonly #rows: readonly string[];
  #played = 1;

  /** `commands` are run, one for each `$ ` line; `said` puts what was said in the document's words. */
  constructor(
    script: readonly string[],
    commands: readonly string[],
    said: (text: string) => string,
  ) {
    this.#said = said;
    this.#script = script;
    const isClient = /npm run (?:-s )?chat(?!-)/.test(script[0]!) && !script[0]!.includes("|");
    this.#rows = script.slice(1).map((line) => anyTime(isClient ? line : line.replace(/^> /, "")));
    const [first, ...others] = commands;
    const shell = [
      `stty cols ${COLUMNS} rows ${ROWS}`,
      first!,
      ...others.flatMap((command) => [
        "status=$?",
        `echo '$ ${command}'`,
        `(exit $status)`,
        command,
      ]),
    ];
    this.#child = spawn("script", ["-qfc", shell.join("\n"), "/dev/null"], {
      cwd: root,
      env: { ...process.env, TERM: "xterm", NODE_NO_WARNINGS: "1" },
    });
    this.ended = once(this.#child, "close");
    const sieve = new SlowHandlerSieve();
    this.#child.stdout!.setEncoding("utf8").on("data", (text: string) => {
      this.screen.write(sieve.feed(text));
    });
  }

  /** Plays up to line number `to` of its block, the command being number 0; or all of it. */
  async play(to = this.#script.length): Promise<void> {
    for (; this.#played < to; this.#played++) {
      const line = this.#script[this.#played]!;
      if (/^(\^C|> )/.test(line)) await this.#atRow(this.#played - 1);
      if (line.startsWith("^C")) this.#type("\x03");
      else if (line.startsWith("> ")) this.#type(`${line.slice(2)}\r`);
      await this.#shows(this.#played);
    }
  }

  /** Its commands have ended, and the screen shows what the block does, and nothing else. */
  async over(): Promise<void> {
    await this.ended;
    expect(this.#shown.join("\n")).toBe(this.#rows.join("\n"));
  }

  /** Kills with -9 what was run. */
  async kill(): Promise<void> {
    for (const pid of [...descendants(this.#child.pid!), this.#child.pid!]) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It has ended by itself.
      }
    }
    await this.ended;
  }

  get #shown(): string[] {
    return this.screen.text.map((row) => anyTime(this.#said(row)));
  }

  #type(keys: string): void {
    this.#child.stdin!.write(keys);
  }

  /** A terminal shows a line before its end: what is typed in between would be on that line. */
  #atRow(row: number): Promise<void> {
    return this.screen.until(() => this.screen.cursor[1] >= row);
  }

  #shows(count: number): Promise<void> {
    const wanted = this.#rows.slice(0, count);
    return this.screen.until(() => {
      const shown = this.#shown;
      return wanted.every((row, index) => shown[index] === row);
    });
  }
}

/** The processes that a process has started, and that these have (Linux). */
function descendants(pid: number): number[] {
  let children: string;
  try {
    children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  } catch {
    return [];
  }
  const pids = children.split(" ").filter(Boolean).map(Number);
  return pids.flatMap((child) => [...descendants(child), child]);
}
