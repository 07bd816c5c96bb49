/** Parts of a file (RFC 9110, section 14). */
import parseRange from "range-parser";

/** Parts of one answer. Who asks for more gets the whole file, which costs less (section 14.2). */
export const MAX_RANGES = 16;

/** Bytes from `start` to `end`, both included, as the fields count them. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** Parts that do not overlap; "whole": no parts; "unsatisfiable": the file has nothing of it. */
export type Wanted = readonly Range[] | "whole" | "unsatisfiable";

/** Whole lists only: the library passes over what is not a range. */
const RANGES = /^bytes=[ \t]*(?:\d+-\d*|-\d+)(?:[ \t]*,[ \t]*(?:\d+-\d*|-\d+))*[ \t]*$/i;

/** What of a file of `size` bytes is meant by a `Range` field. What cannot be read is ignored. */
export function wantedOf(range: string | null, size: number): Wanted {
  if (range === null || !RANGES.test(range)) return "whole";
  // A suffix of a file without bytes is satisfiable, and there is no Content-Range for it.
  if (size === 0) return /[=,][ \t]*-/.test(range) ? "whole" : "unsatisfiable";
  if (range.split(",").length > MAX_RANGES) return "whole";
  // A suffix that is longer than the file is all of it (section 14.1.2); to the library, nothing.
  const clipped = range.replaceAll(/([=,][ \t]*)-(\d+)/g, (_, before: string, length: string) => {
    return `${before}-${Math.min(Number(length), size)}`;
  });
  const ranges = parseRange(size, clipped, { combine: true });
  if (ranges === -1) return "unsatisfiable";
  return ranges === -2 ? "whole" : ranges;
}

/** Section 14.4. */
export function contentRange({ start, end }: Range, size: number): string {
  return `bytes ${start}-${end}/${size}`;
}

export function unsatisfiedRange(size: number): string {
  return `bytes */${size}`;
}

export function lengthOf({ start, end }: Range): number {
  return end - start + 1;
}

/** Bytes of the file, or text around them. */
export type Piece = Range | string;

/** Several parts in one body (section 14.6). `boundary` must not be in any of them. */
export class ByteRanges {
  readonly contentType: string;
  /** In their order. */
  readonly pieces: readonly Piece[];
  /** Of all of it. */
  readonly bytes: number;

  constructor(
    ranges: readonly Range[],
    { size, contentType, boundary }: { size: number; contentType: string; boundary: string },
  ) {
    this.contentType = `multipart/byteranges; boundary=${boundary}`;
    this.pieces = [
      ...ranges.flatMap((range, i) => {
        const before = i === 0 ? "" : "\r\n";
        const fields = `Content-Type: ${contentType}\r\nContent-Range: ${contentRange(range, size)}`;
        return [`${before}--${boundary}\r\n${fields}\r\n\r\n`, range];
      }),
      `\r\n--${boundary}--\r\n`,
    ];
    this.bytes = this.pieces.reduce((sum, piece) => {
      return sum + (typeof piece === "string" ? piece.length : lengthOf(piece));
    }, 0);
  }
}
