/** The last minutes of `load`, as columns that a plot takes. */
import type { Load } from "../../feed.ts";

export const HISTORY_MS = 300_000;
/** A plot does not join two points that are further apart: nobody has looked in between. */
const GAP_MS = 3500;

export interface LoadPoint {
  /** Seconds since 1970. */
  readonly at: number;
  readonly turnsPerSecond: number | null;
  readonly dispatchesPerTurn: number | null;
  readonly meanTurnMs: number | null;
  readonly longestTurnMs: number | null;
  readonly loopDelayMs: number | null;
  readonly longestLoopDelayMs: number | null;
}

const NOTHING = {
  turnsPerSecond: null,
  dispatchesPerTurn: null,
  meanTurnMs: null,
  longestTurnMs: null,
  loopDelayMs: null,
  longestLoopDelayMs: null,
};

/** `points` with one more, without those that are too old. */
export function withLoad(
  points: readonly LoadPoint[],
  load: Load,
  wallMs: number,
): readonly LoadPoint[] {
  const last = points.at(-1);
  const at = wallMs / 1000;
  if (last !== undefined && at <= last.at) return points;
  const oldest = at - HISTORY_MS / 1000;
  const kept = points.filter((point) => point.at >= oldest);
  if (last !== undefined && (at - last.at) * 1000 > GAP_MS)
    kept.push({ at: last.at + 1, ...NOTHING });
  kept.push(pointOf(load, at));
  return kept;
}

function pointOf(load: Load, at: number): LoadPoint {
  const { turns, forMs } = load;
  return {
    at,
    turnsPerSecond: forMs > 0 ? (turns * 1000) / forMs : null,
    dispatchesPerTurn: turns > 0 ? load.dispatches / turns : null,
    meanTurnMs: turns > 0 ? load.turnMs / turns : null,
    longestTurnMs: turns > 0 ? load.longestTurnMs : null,
    loopDelayMs: load.loopDelayMs,
    longestLoopDelayMs: load.longestLoopDelayMs,
  };
}
