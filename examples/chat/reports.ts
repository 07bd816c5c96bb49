/** What the administrator asks of the machinery below the room, in the room's words. */
import type { Disconnection, InputState, LoopCounts, Texts } from "./texts.ts";

/** What `stats()` of a server answers. */
export interface ServerCounts {
  readonly connections: number;
  readonly backlog: number;
  readonly droppedFrames: number;
  readonly closed: Readonly<Record<string, number>>;
  readonly turnedAway: Readonly<Record<string, number>>;
}

/** The lines of `/stats`, after that of the room itself. */
export function statsLines(texts: Texts, server: ServerCounts, loop: LoopCounts): string[] {
  const gone = causes(server.closed, (why) => whyGone(texts, why));
  const refused = causes(server.turnedAway, (why) => whyTurnedAway(texts, why));
  return [
    texts.connections(server),
    ...(gone.length === 0 ? [] : [texts.goneSoFar(gone)]),
    ...(refused.length === 0 ? [] : [texts.turnedAwaySoFar(refused)]),
    texts.loop(loop),
  ];
}

function causes(
  counts: Readonly<Record<string, number>>,
  words: (why: string) => string | null,
): string[] {
  const some = Object.entries(counts).filter(([, count]) => count > 0);
  return some.map(([why, count]) => `${count} × ${words(why) ?? why}`);
}

/** Null: not for a reason that the operator is told of. */
export function whyDisconnected({ disconnections }: Texts, reason: string): string | null {
  return reason in disconnections ? disconnections[reason as Disconnection] : null;
}

function whyGone(texts: Texts, reason: string): string | null {
  const { departures } = texts;
  if (reason in departures) return departures[reason as keyof typeof departures];
  return whyDisconnected(texts, reason);
}

/** Null: not at the door, or not with flags of the room. */
export function whyTurnedAway({ refusals }: Texts, reason: string): string | null {
  return reason in refusals ? refusals[reason as keyof typeof refusals] : null;
}

/** What a reason of `explain()` for not reading means here: only a limit stops the reading. */
export function inputState(reading: string): InputState {
  if (["paused", "held", "disarmed", "not asked for"].includes(reading)) return "waiting";
  return ["ended", "closing", "closed"].includes(reading) ? "over" : "open";
}
