/**
 * Lines: frames that end with LF or CR LF (RFC 5321 section 2.3.8 and `nc` meet here).
 *
 * One CR before the LF belongs to the ending; any other CR is data. The limit counts bytes without
 * the ending. So a line is known to be too long when `maxBytes` + 1 bytes have come and the last is
 * no CR, or `maxBytes` + 2 and no LF among them: no more than `maxBytes` + 1 ever wait.
 */
import { checkNames, checkOptions } from "../arguments.ts";
import { IomuxError, IomuxRangeError, IomuxTypeError } from "../errors.ts";
import type { FrameInput } from "./frame-input.ts";
import { FrameError, RefusedFrame, type Framer } from "./framer.ts";

const LF = 0x0a;
const CR = 0x0d;

/** What becomes of a line over `maxBytes`. */
export type OverLong = "refuse" | "cut" | "close";

export interface LinesOptions {
  /** Bytes of a line at most, its ending not counted. 8192 unless given. */
  readonly maxBytes?: number | undefined;
  /**
   * A longer line: `"refuse"` (the default) throws it away and answers one `RefusedFrame`, `"cut"`
   * answers its first `maxBytes` bytes as the frame, `"close"` throws a `FrameError`.
   */
  readonly overLong?: OverLong | undefined;
}

const NAMES: ReadonlySet<string> = new Set(["maxBytes", "overLong"]);
const OVER_LONG: readonly string[] = ["refuse", "cut", "close"] satisfies OverLong[];

/**
 * A framer for lines that end with LF or CR LF; the ending is no part of the frame. At the end of
 * the stream an unfinished line is a line. Throws for options that are none. Each connection needs
 * its own.
 */
export function lines(options: LinesOptions = {}): Framer<Buffer> {
  checkOptions(options);
  checkNames(options, NAMES);
  const { maxBytes = 8192, overLong = "refuse" } = options;
  checkMaxBytes(maxBytes);
  checkOverLong(overLong);
  return new Lines(maxBytes, overLong);
}

class Lines implements Framer<Buffer> {
  readonly #maxBytes: number;
  readonly #overLong: OverLong;
  #input: FrameInput | null = null;
  /** Before this position of the stream there is no LF. */
  #scanned = 0;
  /** Where the rest of an over-long line goes on, or -1. Not there, another framer has taken it. */
  #skipping = -1;

  constructor(maxBytes: number, overLong: OverLong) {
    this.#maxBytes = maxBytes;
    this.#overLong = overLong;
  }

  next(input: FrameInput): Buffer | RefusedFrame | null {
    if (input !== this.#input) this.#bind(input);
    const end = input.indexOf(LF, Math.max(0, this.#scanned - input.position));
    if (this.#skipping === input.position) return this.#skip(input, end);
    if (end === -1) return this.#unfinished(input);
    const length = end > 0 && input.at(end - 1) === CR ? end - 1 : end;
    if (length > this.#maxBytes) return this.#tooLong(input, end + 1);
    const line = input.take(length);
    input.skip(end + 1 - length);
    return line;
  }

  last(input: FrameInput): Buffer | RefusedFrame | null {
    const { length } = input;
    if (length === 0) return null;
    return length > this.#maxBytes ? this.#tooLong(input, length) : input.take(length);
  }

  #bind(input: FrameInput): void {
    if (this.#input !== null) {
      const message = "this lines() framer cuts another stream already: make one for each stream";
      throw new IomuxError("IOMUX_FRAMER_SHARED", message);
    }
    this.#input = input;
  }

  /** No LF has come. */
  #unfinished(input: FrameInput): Buffer | RefusedFrame | null {
    const { length } = input;
    const least = input.at(length - 1) === CR ? length - 1 : length;
    if (least <= this.#maxBytes) {
      this.#scanned = input.position + length;
      return null;
    }
    const answer = this.#tooLong(input, length);
    this.#skipping = input.position;
    return answer;
  }

  /** The rest of an over-long line, up to its LF at `end`. */
  #skip(input: FrameInput, end: number): null {
    input.skip(end === -1 ? input.length : end + 1);
    this.#skipping = end === -1 ? input.position : -1;
    return null;
  }

  /** What becomes of an over-long line, of which `bytes` have come. */
  #tooLong(input: FrameInput, bytes: number): Buffer | RefusedFrame {
    const maxBytes = this.#maxBytes;
    const line = `the line at byte ${input.position} has more than ${maxBytes} bytes`;
    const advice = "send shorter ones, or raise maxBytes of lines()";
    if (this.#overLong === "close") {
      throw new FrameError("IOMUX_FRAME_TOO_LONG", `${line}: ${advice}`);
    }
    if (this.#overLong === "cut") {
      const frame = input.take(maxBytes);
      input.skip(bytes - maxBytes);
      return frame;
    }
    input.skip(bytes);
    const message = `${line} and was thrown away: ${advice}`;
    return new RefusedFrame("IOMUX_FRAME_TOO_LONG", message, maxBytes);
  }
}

function checkMaxBytes(value: unknown): void {
  if (typeof value !== "number") {
    const what = value === null ? "null" : typeof value;
    const message = `option maxBytes must be a number, not ${what}`;
    throw new IomuxTypeError("IOMUX_BAD_ARGUMENT", message);
  }
  if (Number.isSafeInteger(value) && value >= 1) return;
  const message = `option maxBytes is ${value}: give a whole number of at least 1`;
  throw new IomuxRangeError("IOMUX_BAD_RANGE", message);
}

function checkOverLong(value: unknown): void {
  if (typeof value !== "string") {
    const what = value === null ? "null" : typeof value;
    const message = `option overLong must be a string, not ${what}`;
    throw new IomuxTypeError("IOMUX_BAD_ARGUMENT", message);
  }
  if (OVER_LONG.includes(value)) return;
  const message = `option overLong is "${value}": give one of ${OVER_LONG.join(", ")}`;
  throw new IomuxRangeError("IOMUX_BAD_RANGE", message);
}
