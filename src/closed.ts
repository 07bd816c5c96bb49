/** The promise `closed` of a descriptor: made when it is first asked for, fulfilled once. */

export class Closed {
  #promise: Promise<Error | null> | null = null;
  #resolve: ((error: Error | null) => void) | null = null;

  /** Already fulfilled with `error` if `closed` is true. */
  promise(closed: boolean, error: Error | null): Promise<Error | null> {
    this.#promise ??= closed
      ? Promise.resolve(error)
      : new Promise((resolve) => (this.#resolve = resolve));
    return this.#promise;
  }

  fulfil(error: Error | null): void {
    this.#resolve?.(error);
  }
}
