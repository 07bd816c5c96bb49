/**
 * What the console and its page say to each other of logging in. Types only.
 *
 * - `GET /api/session`: 200 `Session`; 401: a login is needed.
 * - `POST /api/login` with `Login`: 204; 401, 429.
 * - `POST /api/logout`: 204.
 *
 * Any other part of `/api/` answers 401 too where a login is needed. All refusals of `/api/` are
 * `Refused`.
 */

export interface Session {
  /** Null: nobody needs to log in here. */
  readonly account: string | null;
}

export interface Login {
  readonly name: string;
  readonly password: string;
}

export interface Refused {
  readonly status: number;
  /** One line. */
  readonly why: string;
}
