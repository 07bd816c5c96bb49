/**
 * A person at a terminal. While a line is asked for, readline edits it; there is a readline for each
 * line, so that at other times nothing but what a command says and its bar is drawn.
 */
import {
  clearLine,
  clearScreenDown,
  createInterface,
  cursorTo,
  moveCursor,
  type Interface,
} from "node:readline";

import { Keyboard, KeyStream, MAX_HELD_KEYS } from "./keyboard.ts";
import type { Person, Screen } from "./screen.ts";

const PROMPT = "ftp> ";
const USUAL_COLUMNS = 80;

/** Lines that the arrow keys bring back. */
export const MAX_HISTORY_LINES = 1000;

/** An address with a password in it: such a line is forgotten. */
const PASSWORD = /:[^@\s/]*@/;

export class Terminal implements Screen {
  readonly interactive = true;
  #keyboard: Keyboard | null = null;
  #person: Person | null = null;
  /** The line that is asked for. */
  #readline: Interface | null = null;
  /** Ends the question without an answer. */
  #giveUp: (() => void) | null = null;
  #history: string[] = [];
  #hasRow = false;
  #wasFull = false;
  #closed = false;
  readonly #onContinue = (): void => {
    this.#keyboard?.takeBack();
    if (this.#readline !== null) draw(this.#readline, "");
  };

  get columns(): number {
    // Some terminals do not know how wide they are.
    return process.stdout.columns || USUAL_COLUMNS;
  }

  listen(person: Person): void {
    this.#person = person;
    this.#keyboard = new Keyboard(process.stdin, {
      typed: () => person.typed(),
      interrupt: () => person.interrupt(),
      suspend: () => this.#suspend(),
      full: () => this.#tellFull(),
    });
    process.on("SIGCONT", this.#onContinue);
    process.stdout.on("error", () => person.gone());
    this.#keyboard.start();
  }

  ask(): Promise<string | null> {
    if (this.#closed) return Promise.resolve(null);
    this.#wasFull = false;
    this.draw(null);
    const readline = this.#open();
    return new Promise((resolve) => {
      let answer: string | null = null;
      readline.on("line", (line) => {
        answer = line;
        readline.close();
      });
      readline.once("close", () => {
        this.#readline = null;
        this.#giveUp = null;
        // Ctrl-D, or the terminal is gone.
        if (answer === null) write("\n");
        resolve(answer);
      });
      this.#giveUp = () => {
        answer = "";
        // Below all that was typed.
        readline.write(null, { ctrl: true, name: "e" });
        write("^C\n");
        readline.close();
      };
      readline.prompt();
    });
  }

  askHidden(question: string, signal: AbortSignal): Promise<string | null> {
    if (this.#closed || signal.aborted) return Promise.resolve(null);
    this.#say(question);
    return new Promise((resolve) => {
      const answered = (answer: string | null): void => {
        this.#keyboard?.read(null);
        this.#giveUp = null;
        signal.removeEventListener("abort", giveUp);
        write("\n");
        resolve(answer);
      };
      const giveUp = (): void => answered(null);
      signal.addEventListener("abort", giveUp);
      this.#giveUp = giveUp;
      this.#keyboard!.read({ key: hiddenLine(answered), end: giveUp });
    });
  }

  show(lines: readonly string[]): void {
    this.#say(lines.map((line) => `${line}\n`).join(""));
  }

  remark(line: string): void {
    this.#say(`-- ${line}\n`);
  }

  complain(line: string): void {
    this.#say(`-- ${line}\n`);
  }

  draw(row: string | null): void {
    if (row === null && !this.#hasRow) return;
    cursorTo(process.stdout, 0);
    clearLine(process.stdout, 1);
    this.#hasRow = row !== null;
    if (row !== null) write(row);
  }

  drop(): void {
    this.#giveUp?.();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.draw(null);
    this.#giveUp?.();
    process.off("SIGCONT", this.#onContinue);
    this.#keyboard?.stop();
  }

  #open(): Interface {
    const readline = createInterface({
      ...{ input: new KeyStream(this.#keyboard!), output: process.stdout, terminal: true },
      ...{ prompt: PROMPT, history: this.#history, historySize: MAX_HISTORY_LINES },
      removeHistoryDuplicates: true,
      completer: (line: string, done: (error: null, completion: [string[], string]) => void) => {
        void this.#person!.complete(line).then((completion) => done(null, completion));
      },
    });
    readline.on("history", (lines) => {
      this.#history = lines.filter((line) => !PASSWORD.test(line));
    });
    this.#readline = readline;
    return readline;
  }

  /** Above the line that is being typed, if there is one. */
  #say(text: string): void {
    this.draw(null);
    const readline = this.#readline;
    if (readline === null) write(text);
    else {
      erase(readline);
      draw(readline, text);
    }
  }

  /** The whole group, as a terminal does it: else npm would be left waiting. */
  #suspend(): void {
    this.#keyboard!.lend();
    this.draw(null);
    if (this.#readline !== null) erase(this.#readline);
    process.kill(0, "SIGTSTP");
  }

  #tellFull(): void {
    if (this.#wasFull) return;
    this.#wasFull = true;
    this.complain(`only ${MAX_HELD_KEYS} characters may be typed ahead: the rest is left out`);
  }
}

/** Takes the keys of a line that is not shown. */
function hiddenLine(answered: (line: string | null) => void): (character: string) => void {
  let typed: string[] = [];
  return (character) => {
    if (character === "\r" || character === "\n") answered(typed.join(""));
    else if (character === "\x04" && typed.length === 0) answered(null);
    else if (character === "\x7f" || character === "\b") typed.pop();
    else if (character === "\x15") typed = [];
    else if (character >= " " && typed.length < MAX_HELD_KEYS) typed.push(character);
  };
}

/** Writes, unless nobody is there. */
function write(text: string): void {
  const { stdout } = process;
  if (stdout.errored === null) stdout.write(text);
}

/** Writes `text`, and the prompt with what was typed below it. */
function draw(readline: Interface, text: string): void {
  // readline goes up by the rows that it has last drawn before it draws again.
  write(text + "\n".repeat(readline.getCursorPos().rows));
  readline.prompt(true);
}

/** Erases the prompt and what was typed, and leaves the cursor where they began. */
function erase(readline: Interface): void {
  const { stdout } = process;
  moveCursor(stdout, 0, -readline.getCursorPos().rows);
  cursorTo(stdout, 0);
  clearScreenDown(stdout);
}
