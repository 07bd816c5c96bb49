/** Why a request was given up while it was answered. Whoever gets it has nothing to report. */
export class RequestGone extends Error {
  constructor(why: string, options?: ErrorOptions) {
    super(`the request was given up: ${why}`, options);
    this.name = "AbortError";
  }
}
