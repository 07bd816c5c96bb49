/** A promise that somebody waits for, with a time limit and a signal of its own. */
import { checkMs, checkNames, checkOptions } from "../arguments.ts";
import { AbortError, IomuxError } from "../errors.ts";
import type { WaitOptions } from "../reactor/wait.ts";

/** Calls back after `delayMs`; the answer calls it off. */
export type After = (delayMs: number, callback: () => void) => () => void;

/** Whether bytes leave though their sender has given up the wait. */
type Sent = () => boolean;

const WAIT_NAMES: ReadonlySet<string> = new Set(["timeoutMs", "signal"]);

/** Throws for options that are none. `names`: all that there may be. */
export function checkWaiting(options: WaitOptions, names = WAIT_NAMES): void {
  checkOptions(options);
  checkNames(options, names);
  if (options.timeoutMs !== undefined) checkMs(options.timeoutMs, "timeoutMs");
}

/** A rejected promise of which nobody need take notice. */
export function rejected(error: Error): Promise<never> {
  const promise = Promise.reject(error);
  promise.catch(ignore);
  return promise;
}

function ignore(): void {
  // Who waits hears of it; who does not wait must not end the process by that.
}

export class Pending<T> {
  readonly promise: Promise<T>;
  readonly #what: string;
  readonly #options: WaitOptions;
  readonly #onGivenUp: (error: Error) => void;
  readonly #sent: Sent | undefined;
  readonly #cancelTimer: (() => void) | null;
  #resolve!: (value: T) => void;
  #reject!: (error: Error) => void;
  readonly #aborted = (): void => {
    this.#giveUp(new AbortError(this.#what, this.#options.signal!, this.#sent?.()));
  };

  /**
   * `what` waits, for messages. When the time is up or the signal is aborted, it is rejected and
   * `onGivenUp` is called; a signal that is aborted already, and a time of 0, are for the caller.
   * `sent`: for a wait of who sends.
   */
  constructor(
    what: string,
    options: WaitOptions,
    after: After,
    onGivenUp: (error: Error) => void,
    sent?: Sent,
  ) {
    this.#what = what;
    this.#sent = sent;
    this.#options = options;
    this.#onGivenUp = onGivenUp;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.promise.catch(ignore);
    const { timeoutMs, signal } = options;
    const expire = (): void => {
      this.#giveUp(timedOut(what, timeoutMs!, sent?.()));
    };
    this.#cancelTimer = timeoutMs === undefined ? null : after(timeoutMs, expire);
    signal?.addEventListener("abort", this.#aborted, { once: true });
  }

  resolve(value: T): void {
    this.#settle();
    this.#resolve(value);
  }

  reject(error: Error): void {
    this.#settle();
    this.#reject(error);
  }

  #giveUp(error: Error): void {
    this.reject(error);
    this.#onGivenUp(error);
  }

  #settle(): void {
    this.#cancelTimer?.();
    this.#options.signal?.removeEventListener("abort", this.#aborted);
  }
}

/** What cannot wait at all: the error of a signal that is aborted already, or null. */
export function abortedAlready(
  what: string,
  { signal }: WaitOptions,
  sent?: false,
): AbortError | null {
  return signal?.aborted === true ? new AbortError(what, signal, sent) : null;
}

/** `sent`: for who sends, whether the bytes leave all the same. */
export function timedOut(what: string, timeoutMs: number, sent?: boolean): IomuxError {
  const message = `${what} took longer than ${timeoutMs} ms: ${ADVICE[String(sent)]!}`;
  return new IomuxError("IOMUX_TIMED_OUT", message, { sent });
}

const ADVICE: Readonly<Record<string, string>> = {
  undefined: "wait again, or give it up",
  true: "its bytes leave all the same, do not send them again; abort() if the peer is too slow",
  false: "none of its bytes were sent, so send them again, or give it up",
};
