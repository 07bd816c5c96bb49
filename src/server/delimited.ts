/**
 * Frames that end with a delimiter, for protocols of texts.
 *
 * The delimiter is found where it stands first, and belongs to no frame. The limit counts bytes
 * without it. So a frame is known to be too long when `maxBytes` bytes and one delimiter have come
 * and it is not among them: of those that wait, the last may be the beginning of a delimiter.
 */
import { checkChoice, checkNames, checkOptions, checkWhole } from "../arguments.ts";
import { IomuxError, IomuxTypeError } from "../errors.ts";
import type { FrameInput } from "./frame-input.ts";
import { FrameError, RefusedFrame, requireWhole, type Framer } from "./framer.ts";

/** Bytes of a delimiter: what is looked at again when a byte comes. */
const MAX_DELIMITER_BYTES = 256;

const CR = 0x0d;

/** What becomes of a frame over `maxBytes`. */
export type OverLong = "refuse" | "cut" | "close";

/** Options of `delimited()`, and of `lines()`. */
export interface DelimitedOptions {
  /** Bytes of a frame at most, its ending not counted. 8192 unless given. */
  readonly maxBytes?: number | undefined;
  /**
   * A longer frame: `"refuse"` (the default) throws it away and answers one `RefusedFrame`,
   * `"cut"` answers its first `maxBytes` bytes as the frame, `"close"` throws a `FrameError`.
   */
  readonly overLong?: OverLong | undefined;
}

const NAMES: ReadonlySet<string> = new Set(["maxBytes", "overLong"]);
const OVER_LONG: readonly OverLong[] = ["refuse", "cut", "close"];

/**
 * A framer for frames that end with `delimiter`, 1 to 256 bytes of any value; it is no part of the
 * frame. A stream that ends inside a frame throws `IOMUX_BAD_FRAME`. Throws for a delimiter and
 * options that are none. Each connection needs its own.
 */
export function delimited(delimiter: Uint8Array, options: DelimitedOptions = {}): Framer<Buffer> {
  if (!(delimiter instanceof Uint8Array)) {
    const what =
      typeof delimiter === "string" ? "a string: use Buffer.from(text)" : typeof delimiter;
    const message = `delimited() takes a Uint8Array, not ${what}`;
    throw new IomuxTypeError("IOMUX_BAD_ARGUMENT", message);
  }
  checkWhole(delimiter.length, "the length of the delimiter", 1, MAX_DELIMITER_BYTES);
  return new Delimited(delimiter, "frame", "delimited()", options);
}

/** What `delimited()` and `lines()` have in common. Lines differ in their CR and in their end. */
export class Delimited implements Framer<Buffer> {
  readonly #delimiter: Buffer;
  /** The same; a single byte is found faster as a number. */
  readonly #sought: Buffer | number;
  readonly #what: "frame" | "line";
  readonly #framer: string;
  readonly #maxBytes: number;
  readonly #overLong: OverLong;
  #input: FrameInput | null = null;
  /** Before this position of the stream no delimiter begins. */
  #scanned = 0;
  /** Where the rest of an over-long frame goes on, or -1. Not there, another framer has taken it. */
  #skipping = -1;

  /** `what` it cuts is called so in messages, and `framer` is the call that made it. */
  constructor(
    delimiter: Uint8Array,
    what: "frame" | "line",
    framer: string,
    options: DelimitedOptions,
  ) {
    checkOptions(options);
    checkNames(options, NAMES);
    const { maxBytes = 8192, overLong = "refuse" } = options;
    checkWhole(maxBytes, "option maxBytes", 1);
    checkChoice(overLong, "option overLong", OVER_LONG);
    this.#delimiter = Buffer.from(delimiter);
    this.#sought = delimiter.length === 1 ? delimiter[0]! : this.#delimiter;
    this.#what = what;
    this.#framer = framer;
    this.#maxBytes = maxBytes;
    this.#overLong = overLong;
  }

  next(input: FrameInput): Buffer | RefusedFrame | null {
    if (input !== this.#input) this.#bind(input);
    const place = input.indexOf(this.#sought, Math.max(0, this.#scanned - input.position));
    if (this.#skipping === input.position) return this.#skip(input, place);
    if (place === -1) return this.#unfinished(input);
    const end = place + this.#delimiter.length;
    const length = place - this.#carriageReturn(input, place);
    if (length > this.#maxBytes) return this.#tooLong(input, end);
    const frame = input.take(length);
    input.skip(end - length);
    return frame;
  }

  last(input: FrameInput): Buffer | RefusedFrame | null {
    if (this.#skipping === input.position) return null;
    if (this.#what === "frame") return requireWhole(input);
    const { length } = input;
    if (length === 0) return null;
    return length > this.#maxBytes ? this.#tooLong(input, length) : input.take(length);
  }

  #bind(input: FrameInput): void {
    if (this.#input !== null) {
      const shared = `this ${this.#framer} framer cuts another stream already`;
      throw new IomuxError("IOMUX_FRAMER_SHARED", `${shared}: make one for each stream`);
    }
    this.#input = input;
  }

  /** 1 if the byte before `place` is a CR that belongs to the ending of a line. */
  #carriageReturn(input: FrameInput, place: number): 0 | 1 {
    return this.#what === "line" && input.at(place - 1) === CR ? 1 : 0;
  }

  /** No whole delimiter has come; the last bytes may be the beginning of one. */
  #unfinished(input: FrameInput): Buffer | RefusedFrame | null {
    const { length } = input;
    const open = this.#delimiter.length - 1;
    this.#scanned = input.position + Math.max(0, length - open);
    const least = length - open - this.#carriageReturn(input, length);
    if (least <= this.#maxBytes) return null;
    const answer = this.#tooLong(input, length - open);
    this.#skipping = input.position;
    return answer;
  }

  /** The rest of an over-long frame, up to its delimiter at `place`. */
  #skip(input: FrameInput, place: number): null {
    const { length } = this.#delimiter;
    input.skip(place === -1 ? Math.max(0, input.length - length + 1) : place + length);
    this.#skipping = place === -1 ? input.position : -1;
    return null;
  }

  /** What becomes of an over-long frame, of which `bytes` have come. */
  #tooLong(input: FrameInput, bytes: number): Buffer | RefusedFrame {
    const maxBytes = this.#maxBytes;
    const frame = `the ${this.#what} at byte ${input.position} has more than ${maxBytes} bytes`;
    const advice = `send shorter ones, or raise maxBytes of ${this.#framer}`;
    if (this.#overLong === "close") {
      throw new FrameError("IOMUX_FRAME_TOO_LONG", `${frame}: ${advice}`);
    }
    if (this.#overLong === "cut") {
      const beginning = input.take(maxBytes);
      input.skip(bytes - maxBytes);
      return beginning;
    }
    input.skip(bytes);
    const message = `${frame} and was thrown away: ${advice}`;
    return new RefusedFrame("IOMUX_FRAME_TOO_LONG", message, maxBytes);
  }
}
