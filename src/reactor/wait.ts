/** A wait: a promise with a deadline and a signal, answered at the end of a turn. */

export interface Wait<T> {
  /** Whether the deadline has passed, or somebody called `wake()`. */
  expired: boolean;
  resolve(value: T): void;
  reject(error: Error): void;
}

export interface WaitOptions {
  /** Milliseconds; 0 does not wait, without it the wait is unbounded. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
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
  let settle!: () => void;
  let wait!: Wait<T>;
  const promise = new Promise<T>((resolve, reject) => {
    wait = {
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
  });
  const aborted = (): void => {
    onAbort(signal!);
  };
  const cancel =
    timeoutMs === undefined || timeoutMs === 0
      ? null
      : host.after(timeoutMs, () => {
          wait.expired = true;
          host.schedule();
        });
  signal?.addEventListener("abort", aborted, { once: true });
  host.hold(1);
  settle = () => {
    cancel?.();
    signal?.removeEventListener("abort", aborted);
    host.hold(-1);
  };
  return { wait, promise };
}
