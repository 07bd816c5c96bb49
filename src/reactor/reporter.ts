/** The one place where failures go: the user's `onError`, or else stderr. */
import { IomuxError } from "../errors.ts";
import type { Registration } from "../registration.ts";

/** Called for every failure that has no caller to throw at. */
export type ErrorListener = (error: Error, registration: Registration | null) => void;

interface Window {
  count: number;
  describe: (count: number) => Error;
  registration: Registration | null;
}

export class Reporter {
  readonly #listener: ErrorListener;
  readonly #windows = new Map<string, Window>();
  readonly #everyMs: number;
  readonly #after: (delayMs: number, callback: () => void) => unknown;

  constructor(
    listener: ErrorListener | undefined,
    everyMs: number,
    after: (delayMs: number, callback: () => void) => unknown,
  ) {
    this.#listener = listener ?? print;
    this.#everyMs = everyMs;
    this.#after = after;
  }

  report(error: Error, registration: Registration | null): void {
    const failed = (thrown: unknown): void => {
      print(error);
      print(thrown instanceof Error ? thrown : new Error(`onError threw ${String(thrown)}`));
    };
    try {
      const listener: (...args: Parameters<ErrorListener>) => unknown = this.#listener;
      const answer = listener(error, registration);
      void Promise.resolve(answer).catch(failed);
    } catch (thrown) {
      failed(thrown);
    }
  }

  /** The first of a kind at once; those of the next `everyMs` together, with their number. */
  reportOften(
    kind: string,
    registration: Registration | null,
    describe: (count: number) => Error,
  ): void {
    const open = this.#windows.get(kind);
    if (open !== undefined) {
      open.count++;
      open.describe = describe;
      return;
    }
    const window: Window = { count: 0, describe, registration };
    this.#windows.set(kind, window);
    this.#after(this.#everyMs, () => {
      this.#endWindow(kind, window);
    });
    this.report(describe(1), registration);
  }

  #endWindow(kind: string, window: Window): void {
    if (window.count === 0) {
      this.#windows.delete(kind);
      return;
    }
    const { count, describe, registration } = window;
    window.count = 0;
    this.#after(this.#everyMs, () => {
      this.#endWindow(kind, window);
    });
    this.report(describe(count), registration);
  }
}

/** Our own errors say all in one line; for others the stack says where they come from. */
function print(error: Error): void {
  const text = error instanceof IomuxError ? error.message : (error.stack ?? error.message);
  console.error(`iomux: ${text}`);
}
