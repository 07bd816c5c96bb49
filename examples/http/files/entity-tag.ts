/**
 * Validators of files: the entity tag, and the time of the last change (RFC 9110, section 8.8).
 *
 * A tag is strong: two answers with the same one have the same bytes, so that parts of them may be
 * put together. It is made of which file this is, its size, when its bytes were changed, and when
 * anything of it was. That time nobody can put back, as `cp -p` and `touch -r` do with the other one;
 * a new name or new rights change it too, and then a tag is another one for the same bytes.
 *
 * It is honest only as long as no change can go without another time. Clocks of file systems stand
 * still for a while, so a file that was changed just now may be changed again under the same time.
 * Until that is over, it has no validator at all: not even a weak one, which a later answer could
 * match.
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
  /** Whether that time may be told, and asked for. */
  readonly isDated: boolean;
}

/**
 * `lookedAtMs`: the time just before the entry was looked up, on the clock of its disk. `coding`:
 * of what is sent, if another than the file's own (RFC 9110, section 8.8.3.3).
 */
export function validatorsOf(entry: Entry, lookedAtMs: number, coding = ""): Validators {
  const { modifiedMs, changedMs } = entry;
  const isDated = isSettled(modifiedMs, lookedAtMs);
  const tag = isDated && isSettled(changedMs, lookedAtMs) ? tagOf(entry, coding) : null;
  return { tag, modifiedMs, isDated };
}

/** Whether a change from now on shows in this time. In one that is in the future it never does. */
export function isSettled(timeMs: number, lookedAtMs: number): boolean {
  const tickMs = timeMs % 1000 === 0 ? COARSE_CLOCK_MS : FINE_CLOCK_MS;
  return lookedAtMs - timeMs > tickMs;
}

/** Hashed: the numbers of devices and inodes are nobody's business. */
function tagOf({ unique, size, modifiedMs, changedMs }: Entry, coding: string): string {
  const times = [modifiedMs, changedMs].map((ms) => Math.round(ms * 1000));
  const parts = [unique, size, ...times, coding];
  const hash = crypto.createHash("sha256").update(parts.join("/")).digest("base64url");
  return `"${hash.slice(0, 22)}"`;
}

/** Whether the entries are of the same file in the same state. */
export function isSameState(one: Entry, other: Entry): boolean {
  return (
    one.unique === other.unique &&
    one.size === other.size &&
    one.modifiedMs === other.modifiedMs &&
    one.changedMs === other.changedMs
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
