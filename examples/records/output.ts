/** Standard output, with which whoever prints keeps step: a pipe that is full makes all of them wait. */
import type { Writable } from "node:stream";

export class Output {
  readonly #stream: Writable;
  /** Waits for the pipe, for all who print. */
  #full: Promise<void> | null = null;
  #isFree: () => void = () => undefined;

  /** `gone` is called when nobody can read any more what is printed. */
  constructor(stream: Writable, gone: () => void) {
    this.#stream = stream;
    stream.on("drain", () => {
      this.#free();
    });
    stream.once("error", () => {
      gone();
      this.#free();
    });
  }

  /** Resolves when there is room for more. */
  print(line: string): Promise<void> {
    if (this.#stream.write(`${line}\n`) || this.#stream.destroyed) return Promise.resolve();
    this.#full ??= new Promise((resolve) => {
      this.#isFree = resolve;
    });
    return this.#full;
  }

  #free(): void {
    this.#full = null;
    this.#isFree();
  }
}
