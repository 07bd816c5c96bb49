/**
 * How long a request's body is (RFC 9112 section 6.3): the one place that decides it.
 *
 * Two who read one stream differently can be made to see requests that the other does not. So
 * whatever another could read in another way is refused here, also where a reading is allowed:
 * "5, 5" as 5, or Content-Length as meaningless beside Transfer-Encoding.
 */
import type { RefusalCode } from "./refusal.ts";
import { listOf } from "./syntax.ts";

/** Framing fields as they came; null: none. */
export interface Framing {
  /** Of a single line. */
  readonly length: string | null;
  /** Of all lines, joined by ", ". */
  readonly coding: string | null;
}

/** Bytes of the body, null for chunks of it, or what is wrong. */
export function bodyLength(
  version: "1.0" | "1.1",
  { length, coding }: Framing,
): number | null | RefusalCode {
  if (coding === null) return length === null ? 0 : readLength(length);
  if (version === "1.0") return "coding-in-1.0";
  if (length !== null) return "length-and-coding";
  return coding.toLowerCase() === "chunked" ? null : codingProblem(coding);
}

/** Digits and nothing else: no sign, no list, no blanks within. */
function readLength(text: string): number | RefusalCode {
  if (!/^\d+$/.test(text)) return "bad-length";
  const length = Number(text);
  return length <= Number.MAX_SAFE_INTEGER ? length : "content-too-large";
}

function codingProblem(coding: string): RefusalCode {
  const codings = listOf(coding);
  const chunked = codings.indexOf("chunked");
  if (chunked === -1 || chunked !== codings.length - 1) return "not-chunked";
  // Empty elements of the list are another reader's trap (RFC 9110 section 5.6.1.2).
  return codings.length === 1 ? "not-chunked" : "unknown-coding";
}
