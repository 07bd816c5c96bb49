/** Conditions of a request, in the order of RFC 9110, section 13.2.2. */
import { readDate } from "../http-date.ts";
import type { Fields } from "../fields.ts";
import { matchesWeakly, readTags, type Validators } from "./entity-tag.ts";

/** `perform`: as if there were no conditions. Else the status of the answer. */
export type Verdict = "perform" | 304 | 412;

/**
 * `current`: of what is there, null if nothing is. To be asked only if the request would be done
 * otherwise (section 13.2.1).
 */
export function verdictOf(
  method: string,
  fields: Fields,
  { current, nowMs }: { readonly current: Validators | null; readonly nowMs: number },
): Verdict {
  const isRead = method === "GET" || method === "HEAD";
  if (!mayStart(fields, current, nowMs)) return 412;
  const noneMatch = fields.get("if-none-match");
  if (noneMatch !== null) {
    if (isNoneOf(noneMatch, current)) return "perform";
    return isRead ? 304 : 412;
  }
  return isRead && isUnchanged(fields.get("if-modified-since"), current, nowMs) ? 304 : "perform";
}

/** Whether the request has a condition that only the file as it is now can answer. */
export function hasCondition(fields: Fields): boolean {
  const names = ["if-match", "if-none-match", "if-unmodified-since"];
  return names.some((name) => fields.get(name) !== null);
}

/** Section 13.1.1, and where that is absent section 13.1.4. */
function mayStart(fields: Fields, current: Validators | null, nowMs: number): boolean {
  const match = fields.get("if-match");
  if (match !== null) return isOneOf(match, current);
  const date = dateOf(fields.get("if-unmodified-since"), nowMs);
  if (date === null) return true;
  return current !== null && seconds(current.modifiedMs) <= seconds(date);
}

/** Section 13.1.1. What is no list of tags names none that is there. */
function isOneOf(list: string, current: Validators | null): boolean {
  if (current === null) return false;
  const tags = readTags(list);
  if (tags === "*") return true;
  return tags?.some((theirs) => theirs === current.tag) ?? false;
}

/** Section 13.1.2. */
function isNoneOf(list: string, current: Validators | null): boolean {
  if (current === null) return true;
  const tags = readTags(list);
  if (tags === "*") return false;
  return !(tags?.some((theirs) => matchesWeakly(theirs, current.tag)) ?? false);
}

/** Section 13.1.3. What was changed just now may be changed again in the same second. */
function isUnchanged(since: string | null, current: Validators | null, nowMs: number): boolean {
  const date = dateOf(since, nowMs);
  if (date === null || current?.isDated !== true) return false;
  return seconds(current.modifiedMs) <= seconds(date);
}

/**
 * Section 13.1.5: whether a part may be sent, to be put together with what the client has. The date
 * must be the very one, and strong (section 8.8.2.2): the second in which the file was changed is over.
 */
export function mayBeInParts(fields: Fields, current: Validators, nowMs: number): boolean {
  const ifRange = fields.get("if-range");
  if (ifRange === null) return true;
  if (current.tag === null) return false;
  if (/^(W\/)?"/.test(ifRange)) return ifRange === current.tag;
  const date = dateOf(ifRange, nowMs);
  const modified = seconds(current.modifiedMs);
  return date !== null && seconds(date) === modified && seconds(nowMs) > modified;
}

/** What is no date is as if it were not there. */
function dateOf(text: string | null, nowMs: number): number | null {
  return text === null ? null : readDate(text, nowMs);
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000);
}
