/**
 * A program in the place of the person: lines in, lines out, no prompt, no bar, no escape codes.
 * What was asked for goes to stdout, everything else to stderr.
 */
import { RefusedFrame, type Reactor } from "iomux";

import { TypedLines } from "../../program/typed-lines.ts";
import type { Person, Screen } from "./screen.ts";
import { ClientFailure } from "./failure.ts";

/** Bytes of a line. */
export const MAX_LINE_BYTES = 65_536;

export class Pipe implements Screen {
  /** A person at a terminal who has stdout elsewhere can still do better. */
  readonly interactive = process.stdin.isTTY;
  readonly columns = null;
  readonly #name: string;
  readonly #typed: TypedLines;
  #person: Person | null = null;

  /** `name` of the program, for what goes wrong. */
  constructor(reactor: Reactor, name: string) {
    this.#name = name;
    this.#typed = new TypedLines(reactor, MAX_LINE_BYTES);
  }

  listen(person: Person): void {
    this.#person = person;
    process.stdout.on("error", () => person.gone());
  }

  /** Rejects with a ClientFailure for a line that cannot be one. */
  async ask(): Promise<string | null> {
    const line = await this.#typed.next();
    this.#person?.typed();
    if (line instanceof RefusedFrame) throw tooLong(line);
    return line;
  }

  askHidden(): Promise<null> {
    return Promise.resolve(null);
  }

  show(shown: readonly string[]): void {
    process.stdout.write(shown.map((line) => `${line}\n`).join(""));
  }

  remark(line: string): void {
    process.stderr.write(`${line}\n`);
  }

  complain(line: string): void {
    process.stderr.write(`${this.#name}: ${line}\n`);
  }

  draw(): void {
    // There is no terminal.
  }

  drop(): void {
    // A terminal that edits by itself has dropped it.
  }

  close(): void {
    this.#typed.close();
  }
}

function tooLong({ maxBytes }: RefusedFrame): ClientFailure {
  return new ClientFailure("misuse", `a line has more than ${maxBytes} bytes`);
}
