/**
 * Framers of single reads: a line, so many bytes, whatever is there. They are put before the
 * connection's own framer for one frame, which may be done between any two frames.
 */
import { IomuxRangeError, IomuxTypeError } from "../errors.ts";
import type { FrameInput } from "./frame-input.ts";
import { FrameError, RefusedFrame, type Framer } from "./framer.ts";
import { Delimited } from "./delimited.ts";
import { LF } from "./lines.ts";

/** Lines as text. It must be kept for the next line: it may have one to throw away. */
export class TextLines implements Framer<string> {
  readonly maxBytes: number | undefined;
  readonly #lines: Framer<Buffer>;

  constructor(maxBytes: number | undefined) {
    this.maxBytes = maxBytes;
    this.#lines = new Delimited(LF, "line", "readLine()", { maxBytes });
  }

  next(input: FrameInput): string | RefusedFrame | null {
    return asText(this.#lines.next(input));
  }

  last(input: FrameInput): string | RefusedFrame | null {
    return asText(this.#lines.last!(input));
  }
}

function asText(line: Buffer | RefusedFrame | null): string | RefusedFrame | null {
  return line === null || line instanceof RefusedFrame ? line : line.toString();
}

/** A frame of `count` bytes. */
export function exactly(count: number): Framer<Buffer> {
  checkCount(count, "count");
  return {
    next: (input) => (input.length < count ? null : input.take(count)),
    last(input) {
      const { length } = input;
      if (length === 0) return null;
      const message = `the stream ended ${length} bytes into a piece of ${count}: send it whole`;
      throw new FrameError("IOMUX_BAD_FRAME", message);
    },
  };
}

/** What is there, up to `maxBytes`. */
export function some(maxBytes: number): Framer<Buffer> {
  checkCount(maxBytes, "maxBytes");
  return { next: (input) => input.take(Math.min(input.length, maxBytes)) };
}

function checkCount(value: unknown, name: string): void {
  if (typeof value !== "number") {
    const message = `${name} must be a number, not ${value === null ? "null" : typeof value}`;
    throw new IomuxTypeError("IOMUX_BAD_ARGUMENT", message);
  }
  if (Number.isSafeInteger(value) && value >= 1) return;
  const message = `${name} is ${value}: give a whole number of at least 1`;
  throw new IomuxRangeError("IOMUX_BAD_RANGE", message);
}
