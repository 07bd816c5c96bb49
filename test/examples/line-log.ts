/** The lines that a stream brings, and waiting for one of them. */
import type { Readable } from "node:stream";

import { isSlowHandler } from "../support/slow-handlers.ts";

interface Waiter {
  readonly matches: (line: string) => boolean;
  readonly resolve: (line: string) => void;
  readonly reject: (error: Error) => void;
}

export class LineLog {
  /** Every complete line so far, but for what is said of slow handlers. */
  readonly lines: string[] = [];
  /** Fulfilled when the stream has ended or broke. */
  readonly over: Promise<void>;
  /** Called for each line as it comes. */
  onLine: ((line: string) => void) | null = null;
  #rest = "";
  #isOver = false;
  /** Lines up to here were asked for by `until`. */
  #seen = 0;
  #waiter: Waiter | null = null;

  constructor(stream: Readable) {
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => {
      const parts = (this.#rest + text).split("\n");
      this.#rest = parts.pop()!;
      for (const line of parts) {
        if (isSlowHandler(line)) continue;
        this.lines.push(line);
        this.onLine?.(line);
      }
      this.#answer();
    });
    stream.on("error", () => {});
    this.over = new Promise((resolve) => {
      stream.on("close", () => {
        this.#isOver = true;
        this.#answer();
        resolve();
      });
    });
  }

  /** What came after the last complete line. */
  get rest(): string {
    return this.#rest;
  }

  /** The next line that is `wanted`, after those that were waited for before. */
  until(wanted: string | RegExp): Promise<string> {
    const matches = (line: string): boolean =>
      typeof wanted === "string" ? line === wanted : wanted.test(line);
    return new Promise((resolve, reject) => {
      const ended = (error: Error): void => {
        reject(new Error(`${String(wanted)} did not come: ${error.message}`));
      };
      this.#waiter = { matches, resolve, reject: ended };
      this.#answer();
    });
  }

  #answer(): void {
    const waiter = this.#waiter;
    if (waiter === null) return;
    while (this.#seen < this.lines.length) {
      const line = this.lines[this.#seen++]!;
      if (!waiter.matches(line)) continue;
      this.#waiter = null;
      waiter.resolve(line);
      return;
    }
    if (!this.#isOver) return;
    this.#waiter = null;
    waiter.reject(new Error(`the stream is over after ${JSON.stringify(this.lines.slice(-5))}`));
  }
}
