/**
 * A program in the place of the person: lines in, lines out, no prompt, no bar, no escape codes.
 * What was asked for goes to stdout, everything else to stderr.
 */
import {
  FrameInput,
  lines,
  nextFrame,
  READABLE,
  RefusedFrame,
  type Reactor,
  type Registration,
  type Channel,
} from "iomux";

import type { Person, Screen } from "./screen.ts";
import { ClientFailure } from "./failure.ts";

/** Bytes of a line. */
export const MAX_LINE_BYTES = 65_536;

interface Question {
  readonly resolve: (line: string | null) => void;
  readonly reject: (failure: ClientFailure) => void;
}

export class Pipe implements Screen {
  /** A person at a terminal who has stdout elsewhere can still do better. */
  readonly interactive = process.stdin.isTTY;
  readonly columns = null;
  readonly #name: string;
  readonly #input = new FrameInput();
  readonly #framer = lines({ maxBytes: MAX_LINE_BYTES, overLong: "refuse" });
  readonly #registration: Registration<Channel>;
  #person: Person | null = null;
  #question: Question | null = null;
  #ended = false;

  /** `name` of the program, for what goes wrong. */
  constructor(reactor: Reactor, name: string) {
    this.#name = name;
    const stdin = reactor.adopt(process.stdin);
    this.#registration = reactor.register(stdin, READABLE, () => {
      const bytes = stdin.read();
      if (bytes === null) return;
      this.#ended = bytes.length === 0;
      this.#input.push(bytes);
      if (this.#ended) stdin.close();
      this.#answer();
    });
    this.#registration.pause();
  }

  listen(person: Person): void {
    this.#person = person;
    process.stdout.on("error", () => person.gone());
  }

  /** Rejects with a ClientFailure for a line that cannot be one. */
  ask(): Promise<string | null> {
    return new Promise((resolve, reject) => {
      this.#question = { resolve, reject };
      this.#answer();
    });
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
    this.#ended = true;
    this.#input.take(this.#input.length);
    if (this.#registration.descriptor.state !== "closed") this.#registration.descriptor.close();
    this.#answer();
  }

  #answer(): void {
    const question = this.#question;
    if (question === null) return;
    const frame = nextFrame(this.#framer, this.#input, this.#ended);
    if (frame === null && !this.#ended) {
      this.#registration.resume();
      return;
    }
    this.#question = null;
    if (!this.#ended) this.#registration.pause();
    this.#person?.typed();
    if (frame === null) question.resolve(null);
    else if (frame instanceof RefusedFrame) question.reject(tooLong(frame));
    else question.resolve(frame.toString());
  }
}

function tooLong({ maxBytes }: RefusedFrame): ClientFailure {
  return new ClientFailure("misuse", `a line has more than ${maxBytes} bytes`);
}
