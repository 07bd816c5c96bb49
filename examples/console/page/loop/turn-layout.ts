/** The picture of a turn: calls one behind the other, as the one thread made them. */
import type { Call, TurnPicture } from "../../feed.ts";

export interface CallBar {
  readonly call: Call;
  /** Parts of the turn, 0 to 1. */
  readonly from: number;
  readonly width: number;
}

/** Calls begin where the one before has ended: nothing of a thread overlaps. */
export function barsOf({ calls, ms }: TurnPicture): CallBar[] {
  const all = calls.reduce((sum, call) => sum + call.ms, 0);
  const whole = Math.max(ms, all);
  let endedMs = 0;
  return calls.map((call) => {
    const from = whole > 0 ? endedMs / whole : 0;
    endedMs += call.ms;
    return { call, from, width: whole > 0 ? call.ms / whole : 0 };
  });
}

export function calledIn({ calls, more }: TurnPicture): number {
  return calls.length + more;
}

/** What of a turn was no call that is told: timers, output, the loop itself. At the end, as a bar. */
export function restOf({ calls, ms }: TurnPicture): { readonly ms: number; readonly from: number } {
  const all = calls.reduce((sum, call) => sum + call.ms, 0);
  return { ms: Math.max(0, ms - all), from: ms > 0 ? Math.min(1, all / ms) : 0 };
}

/** The one of two with more calls, as it shows more; of as many, the longer one. */
export function busier(one: TurnPicture | null, other: TurnPicture): TurnPicture {
  if (one === null) return other;
  const more = calledIn(other) - calledIn(one);
  return more > 0 || (more === 0 && other.ms > one.ms) ? other : one;
}

/** Lines that the picture has room for, at least and at most. */
const LINES = { least: 6, most: 12 };
/** So many marks want the most. */
const MANY = 400;

/** How many lines of calls to make room for: it grows when it must, so that little moves. */
export function linesFor(before: number, turn: TurnPicture | null, waiting: number): number {
  const wanted = waiting > MANY ? LINES.most : (turn?.calls.length ?? 0) + 1;
  return Math.min(LINES.most, Math.max(LINES.least, before, wanted));
}

export interface OwnerGroup {
  readonly owner: string;
  readonly fds: readonly number[];
}

/** Who waits, by owner: the largest first, those of nobody last. */
export function groupsOf(
  descriptors: Iterable<{ readonly fd: number; readonly owner: string }>,
): OwnerGroup[] {
  const byOwner = new Map<string, number[]>();
  for (const { fd, owner } of descriptors) {
    const fds = byOwner.get(owner);
    if (fds === undefined) byOwner.set(owner, [fd]);
    else fds.push(fd);
  }
  return [...byOwner]
    .map(([owner, fds]) => ({ owner, fds: fds.sort((one, other) => one - other) }))
    .sort((one, other) => {
      if ((one.owner === "") !== (other.owner === "")) return one.owner === "" ? 1 : -1;
      return other.fds.length - one.fds.length || (one.owner < other.owner ? -1 : 1);
    });
}

/** Groups of so many have their marks beside their name, and share a line. */
export const FEW = 4;

/** Pixels from one mark to the next: at least, so that marks can be told apart, and at most. */
const PITCH = { least: 3, most: 24 };
/** Pixels that a group of few takes of its line. */
const FEW_WIDTH = 190;

export interface Field {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** What the name of a group is high. */
  readonly name: number;
}

/** The largest pitch at which the marks of all groups fit into the field. */
export function fittingPitch(counts: readonly number[], field: Field): number {
  const { width, height, name } = field;
  const large = counts.filter((count) => count > FEW);
  const fewPerLine = Math.max(1, Math.floor(width / FEW_WIDTH));
  const nameLines = large.length + Math.ceil((counts.length - large.length) / fewPerLine);
  for (let pitch = PITCH.most; pitch > PITCH.least; pitch -= 1) {
    const perLine = marksPerLine(width, pitch);
    const lines = large.reduce((sum, count) => sum + Math.ceil(count / perLine), 0);
    if (lines * pitch + nameLines * name <= height) return pitch;
  }
  return PITCH.least;
}

export function marksPerLine(width: number, pitch: number): number {
  return Math.max(1, Math.floor(width / pitch));
}
