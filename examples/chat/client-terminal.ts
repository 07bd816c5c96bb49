/**
 * The one file of the client that touches the terminal: stdin, stdout, stderr.
 *
 * Two ways to stand before a person, and one for a program:
 *
 * - `EditingScreen`, if stdin and stdout are terminals: the line that is being typed stays under
 *   what the room says. Before lines are shown the rows of the prompt are erased, and afterwards
 *   they are drawn again, with the cursor where it was.
 * - `PlainScreen` otherwise: lines in, lines out, no prompt, no escape codes. What the client itself
 *   has to say goes to stderr. A line for which there is no place waits, and stdin with it.
 *
 * What is shown must be harmless already: see `shown` in client-lines.ts.
 */
import {
  clearScreenDown,
  createInterface,
  cursorTo,
  moveCursor,
  type Interface,
} from "node:readline";
import { Transform } from "node:stream";
import { StringDecoder } from "node:string_decoder";

import { LineSplitter, type Line } from "./client-lines.ts";

const PROMPT = "> ";

/** What a screen tells. */
interface Person {
  /** A line was typed. "full": not now. "too-long": never. */
  line(text: string): "taken" | "full" | "too-long";
  /** There is no more to come. */
  end(): void;
  /** Ctrl-C. */
  interrupt(): void;
  /** Nobody reads what is shown. */
  gone(): void;
  /** Lines may be shown again, after `show` has answered false. */
  drained(): void;
}

export interface Screen {
  /** Whether there is somebody who can be asked. */
  readonly interactive: boolean;
  /** Starts. */
  listen(person: Person): void;
  /** Shows lines. False: show no more until `person.drained()`. */
  show(lines: readonly string[]): boolean;
  /** Says something of the client's own. */
  note(text: string): void;
  /** Says something that only a person wants to know. */
  remark(text: string): void;
  /** Lines for which there was no place may be typed again. */
  resume(): void;
  /** Takes no more input, and gives the terminal back as it was; what comes is still shown. */
  stop(): void;
}

export interface ScreenTexts {
  readonly queueFull: string;
  lineTooLong(maxBytes: number): string;
}

export function openScreen(maxLineBytes: number, texts: ScreenTexts): Screen {
  const { stdin, stdout } = process;
  const editing = stdin.isTTY && stdout.isTTY && process.env.TERM !== "dumb";
  return editing ? new EditingScreen(maxLineBytes, texts) : new PlainScreen(maxLineBytes, texts);
}

class EditingScreen implements Screen {
  readonly interactive = true;
  readonly #maxLineBytes: number;
  readonly #texts: ScreenTexts;
  #readline: Interface | null = null;
  /** Continued after a stop: the shell has had the terminal, and set it as it likes it. */
  readonly #continue = (): void => {
    if (this.#readline === null) return;
    process.stdin.setRawMode(false).setRawMode(true);
    draw(this.#readline, "");
  };

  constructor(maxLineBytes: number, texts: ScreenTexts) {
    this.#maxLineBytes = maxLineBytes;
    this.#texts = texts;
  }

  listen(person: Person): void {
    const keys = new Keys();
    const readline = createInterface({
      input: keys,
      output: process.stdout,
      terminal: true,
      prompt: PROMPT,
    });
    this.#readline = readline;
    readline.on("line", (text) => this.#typed(person, text));
    readline.on("SIGINT", () => person.interrupt());
    // The whole group, as a terminal does it: readline would stop itself and leave npm waiting.
    readline.on("SIGTSTP", () => {
      keys.setRawMode(false);
      erase(readline);
      process.kill(0, "SIGTSTP");
    });
    process.on("SIGCONT", this.#continue);
    readline.on("close", () => {
      // Ctrl-D, or stdin has ended. Then readline takes no keys any more.
      this.#readline = null;
      process.off("SIGCONT", this.#continue);
      leaveLine(readline);
      person.end();
    });
    watchOutput(person);
    readline.prompt();
  }

  show(lines: readonly string[]): boolean {
    const readline = this.#readline;
    const text = lines.map((line) => `${line}\n`).join("");
    if (readline === null) return write(text);
    erase(readline);
    return draw(readline, text);
  }

  note(text: string): void {
    this.show([`-- ${text}`]);
  }

  remark(text: string): void {
    this.note(text);
  }

  resume(): void {
    // Nobody waits: a line that was refused is with the person again.
  }

  stop(): void {
    const readline = this.#readline;
    this.#readline = null;
    process.off("SIGCONT", this.#continue);
    if (readline !== null) {
      // What follows stands in place of an empty prompt, but below a line that was begun. Keys are
      // the terminal's again before anything says so.
      readline.write(null, { ctrl: true, name: "e" });
      readline.removeAllListeners("close").close();
      leaveLine(readline);
    }
    process.stdin.pause().unref();
  }

  #typed(person: Person, text: string): void {
    const answer = person.line(text);
    const texts = this.#texts;
    if (answer === "full") process.stdout.write(`-- ${texts.queueFull}\n`);
    if (answer === "too-long") {
      process.stdout.write(`-- ${texts.lineTooLong(this.#maxLineBytes)}\n`);
    }
    this.#readline?.prompt();
    // It is not lost: it can be sent again, or made shorter.
    if (answer !== "taken") this.#readline?.write(text);
  }
}

/** What is shown is not read any more, or again. Who is gone reads no more, and is not waited for. */
function watchOutput(person: Person): void {
  process.stdout.on("drain", () => person.drained());
  process.stdout.on("error", () => {
    person.gone();
    person.drained();
  });
}

/** Writes, unless nobody is there. False: no more for now. */
function write(text: string): boolean {
  const { stdout } = process;
  return stdout.errored !== null || stdout.write(text);
}

function leaveLine(readline: Interface): void {
  if (readline.line === "") erase(readline);
  else process.stdout.write("\n");
}

/** Writes `text`, and the prompt with what was typed below it. False: no more for now. */
function draw(readline: Interface, text: string): boolean {
  // readline goes up by the rows that it has last drawn before it draws again.
  const taken = write(text + "\n".repeat(readline.getCursorPos().rows));
  readline.prompt(true);
  return taken;
}

/** Erases the prompt and what was typed, and leaves the cursor where they began. */
function erase(readline: Interface): void {
  const { stdout } = process;
  moveCursor(stdout, 0, -readline.getCursorPos().rows);
  cursorTo(stdout, 0);
  clearScreenDown(stdout);
}

/**
 * stdin, a character at a time. readline puts all but the last character of a longer piece at the
 * end of the line, wherever the cursor is, and does not count their rows; pieces are what an input
 * method and the clipboard send.
 */
class Keys extends Transform {
  readonly #decoder = new StringDecoder("utf8");
  isRaw = false;

  constructor() {
    super({ readableObjectMode: true });
    process.stdin.on("error", () => this.end());
    process.stdin.pipe(this);
  }

  setRawMode(on: boolean): this {
    process.stdin.setRawMode(on);
    this.isRaw = on;
    return this;
  }

  override _transform(bytes: Buffer, _encoding: string, done: () => void): void {
    for (const character of this.#decoder.write(bytes)) this.push(character);
    done();
  }
}

class PlainScreen implements Screen {
  readonly interactive = process.stdin.isTTY;
  readonly #texts: ScreenTexts;
  readonly #splitter: LineSplitter;
  #person: Person | null = null;
  /** Lines that were read and not taken yet: at most those of one piece of stdin. */
  #waiting: Line[] = [];
  #ended = false;

  constructor(maxLineBytes: number, texts: ScreenTexts) {
    this.#texts = texts;
    this.#splitter = new LineSplitter(maxLineBytes);
  }

  listen(person: Person): void {
    const { stdin } = process;
    this.#person = person;
    const end = (): void => {
      if (this.#ended) return;
      this.#ended = true;
      this.#waiting.push(...this.#splitter.end());
      this.resume();
    };
    stdin.on("data", (bytes: Buffer) => {
      this.#waiting.push(...this.#splitter.feed(bytes));
      this.resume();
    });
    stdin.on("end", end).on("error", end);
    watchOutput(person);
  }

  show(lines: readonly string[]): boolean {
    return write(lines.map((line) => `${line}\n`).join(""));
  }

  note(text: string): void {
    process.stderr.write(`chat-client: ${text}\n`);
  }

  remark(): void {
    // A program does not want to know.
  }

  resume(): void {
    const person = this.#person;
    if (person === null) return;
    while (this.#waiting.length > 0) {
      if (!this.#take(person, this.#waiting[0]!)) {
        process.stdin.pause();
        return;
      }
      this.#waiting.shift();
    }
    if (this.#ended) person.end();
    else process.stdin.resume();
  }

  stop(): void {
    this.#person = null;
    process.stdin.removeAllListeners("data").pause();
    // A file has nothing to be unreferenced.
    (process.stdin as { unref?: () => void }).unref?.();
  }

  #take(person: Person, { text, cut }: Line): boolean {
    const answer = cut ? "too-long" : person.line(text);
    if (answer === "too-long") this.note(this.#texts.lineTooLong(this.#splitter.maxBytes));
    return answer !== "full";
  }
}
