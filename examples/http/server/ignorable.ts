/**
 * A promise that a handler may leave alone: a peer who goes away at the wrong time would otherwise
 * end the whole process, as Node does for a rejection that nobody hears. Who awaits it hears it.
 */
export function ignorable<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
