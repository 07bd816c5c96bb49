/**
 * What the console and its page say to each other of who looks at it. Types only.
 *
 * - `GET /api/session`: 200 `Session`, to everybody.
 * - `POST /api/login` with `Login`: 200 `Session`, and a cookie. 400, 401 (wrong), 403 (not over a
 *   plain connection), 429 (too many wrong ones: see Retry-After), 503 (busy), with `Refused`.
 * - `POST /api/logout`: 204. What streams for this login is broken off.
 *
 * Everything else answers 401 with `Refused` while nobody is logged in and `needed` is true.
 */

export interface Login {
  readonly name: string;
  readonly password: string;
}

export interface Session {
  /** Null: nobody is logged in. */
  readonly account: string | null;
  /** Nothing is shown without a login. */
  readonly needed: boolean;
  /** Logging in is possible: there are accounts. */
  readonly offered: boolean;
}

export interface Refused {
  readonly status: number;
  readonly error: string;
}
