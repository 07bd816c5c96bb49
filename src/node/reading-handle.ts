/** What Node has no word for: whether libuv still reads from a connection. */
import { constants } from "node:os";

const READING_ALREADY = -constants.errno.EALREADY;

/** The handle of a socket, as Node keeps it to itself. */
export interface ReadingHandle {
  readStart?: () => unknown;
}

/**
 * False for one whose FIN libuv has met: there it stops by itself. Asking makes it read on. False
 * also if it cannot be asked.
 */
export function isReading(handle: ReadingHandle | null | undefined): boolean {
  return typeof handle?.readStart === "function" && handle.readStart() === READING_ALREADY;
}
