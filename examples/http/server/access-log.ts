/** What became of a request, for a log; and as a line of the combined format. */

export interface AccessRecord {
  /** When the request came: milliseconds since 1970. */
  readonly startedMs: number;
  readonly tookMs: number;
  /** Where it came from. */
  readonly host: string;
  /** The name of the account, or null. */
  readonly user: string | null;
  /** The request line as it came; null: what came was no request. */
  readonly requestLine: string | null;
  readonly status: number;
  /** Bytes of the body that were given to the connection. */
  readonly bodyBytes: number;
  readonly referer: string | null;
  readonly userAgent: string | null;
  /** Whether all of the answer was given. */
  readonly isComplete: boolean;
}
