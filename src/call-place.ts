/** Debug mode: where in users' code a call was made. */
import { fileURLToPath } from "node:url";

/** What belongs to this library: `src/`, or `dist/` once it is built. */
const OWN = fileURLToPath(new URL(".", import.meta.url));

/** A place, as `file:line:column`, and the whole way there, as the stack of an error. */
export interface CallPlace {
  readonly place: string;
  readonly trace: Error;
}

/**
 * Where users' code called the function that is `depth` calls above the caller of this one; null if
 * it was not users' code, but this library itself, or if that cannot be told.
 */
export function directCaller(depth: number, what: string): CallPlace | null {
  const trace = traceHere(what, directCaller);
  const place = placesIn(trace)[depth];
  return place === undefined || isOwn(place) ? null : { place, trace };
}

/** The innermost place in users' code, or null if there is none within sight. */
export function nearestCaller(): string | null {
  return placesIn(traceHere("", nearestCaller)).find((place) => !isOwn(place)) ?? null;
}

function traceHere(what: string, above: (...args: never[]) => unknown): Error {
  const trace = new Error(what);
  Error.captureStackTrace(trace, above);
  return trace;
}

/** Innermost first; frames of Node itself are "". */
function placesIn({ stack }: Error): string[] {
  // Whoever sets Error.prepareStackTrace may make anything of it.
  if (typeof stack !== "string") return [];
  const frames = stack.split("\n").filter((line) => /^\s+at /.test(line));
  return frames.map((frame) => {
    const place = /((?:file:\/\/)?\/[^()]*:\d+:\d+)\)?$/.exec(frame)?.[1] ?? "";
    return place.startsWith("file://") ? decodeURI(place.slice("file://".length)) : place;
  });
}

function isOwn(place: string): boolean {
  return place === "" || place.startsWith(OWN);
}
