/** A wait: a promise with a deadline and a signal, answered at the end of a turn. */
import { checkMs, checkOptions } from "../arguments.ts";

export interface Wait<T> {
  /** Whether the deadline has passed, or somebody called `wake()`. */
  expired: boolean;
  resolve(value: T): void;
  reject(error: Error): void;
}

/** What `poll()` and `select()` take. */
export interface WaitOptions {
  /** Milliseconds; 0 does not wait, without it the wait is unbounded. */
  readonly timeoutMs?: number | undefined;
  /** Ends the wait with an AbortError when aborted. */
  readonly signal?: AbortSignal | undefined;
}

/** Throws for what is no wait. */
export function checkWait(options: WaitOptions): void {
  checkOptions(options);
  const { timeoutMs } = options;
  if (timeoutMs !== undefined) checkMs(timeoutMs, "timeoutMs");
}

/** What a wait needs of the loop. */
export interface WaitHost {
  hold(delta: 1 | -1): void;
  schedule(): void;
  after(delayMs: number, callback: () => void): () => void;
}

/**
 * Makes a wait. `onAbort` is called if the signal is aborted first. The process stays alive until
 * it has ended.
 */
export function makeWait<T>(
  host: WaitHost,
  options: WaitOptions,
  onAbort: (signal: AbortSignal) => void,
): { wait: Wait<T>; promise: Promise<T> } {
  const { timeoutMs, signal } = options;
  let resolve!: (value: T) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  const expire = (): void => {
    wait.expired = true;
    host.schedule();
  };
  const aborted = (): void => {
    onAbort(signal!);
  };
  const bounded = timeoutMs !== undefined && timeoutMs > 0;
  const cancel = bounded ? host.after(timeoutMs, expire) : () => undefined;
  signal?.addEventListener("abort", aborted, { once: true });
  host.hold(1);
  const settle = (): void => {
    cancel();
    signal?.removeEventListener("abort", aborted);
    host.hold(-1);
  };
  const wait: Wait<T> = {
    expired: timeoutMs === 0,
    resolve(value) {
      settle();
      resolve(value);
    },
    reject(error) {
      settle();
      reject(error);
    },
  };
  return { wait, promise };
}

/** Calls back when `signal` is aborted. Answers how to call it off. */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  if (signal.aborted) callback();
  else signal.addEventListener("abort", callback, { once: true });
  return () => {
    signal.removeEventListener("abort", callback);
  };
}
