/** Masks as letters: one place for each condition, as in the listing of a folder's rights. */

// The values of the library's masks, which are those of Linux's poll.h and epoll.h.
const EDGE = 1 << 27;
const ONESHOT = 1 << 30;

type Condition = "readable" | "priority" | "writable" | "error" | "hangup" | "peerClosed";

export interface Letter {
  readonly letter: string;
  readonly condition: Condition;
  readonly lit: boolean;
}

const PLACES: readonly (readonly [bit: number, letter: string, condition: Condition])[] = [
  [0x001, "R", "readable"],
  [0x002, "P", "priority"],
  [0x004, "W", "writable"],
  [0x008, "E", "error"],
  [0x010, "H", "hangup"],
  [0x2000, "C", "peerClosed"],
];

export function lettersOf(mask: number): Letter[] {
  return PLACES.map(([bit, letter, condition]) => ({
    letter,
    condition,
    lit: (mask & bit) !== 0,
  }));
}

export type Mode = "level" | "edge" | "oneshot" | "edgeOneshot";

export function modeOf(interest: number): Mode {
  if ((interest & ONESHOT) !== 0) return (interest & EDGE) !== 0 ? "edgeOneshot" : "oneshot";
  return (interest & EDGE) !== 0 ? "edge" : "level";
}

/** By how much is lit; for sorting, as masks of the same letters stand together. */
export function weightOf(mask: number | null): number {
  if (mask === null) return -1;
  return lettersOf(mask).reduce((sum, { lit }, place) => sum + (lit ? 1 << place : 0), 0);
}
