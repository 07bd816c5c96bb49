/**
 * How many descriptors the process may still open.
 *
 * libuv hides EMFILE on accept: it accepts and closes, in silence. What can be seen is the lowest
 * free number, because open(2) answers it; the distance to the limit is what is left at most.
 */
import { closeSync, openSync, readFileSync } from "node:fs";

import { codeOf } from "../errors.ts";

export class DescriptorLimit {
  #limit: number | null | undefined;

  /** Null where it cannot be known (no /proc). */
  left(): number | null {
    this.#limit ??= readLimit();
    if (this.#limit === null) return null;
    try {
      const lowest = openSync("/dev/null", "r");
      closeSync(lowest);
      return this.#limit - lowest;
    } catch (error) {
      const code = codeOf(error);
      return code === "EMFILE" || code === "ENFILE" ? 0 : null;
    }
  }
}

/** RLIMIT_NOFILE from proc(5). Node raises the soft limit to the hard one when it starts. */
function readLimit(): number | null {
  try {
    const line = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"));
    return line === null ? null : Number(line[1]);
  } catch {
    return null;
  }
}
