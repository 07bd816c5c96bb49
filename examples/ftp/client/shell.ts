/** A line that was typed, and what becomes of it. It knows no terminal and no socket. */
import { checkWords, commandNamed } from "./commands.ts";
import { Completer, type Completion } from "./completion.ts";
import type { Errand } from "./errand.ts";
import { ClientFailure } from "./failure.ts";
import { Link, type Dialler } from "./link.ts";
import type { LocalFolder } from "./local-folder.ts";
import { ProgressDisplay, type ProgressOutput } from "./progress-display.ts";
import { splitWords } from "./words.ts";

/** What a shell shows, and where. All lines are safe for a terminal. */
export interface ShellOutput extends ProgressOutput {
  /** Lines that were asked for. */
  show(lines: readonly string[]): void;
  /** Something went wrong. */
  complain(line: string): void;
}

export interface ShellOptions {
  readonly output: ShellOutput;
  readonly dialler: Dialler;
  readonly local: LocalFolder;
  /** Nothing is said but what was asked for, and what went wrong. */
  readonly quiet: boolean;
}

const PROBLEMS = {
  "unfinished-quote": "a quotation mark is missing",
  "unfinished-escape": "nothing follows the backslash",
} as const;

export class Shell {
  readonly link: Link;
  readonly #options: ShellOptions;
  readonly #completer: Completer;
  #running: AbortController | null = null;
  #over = false;

  constructor(options: ShellOptions) {
    const { output, dialler, local } = options;
    this.#options = options;
    this.link = new Link({
      dialler,
      onOpen: (where, again) => {
        this.#remark(again ? `connected to ${where} again` : `connected to ${where}`);
      },
      onLost: ({ message }) => {
        // A command that is under way says so itself.
        if (this.#running === null) output.complain(message);
      },
    });
    this.#completer = new Completer(this.link, local);
  }

  /** Nothing more is obeyed. */
  get over(): boolean {
    return this.#over;
  }

  /** Connects as `open` does. */
  open(address: string): Promise<ClientFailure | null> {
    return this.#run((signal) => this.link.open(address, signal));
  }

  /** Does what the line says. Answers what went wrong. One line at a time. */
  obey(line: string): Promise<ClientFailure | null> {
    this.#completer.forget();
    return this.#run(async (signal) => {
      const [name, ...words] = wordsOf(line);
      if (name === undefined) return;
      const command = commandNamed(name);
      checkWords(command, words);
      await command.run(this.#errand(signal), words);
    });
  }

  /** Stops what is under way. False: nothing is. */
  stop(): boolean {
    this.#running?.abort();
    return this.#running !== null;
  }

  /** What a line that was begun may become. Never rejects. */
  complete(line: string): Promise<Completion> {
    return this.#completer.complete(line);
  }

  /** Says goodbye to the server. */
  async end(): Promise<void> {
    this.#over = true;
    await this.#run(() => this.link.quit());
  }

  /** Leaves now. */
  abort(): void {
    this.#over = true;
    this.stop();
    this.link.abort();
  }

  async #run(work: (signal: AbortSignal) => Promise<void>): Promise<ClientFailure | null> {
    const running = new AbortController();
    this.#running = running;
    try {
      await work(running.signal);
      return null;
    } catch (error) {
      if (error instanceof ClientFailure) return error;
      throw error;
    } finally {
      this.#running = null;
    }
  }

  #remark(line: string): void {
    if (!this.#options.quiet) this.#options.output.remark(line);
  }

  #errand(signal: AbortSignal): Errand {
    const { output, local, quiet } = this.#options;
    return {
      ...{ signal, local, link: this.link },
      show: (lines) => output.show(lines),
      remark: (line) => this.#remark(line),
      failed: ({ message }) => output.complain(message),
      display: (name) => (quiet ? null : new ProgressDisplay(output, name)),
      leave: () => {
        this.#over = true;
      },
    };
  }
}

/** None: there is nothing to do. Throws a ClientFailure for what cannot be understood. */
function wordsOf(line: string): readonly string[] {
  const text = line.trimStart().replace(/^!\s+/, "!");
  if (text.startsWith("#")) return [];
  const split = splitWords(text);
  if (!split.ok) throw new ClientFailure("misuse", PROBLEMS[split.problem]);
  // A command of FTP is one line, and no name on a terminal needs them.
  if (!split.words.some((word) => /\p{Cc}/u.test(word))) return split.words;
  throw new ClientFailure("misuse", "names with control characters are not taken");
}
