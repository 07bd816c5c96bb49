/**
 * Unix-domain paths: a path that a dead server left behind is taken over, a live one is respected.
 *
 * Who is behind a path is found out by connecting. The server binds beside the path and links its
 * socket there: link(2) never replaces what stands at a path. A dead socket is first moved away by
 * rename(2), which of several servers at once only one can do; it then looks at what it has moved.
 *
 * Binding beside has another reason: at its end libuv removes the path it has bound, whoever's
 * socket is there by then.
 */
import { linkSync, lstatSync, renameSync, unlinkSync, type Stats } from "node:fs";
import { connect } from "node:net";
import { dirname, join, resolve } from "node:path";

import { MAX_PATH_BYTES } from "../address.ts";
import { codeOf, IomuxError } from "../errors.ts";

/** What stands at a path. */
export type Occupant =
  | { readonly what: "no folder" | "nothing" | "a live socket" | "something else" }
  | { readonly what: "a dead socket"; readonly stats: Stats };

export async function occupantOf(path: string): Promise<Occupant> {
  const stats = statOf(path);
  if (stats === null) return { what: statOf(dirname(path)) === null ? "no folder" : "nothing" };
  if (!stats.isSocket()) return { what: "something else" };
  const code = await probe(path);
  if (code === "ENOENT") return { what: "nothing" };
  return code === "ECONNREFUSED" ? { what: "a dead socket", stats } : { what: "a live socket" };
}

/** The code that connecting fails with, or null if somebody answers. */
function probe(path: string): Promise<string | null> {
  return new Promise((answer) => {
    const socket = connect({ path });
    socket.on("connect", () => {
      socket.destroy();
      answer(null);
    });
    socket.on("error", (error) => {
      answer(codeOf(error) ?? "EIO");
    });
  });
}

/** A free path beside `path`, as long as `path` at most, so that it fits where `path` fits. */
export function pathBeside(path: string): string {
  const folder = dirname(path);
  const room = MAX_PATH_BYTES - Buffer.byteLength(join(folder, "x")) + 1;
  const letters = Math.max(1, Math.min(12, room));
  for (let attempt = 0; attempt < 100; attempt++) {
    const beside = join(folder, randomName(letters));
    if (statOf(beside) === null) return beside;
  }
  throw new IomuxError("EADDRINUSE", `no free name beside ${path}: choose another path`);
}

function randomName(letters: number): string {
  let name = "";
  while (name.length < letters) name += Math.random().toString(36).slice(2);
  return name.slice(0, letters);
}

/**
 * Moves a socket bound beside `path` to it, in place of the dead one `occupant` if there was one.
 * False: another server was faster. In both cases nothing is left beside.
 */
export function publish(beside: string, path: string, occupant: Occupant): boolean {
  const free = occupant.what !== "a dead socket" || clear(path, occupant.stats);
  try {
    if (free) linkSync(beside, path);
    return free;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  } finally {
    unlinkSync(beside);
  }
}

/** Takes the dead socket away. False: what stands there now is not that one, and stays. */
function clear(path: string, dead: Stats): boolean {
  if (!isSame(statOf(path), dead)) return false;
  const moved = pathBeside(path);
  try {
    renameSync(path, moved);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return false;
    throw error;
  }
  const ours = isSame(statOf(moved), dead);
  if (!ours) linkSync(moved, path);
  unlinkSync(moved);
  return ours;
}

/**
 * Removes the socket at `path`, unless another one has taken its place by then. What can no longer
 * be removed (its folder is gone, or another's) is left: there is nothing more to close.
 */
export function removerOf(path: string): () => void {
  const fixed = resolve(path);
  const ours = statOf(fixed);
  return () => {
    try {
      if (ours !== null && isSame(statOf(fixed), ours)) unlinkSync(fixed);
    } catch {
      return;
    }
  };
}

function isSame(there: Stats | null, known: Stats): boolean {
  return there?.ino === known.ino && there.dev === known.dev;
}

function statOf(path: string): Stats | null {
  return lstatSync(path, { throwIfNoEntry: false }) ?? null;
}
