/**
 * The interactive client: lines are asked for and obeyed, one after the other, until `quit`, the end
 * of input, or Ctrl-C twice. In a pipe the first failure ends it: what follows may rely on it.
 */
import { constants, homedir } from "node:os";

import type { Reactor } from "iomux";

import { ClientFailure, FAILURES } from "./failure.ts";
import type { Dialler } from "./link.ts";
import { LocalFolder } from "./local-folder.ts";
import { Pipe } from "./pipe.ts";
import type { Screen } from "./screen.ts";
import { Shell } from "./shell.ts";
import { Terminal } from "./terminal.ts";

export interface InteractiveOptions {
  readonly reactor: Reactor;
  /** Where to go first, or null. */
  readonly address: string | null;
  /** Nothing is said but what was asked for, and what went wrong. */
  readonly quiet: boolean;
  /** `ask` asks for what must not be shown; null: there is nobody to ask. */
  readonly dialler: (ask: Screen["askHidden"] | null) => Dialler;
}

/** Exit status of who writes for nobody, as of a program that the system ends for this. */
const NOBODY_READS = {
  terminal: 128 + constants.signals.SIGHUP,
  pipe: 128 + constants.signals.SIGPIPE,
};

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Answers the exit status. */
export async function runInteractive(options: InteractiveOptions): Promise<number> {
  const { reactor, address, quiet, dialler } = options;
  const { stdin, stdout } = process;
  const editing = stdin.isTTY && stdout.isTTY && process.env.TERM !== "dumb";
  const screen = editing ? new Terminal() : new Pipe(reactor, "file-client");
  const shell = new Shell({
    ...{ output: screen, quiet, local: new LocalFolder(process.cwd(), homedir()) },
    dialler: dialler(editing ? (question, signal) => screen.askHidden(question, signal) : null),
  });
  const interactive = new Interactive(screen, shell);
  const obey = (signal: (typeof SIGNALS)[number]): void => {
    if (signal === "SIGINT") interactive.interrupt();
    else interactive.leave(128 + constants.signals[signal]);
  };
  for (const signal of SIGNALS) process.on(signal, obey);
  try {
    return await interactive.run(address);
  } finally {
    for (const signal of SIGNALS) process.off(signal, obey);
  }
}

export class Interactive {
  readonly #screen: Screen;
  readonly #shell: Shell;
  /** The last thing that was typed was Ctrl-C. */
  #interrupted = false;
  /** Set by who does not wait for the last command. */
  #exitCode: number | null = null;
  #line = 0;

  constructor(screen: Screen, shell: Shell) {
    this.#screen = screen;
    this.#shell = shell;
  }

  /** `address`: where to go first, or null. Answers the exit status. Once. */
  async run(address: string | null): Promise<number> {
    this.#screen.listen({
      typed: () => {
        this.#interrupted = false;
      },
      interrupt: () => this.interrupt(),
      complete: (line) => this.#shell.complete(line),
      gone: () => this.leave(NOBODY_READS[this.#screen.interactive ? "terminal" : "pipe"]),
    });
    const failure = await this.#obeyAll(address);
    this.#screen.close();
    return this.#exitCode ?? failure?.exitCode ?? 0;
  }

  /**
   * Ctrl-C: stops what is under way, or drops the line; for the second time it leaves, and for the
   * third it waits for nothing.
   */
  interrupt(): void {
    if (this.#exitCode !== null) process.exit(this.#exitCode);
    const isIdle = !this.#shell.stop();
    if (this.#interrupted || (isIdle && !this.#screen.interactive)) {
      this.leave(FAILURES.interrupted[0]);
      return;
    }
    this.#interrupted = true;
    if (!isIdle) return;
    this.#screen.drop();
    this.#screen.remark("Ctrl-C again leaves");
  }

  /** Leaves now. */
  leave(exitCode: number): void {
    this.#exitCode ??= exitCode;
    this.#shell.abort();
    this.#screen.close();
  }

  async #obeyAll(address: string | null): Promise<ClientFailure | null> {
    if (address !== null) {
      const failure = await this.#shell.open(address);
      if (failure !== null) return this.#complain(failure);
    }
    while (!this.#shell.over) {
      const failure = await this.#obeyNext();
      if (failure === null) continue;
      this.#complain(failure);
      if (this.#screen.interactive) continue;
      if (failure.kind === "interrupted") this.#shell.abort();
      else await this.#shell.end();
      return failure;
    }
    await this.#shell.end();
    return null;
  }

  async #obeyNext(): Promise<ClientFailure | null> {
    let line: string | null;
    this.#line++;
    try {
      line = await this.#screen.ask();
    } catch (error) {
      if (error instanceof ClientFailure) return error;
      throw error;
    }
    if (line !== null) return this.#shell.obey(line);
    await this.#shell.end();
    return null;
  }

  #complain(failure: ClientFailure): ClientFailure {
    const where = this.#screen.interactive || this.#line === 0 ? "" : `line ${this.#line}: `;
    // Who leaves knows why what was under way has failed.
    if (this.#exitCode === null) this.#screen.complain(`${where}${failure.message}`);
    return failure;
  }
}
