/**
 * Frames behind their length: what most binary protocols are made of.
 *
 * The length is looked at before the frame has come: one over the limit ends the stream at once,
 * and costs no memory. It is an error rather than a refusal because most often it is no length at
 * all, but bytes of another protocol (the first four of "GET /" announce 1,195,725,856 bytes).
 *
 * A varint is base 128, lowest digits first, as in Protocol Buffers ("Encoding", Base 128 Varints).
 * As there it has up to 10 bytes and may be longer than it must: some writers leave room for the
 * length, and fill it in later.
 */
import { checkChoice, checkNames, checkOptions, checkWhole } from "../arguments.ts";
import { IomuxRangeError, IomuxTypeError } from "../errors.ts";
import type { FrameInput } from "./frame-input.ts";
import { FrameError, requireWhole, type Framer } from "./framer.ts";

/** Bytes of a varint: as many as 64 bits take. */
const MAX_VARINT_BYTES = 10;

/** What `lengthPrefixed()` takes. */
export interface LengthPrefixedOptions {
  /** Bytes of the length before each frame, or `"varint"`. 4 unless given. */
  readonly prefix?: 1 | 2 | 4 | 8 | "varint" | undefined;
  /** The order of the bytes of the length. `"big"`, the order of the network, unless given. */
  readonly endian?: "big" | "little" | undefined;
  /** Whether the length counts its own bytes too. Not for varints. Unless given it does not. */
  readonly countsPrefix?: boolean | undefined;
  /** Bytes of a frame at most, its length not counted. 65536 unless given. */
  readonly maxBytes?: number | undefined;
}

/** Both ways: cuts the stream that comes, and makes the frames that go. */
export interface LengthPrefixed extends Framer<Buffer> {
  /** Bytes of a frame at most: `maxBytes`, or what the prefix can say if that is less. */
  readonly maxBytes: number;
  /** `frame` behind its length, in a Buffer of its own. Throws if it has over `maxBytes` bytes. */
  encode(frame: Uint8Array): Buffer;
}

const NAMES: ReadonlySet<string> = new Set(["prefix", "endian", "countsPrefix", "maxBytes"]);
const SIZES: readonly unknown[] = [1, 2, 4, 8, "varint"];

/**
 * A framer for frames behind their length, which is no part of the frame. A length over `maxBytes`
 * throws `IOMUX_FRAME_TOO_LONG`, and a stream that ends inside a frame `IOMUX_BAD_FRAME`. Throws
 * for options that are none. It keeps no state: connections may share it.
 */
export function lengthPrefixed(options: LengthPrefixedOptions = {}): LengthPrefixed {
  checkOptions(options);
  checkNames(options, NAMES);
  const { prefix = 4, endian = "big", countsPrefix = false, maxBytes = 65_536 } = options;
  checkChoice(prefix, "option prefix", SIZES);
  checkChoice(endian, "option endian", ["big", "little"]);
  checkChoice(countsPrefix, "option countsPrefix", [true, false]);
  checkWhole(maxBytes, "option maxBytes", 1);
  if (prefix !== "varint") {
    const length = new PlainLength(prefix, endian === "little");
    return new LengthPrefixedFramer(length, countsPrefix ? prefix : 0, maxBytes);
  }
  const { endian: given } = options;
  if (given === undefined && !countsPrefix) return new LengthPrefixedFramer(VARINT, 0, maxBytes);
  const option = given === undefined ? "countsPrefix" : "endian";
  const message = `option ${option} is for lengths of 1, 2, 4 or 8 bytes: leave it out for a varint`;
  throw new IomuxTypeError("IOMUX_BAD_ARGUMENT", message);
}

/** How lengths are written. */
interface LengthFormat {
  /** The greatest length that can be written. */
  readonly most: number;
  /** Bytes of the length at the front of `input`; 0 if it has not come whole. */
  sizeIn(input: FrameInput): number;
  /** The length, of which `size` bytes are there. Over 2^53 it is rounded, and over every limit. */
  read(input: FrameInput, size: number): number;
  /** Bytes that `length` takes. */
  sizeOf(length: number): number;
  write(into: Buffer, size: number, length: number): void;
}

class LengthPrefixedFramer implements LengthPrefixed {
  readonly maxBytes: number;
  readonly #format: LengthFormat;
  /** Bytes that the length counts besides those of the frame. */
  readonly #counted: number;

  constructor(format: LengthFormat, counted: number, maxBytes: number) {
    this.maxBytes = Math.min(maxBytes, format.most - counted);
    this.#format = format;
    this.#counted = counted;
  }

  next(input: FrameInput): Buffer | null {
    const size = this.#format.sizeIn(input);
    if (size === 0) return null;
    const length = this.#format.read(input, size) - this.#counted;
    if (length < 0 || length > this.maxBytes) throw this.#noLength(input, length);
    if (input.length < size + length) return null;
    input.skip(size);
    return input.take(length);
  }

  last(input: FrameInput): null {
    return requireWhole(input);
  }

  #noLength({ position }: FrameInput, length: number): FrameError {
    if (length < 0) {
      const says = `the length at byte ${position} is ${length + this.#counted}`;
      const message = `${says}: count its own ${this.#counted} bytes too`;
      return new FrameError("IOMUX_BAD_FRAME", message);
    }
    const bytes = Number.isSafeInteger(length) ? length : "2^53 or more";
    const says = `the frame at byte ${position} announces ${bytes} bytes, over ${this.maxBytes}`;
    const message = `${says}: send shorter ones, or raise maxBytes of lengthPrefixed()`;
    return new FrameError("IOMUX_FRAME_TOO_LONG", message);
  }

  encode(frame: Uint8Array): Buffer {
    if (!(frame instanceof Uint8Array)) {
      const what = typeof frame === "string" ? "a string: use Buffer.from(text)" : typeof frame;
      throw new IomuxTypeError("IOMUX_BAD_ARGUMENT", `encode takes a Uint8Array, not ${what}`);
    }
    const { length } = frame;
    if (length > this.maxBytes) {
      const message = `encode was given ${length} bytes: a frame has at most ${this.maxBytes}`;
      throw new IomuxRangeError("IOMUX_BAD_RANGE", message);
    }
    const size = this.#format.sizeOf(length + this.#counted);
    const bytes = Buffer.allocUnsafe(size + length);
    this.#format.write(bytes, size, length + this.#counted);
    bytes.set(frame, size);
    return bytes;
  }
}

class PlainLength implements LengthFormat {
  readonly most: number;
  readonly #size: 1 | 2 | 4 | 8;
  readonly #little: boolean;

  constructor(size: 1 | 2 | 4 | 8, little: boolean) {
    this.most = Math.min(2 ** (8 * size) - 1, Number.MAX_SAFE_INTEGER);
    this.#size = size;
    this.#little = little;
  }

  sizeIn(input: FrameInput): number {
    return input.length < this.#size ? 0 : this.#size;
  }

  read(input: FrameInput, size: number): number {
    let length = 0;
    for (let i = 0; i < size; i++) {
      length = length * 256 + input.at(this.#little ? size - 1 - i : i)!;
    }
    return length;
  }

  sizeOf(): number {
    return this.#size;
  }

  write(into: Buffer, size: number, length: number): void {
    let rest = length;
    for (let i = 0; i < size; i++) {
      into[this.#little ? i : size - 1 - i] = rest % 256;
      rest = Math.floor(rest / 256);
    }
  }
}

/** The bit of a byte of a varint that says that another one follows. */
const MORE = 0x80;

const VARINT: LengthFormat = {
  most: Number.MAX_SAFE_INTEGER,

  sizeIn(input) {
    for (let size = 1; size <= MAX_VARINT_BYTES; size++) {
      const byte = input.at(size - 1);
      if (byte === undefined) return 0;
      if (byte < MORE) return size;
    }
    const message = `the length at byte ${input.position} has more than ${MAX_VARINT_BYTES} bytes`;
    throw new FrameError("IOMUX_BAD_FRAME", `${message}: end a varint with a byte under 128`);
  },

  read(input, size) {
    let length = 0;
    for (let i = size - 1; i >= 0; i--) length = length * MORE + (input.at(i)! % MORE);
    return length;
  },

  sizeOf(length) {
    let size = 1;
    for (let rest = Math.floor(length / MORE); rest > 0; rest = Math.floor(rest / MORE)) size++;
    return size;
  },

  write(into, size, length) {
    let rest = length;
    for (let i = 0; i < size; i++) {
      into[i] = (rest % MORE) + (i < size - 1 ? MORE : 0);
      rest = Math.floor(rest / MORE);
    }
  },
};
