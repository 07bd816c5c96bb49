/**
 * Unix-domain paths: a path that a dead server left behind is taken over, a live one is respected.
 *
 * Who is behind a path is found out by connecting. To take over, the server binds beside the path
 * and renames over it: there is no moment in which the path is missing, and of two servers that
 * take over at once none removes the other's socket unseen.
 */
import { lstatSync, renameSync, unlinkSync, type Stats } from "node:fs";
import { connect } from "node:net";
import { dirname, join } from "node:path";

import { MAX_PATH_BYTES } from "../address.ts";
import { codeOf, IomuxError } from "../errors.ts";

/** What stands at a path. */
export type Occupant = "nothing" | "a dead socket" | "a live socket" | "something else";

export async function occupantOf(path: string): Promise<Occupant> {
  const stats = statOf(path);
  if (stats === null) return "nothing";
  if (!stats.isSocket()) return "something else";
  const code = await probe(path);
  if (code === "ENOENT") return "nothing";
  return code === "ECONNREFUSED" ? "a dead socket" : "a live socket";
}

/** The code that connecting fails with, or null if somebody answers. */
function probe(path: string): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.on("connect", () => {
      socket.destroy();
      resolve(null);
    });
    socket.on("error", (error) => {
      resolve(codeOf(error) ?? "EIO");
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

/** Moves a bound socket to its final path, and answers how to remove it at the end. */
export function publish(beside: string, path: string): () => void {
  renameSync(beside, path);
  return removerOf(path);
}

/** Removes the socket at `path`, unless another one has taken its place by then. */
export function removerOf(path: string): () => void {
  const ours = statOf(path);
  return () => {
    const there = statOf(path);
    if (ours === null || there === null) return;
    if (there.ino === ours.ino && there.dev === ours.dev) unlinkSync(path);
  };
}

function statOf(path: string): Stats | null {
  return lstatSync(path, { throwIfNoEntry: false }) ?? null;
}
