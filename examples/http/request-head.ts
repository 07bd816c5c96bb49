/** Heads of requests: bytes in, what they say or why they are refused out. */
import type { Fields } from "./fields.ts";
import type { Target } from "./target.ts";

export interface RequestHead {
  /** Any token, in its own case: methods are case-sensitive. */
  readonly method: string;
  readonly target: Target;
  /** A later 1.x is read as 1.1 (RFC 9110 section 2.5). */
  readonly version: "1.0" | "1.1";
  readonly fields: Fields;
  /** Host and port that the request is for, in its own case; null if it names none. */
  readonly host: string | null;
  /** What the client asks for (RFC 9112 section 9.3). */
  readonly keepAlive: boolean;
  /** It waits for a 100 before it sends the body. */
  readonly expectsContinue: boolean;
  /** The Upgrade field, if Connection names it too and the version is 1.1. */
  readonly upgrade: string | null;
  /** 0: none; null: chunked, and nobody knows. */
  readonly bodyBytes: number | null;
}
