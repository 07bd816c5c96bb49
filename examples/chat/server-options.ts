/** What the flags of the room mean to `serve()`, and to the room. */
import { lines, TokenBucket } from "iomux";

import type { Settings } from "./flags.ts";
import { HEARING_AHEAD } from "./guests.ts";

/** Connections over `maxMembers`: those that are being told that the room is full, or good-bye. */
const PASSING_CONNECTIONS = 100;

export function serveOptions(settings: Settings) {
  const { maxLineBytes, linesPerSecond, lineBurst } = settings;
  const framesPerSecond = HEARING_AHEAD * Math.max(linesPerSecond, lineBurst);
  return {
    listen: settings.listen,
    label: "chat",
    framer: () => lines({ maxBytes: maxLineBytes, overLong: "refuse" }),
    keepAlive: true,
    maxConnections: settings.maxMembers + PASSING_CONNECTIONS,
    maxConnectionsPerAddress: settings.maxPerAddress,
    acceptsPerSecond: settings.joinsPerSecond,
    maxOutputBytes: settings.backlogBytes,
    highWaterMark: highWaterMark(settings),
    outputPolicy: settings.backlogPolicy,
    handshakeMs: settings.joinSeconds * 1000,
    idleMs: settings.idleSeconds * 1000,
    writeProgressMs: settings.stallSeconds * 1000,
    ...(linesPerSecond > 0 && { framesPerSecond, bytesPerSecond: framesPerSecond * maxLineBytes }),
  } as const;
}

export function roomOptions(settings: Settings) {
  return {
    maxNameLength: settings.maxNameLength,
    maxNameTries: settings.nameTries,
    maxMembers: settings.maxMembers,
    muteMs: settings.muteSeconds * 1000,
    linesPerSecond: settings.linesPerSecond,
    limiter: () => lineLimiter(settings),
    history: { maxLines: settings.historyLines, maxBytes: settings.historyBytes },
  } as const;
}

/** Below it lines are bytes already; only above it a policy has lines to drop. */
export function highWaterMark({ backlogBytes }: Settings): number {
  return Math.floor(backlogBytes / 4);
}

function lineLimiter({ linesPerSecond, lineBurst }: Settings): TokenBucket | null {
  if (linesPerSecond === 0) return null;
  return new TokenBucket({ perSecond: linesPerSecond, burst: lineBurst });
}
