/** Tells the status to who asks at a Unix socket: a line of JSON for each line that comes. */
import { chmod } from "node:fs/promises";

import { lines, serve } from "iomux";
import type { Reactor, Server } from "iomux";

import { LABEL } from "./label.ts";
import { makeUserFolder, statusPath, type StatusPlace } from "./status-path.ts";
import type { ServerStatus } from "./status.ts";

/** Who may ask at the same time. */
export const MAX_WATCHERS = 8;
/** Bytes of a line that asks; what it says does not matter. */
export const MAX_ASKING_BYTES = 64;
/** Questions of one watcher in a second. */
export const QUESTIONS_PER_SECOND = 5;
/** Bytes of answers that wait for a watcher: two, of as many sessions as are told, all with a transfer. */
export const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
/** Milliseconds for which a watcher may say nothing. */
export const WATCHER_IDLE_MS = 60_000;

/**
 * Null: it is told nowhere. Rejects if a socket that was asked for cannot be had; without the one that
 * nobody has asked for the server does its work, and `report` hears why.
 */
export async function openStatus(
  reactor: Reactor,
  place: StatusPlace,
  { status, report }: StatusSource,
): Promise<Server | null> {
  if (place.socket === "none") return null;
  const path = statusPath(place);
  if (place.socket !== null) return serveStatus(reactor, path, status);
  try {
    await makeUserFolder(path);
    return await serveStatus(reactor, path, status);
  } catch (error) {
    report(`--status will not find this server: ${(error as Error).message}`);
    return null;
  }
}

export interface StatusSource {
  readonly status: () => ServerStatus;
  readonly report: (why: string) => void;
}

/** A socket that a killed server has left is taken over. */
async function serveStatus(
  reactor: Reactor,
  path: string,
  status: () => ServerStatus,
): Promise<Server> {
  let isOurs = false;
  const options = {
    listen: { path },
    label: LABEL,
    framer: () => lines({ maxBytes: MAX_ASKING_BYTES, overLong: "close" as const }),
    maxConnections: MAX_WATCHERS,
    maxOutputBytes: MAX_ANSWER_BYTES,
    // Who does not read what was answered is not asked what else he wants.
    outputPolicy: "pause-source" as const,
    framesPerSecond: QUESTIONS_PER_SECOND,
    idleMs: WATCHER_IDLE_MS,
  };
  const server = await serve(reactor, options, {
    open: (watcher) => {
      if (!isOurs) watcher.abort();
    },
    frame: (watcher) => {
      watcher.send(Buffer.from(`${JSON.stringify(status())}\n`));
    },
  });
  await chmod(path, 0o600);
  isOurs = true;
  return server;
}
