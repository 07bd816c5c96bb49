/**
 * Validators of files: the entity tag, and the time of the last change (RFC 9110, section 8.8).
 *
 * A tag is strong: two answers with the same one have the same bytes, so that parts of them may be
 * put together. It is made of which file this is, its size, and when it was changed. That is honest
 * only as long as no change can go without another time. Clocks of file systems stand still for a
 * while, so a file that was changed just now may be changed again under the same time. Until that
 * is over, it has no validator at all: not even a weak one, which a later answer could match.
 *
 * What this cannot see is a change in place that leaves size and time as they were, on purpose:
 * `touch -r` after the change. Uploads of this server are never in place.
 */
import crypto from "node:crypto";

import type { Entry } from "../../files/file-store.ts";

/** Milliseconds between two ticks of a kernel's clock at most (10), and then some. */
export const FINE_CLOCK_MS = 100;
/** FAT keeps times to two seconds, others to one: none of them has milliseconds. */
export const COARSE_CLOCK_MS = 2_000;

export interface Validators {
  /** With its quotes. Null: there is none yet that would be honest. */
  readonly tag: string | null;
  /** Milliseconds since 1970, UTC; cut to seconds wherever it is compared. */
  readonly modifiedMs: number;
}

/**
 * `lookedAtMs`: the time just before the entry was looked up, on the clock of its disk. `coding`:
 * of what is sent, if another than the file's own (RFC 9110, section 8.8.3.3).
 */
export function validatorsOf(entry: Entry, lookedAtMs: number, coding = ""): Validators {
  const tag = isSettled(entry, lookedAtMs) ? tagOf(entry, coding) : null;
  return { tag, modifiedMs: entry.modifiedMs };
}

/** Whether a change from now on shows in the time. One in the future never does. */
export function isSettled({ modifiedMs }: Entry, lookedAtMs: number): boolean {
  const tickMs = modifiedMs % 1000 === 0 ? COARSE_CLOCK_MS : FINE_CLOCK_MS;
  return lookedAtMs - modifiedMs > tickMs;
}

/** Hashed: the numbers of devices and inodes are nobody's business. */
function tagOf({ unique, size, modifiedMs }: Entry, coding: string): string {
  const parts = [unique, size, Math.round(modifiedMs * 1000), coding];
  const hash = crypto.createHash("sha256").update(parts.join("/")).digest("base64url");
  return `"${hash.slice(0, 22)}"`;
}

/** Whether the entries are of the same file in the same state. */
export function isSameState(one: Entry, other: Entry): boolean {
  return (
    one.unique === other.unique && one.size === other.size && one.modifiedMs === other.modifiedMs
  );
}

/** `"*"`, or the tags of a list as they are written. Null: it is neither. */
export function readTags(list: string): "*" | readonly string[] | null {
  if (list.trim() === "*") return "*";
  const tags: string[] = [];
  const length = list.trimEnd().length;
  // A tag may have commas in it. Each step begins where the one before has ended: linear.
  const next = /[ \t]*(?:,|((?:W\/)?"[\x21\x23-\x7e\x80-\xff]*")[ \t]*(?:,|$))/y;
  while (next.lastIndex < length) {
    const found = next.exec(list);
    if (found === null) return null;
    if (found[1] !== undefined) tags.push(found[1]);
  }
  return tags.length === 0 ? null : tags;
}

/** RFC 9110, section 8.8.3.2. Ours is strong: what is equal to it matches strongly. */
export function matchesWeakly(theirs: string, tag: string | null): boolean {
  return theirs.replace(/^W\//, "") === tag;
}
