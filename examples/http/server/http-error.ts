/** What handlers throw to be answered for them. */

/** Answered with its status, and its message as the reason: it is meant for the peer. */
export class HttpError extends Error {
  readonly status: number;

  /** Throws a `RangeError` for a status that is no error's. */
  constructor(status: number, message?: string, options?: ErrorOptions) {
    super(message, options);
    if (!Number.isInteger(status) || status < 400 || status > 599) {
      throw new RangeError(`an error's status is ${status}: give one from 400 to 599`);
    }
    this.name = "HttpError";
    this.status = status;
  }
}
