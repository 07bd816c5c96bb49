/** Every framer of the library with all of its shapes: how it is made, written, and overrun. */
import { delimited, fixed, lengthPrefixed, lines, raw, type Framer } from "iomux";
import type { Random } from "iomux/testing";

/** Bytes of a frame at most. */
export const MOST = 2000;

export interface Framing {
  readonly name: string;
  /** A framer of one connection. */
  make(): Framer<Buffer>;
  /** A frame as it stands in a stream. */
  encode(frame: Buffer): Buffer;
  /** A frame drawn from a seed. */
  draw(random: Random): Buffer;
  /** What begins a frame over `MOST` bytes; null: there is no such thing. */
  readonly tooLong: Buffer | null;
  /** Whether it throws such a frame away and goes on, or the stream ends. */
  readonly goesOn: boolean;
}

function bytes(random: Random, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => random.integer(0, 255)));
}

/** Letters only: no byte of them is a part of an ending. */
function letters(random: Random): Buffer {
  const length = random.integer(0, random.pick([1, 20, MOST]));
  return Buffer.from(Array.from({ length }, () => random.integer(97, 122)));
}

function ended(name: string, ending: string, overLong: "refuse" | "close"): Framing {
  const delimiter = Buffer.from(ending);
  const options = { maxBytes: MOST, overLong };
  return {
    name: `${name} ${overLong}`,
    make: () => (name === "lines" ? lines(options) : delimited(delimiter, options)),
    encode: (frame) => Buffer.concat([frame, delimiter]),
    draw: letters,
    tooLong: Buffer.alloc(MOST + 1, "x"),
    goesOn: overLong === "refuse",
  };
}

function behindLength(options: Parameters<typeof lengthPrefixed>[0]): Framing {
  const framer = lengthPrefixed({ ...options, maxBytes: MOST });
  const longer = lengthPrefixed({ ...options, maxBytes: MOST + 1 });
  const most = framer.maxBytes;
  return {
    name: `lengthPrefixed ${JSON.stringify(options)}`,
    make: () => lengthPrefixed({ ...options, maxBytes: MOST }),
    encode: (frame) => Buffer.from(framer.encode(frame)),
    draw: (random) => bytes(random, random.integer(0, random.pick([1, 20, most]))),
    tooLong: most < MOST ? null : Buffer.from(longer.encode(Buffer.alloc(MOST + 1))),
    goesOn: false,
  };
}

function ofOneSize(size: number): Framing {
  return {
    name: `fixed ${size}`,
    make: () => fixed(size),
    encode: (frame) => frame,
    draw: (random) => bytes(random, size),
    tooLong: null,
    goesOn: false,
  };
}

/** Bytes as they come: frames have no borders. */
export const RAW: Framing = {
  name: "raw",
  make: raw,
  encode: (frame) => frame,
  draw: (random) => bytes(random, random.integer(1, 500)),
  tooLong: null,
  goesOn: false,
};

export const LINES: Framing = ended("lines", "\n", "refuse");

/** All that have borders. */
export const FRAMINGS: readonly Framing[] = [
  LINES,
  ended("lines", "\r\n", "close"),
  ended("delimited", "-+=", "refuse"),
  ended("delimited", "\0", "close"),
  ...([1, 2, 4, 8, "varint"] as const).map((prefix) => behindLength({ prefix })),
  behindLength({ prefix: 2, endian: "little", countsPrefix: true }),
  ofOneSize(1),
  ofOneSize(300),
];
