/** Callbacks of users: what they throw, and what their promises reject with, goes the same way. */

/** Runs `callback`. A promise if it answered one, never rejected; null if it is done. */
export function runCallback(
  callback: () => unknown,
  failed: (thrown: unknown) => void,
): Promise<unknown> | null {
  try {
    const answer = callback();
    return isThenable(answer) ? Promise.resolve(answer).catch(failed) : null;
  } catch (thrown) {
    failed(thrown);
    return null;
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value;
}
