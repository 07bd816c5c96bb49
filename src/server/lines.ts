/**
 * Lines: frames that end with LF or CR LF (RFC 5321 section 2.3.8 and `nc` meet here).
 *
 * One CR before the LF belongs to the ending; any other CR is data. So a line is known to be too
 * long when `maxBytes` + 1 bytes have come and the last is no CR, or `maxBytes` + 2 and no LF among
 * them: no more than `maxBytes` + 1 ever wait.
 */
import { Delimited, type DelimitedOptions } from "./delimited.ts";
import type { Framer } from "./framer.ts";

/** What ends a line. */
export const LF = Uint8Array.of(0x0a);

/** What `lines()` takes. */
export type LinesOptions = DelimitedOptions;

/**
 * A framer for lines that end with LF or CR LF; the ending is no part of the frame. At the end of
 * the stream an unfinished line is a line. Throws for options that are none. Each connection needs
 * its own.
 */
export function lines(options: LinesOptions = {}): Framer<Buffer> {
  return new Delimited(LF, "line", "lines()", options);
}
