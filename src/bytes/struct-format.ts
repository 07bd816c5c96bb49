/**
 * Formats: what the characters mean, and where in a record each value stands.
 *
 * As in CPython's `Modules/_struct.c`: an order first, then codes with a count in front of them, and
 * white space between. Under `@` the sizes and alignments are those of a C compiler for 64-bit
 * Linux; under the others sizes are fixed and nothing is aligned.
 */
import { IomuxTypeError } from "../errors.ts";
import { machineIsLittleEndian } from "./struct-bits.ts";
import type { Kind } from "./struct-codecs.ts";
import { quoted, StructError } from "./struct-error.ts";

/** A run of values of one code, one behind the other. */
export interface Field {
  readonly kind: Kind;
  readonly code: string;
  /** Of the code in the format, from 0. */
  readonly position: number;
  /** Bytes of the record before it. */
  readonly offset: number;
  /** How many values. */
  readonly count: number;
  /** Bytes of each. */
  readonly size: number;
}

export interface Layout {
  readonly format: string;
  readonly littleEndian: boolean;
  /** Bytes of a record. */
  readonly size: number;
  /** Values of a record. */
  readonly count: number;
  readonly fields: readonly Field[];
  /** Whether some bytes belong to no value. */
  readonly padded: boolean;
}

/** Bytes of a record: 2 GiB. Much more is no buffer on Node 20. */
const MAX_STRUCT_BYTES = 2 * 1024 * 1024 * 1024;

interface Code {
  readonly kind: Kind | "pad";
  /** Bytes of one value, or of one byte of what is counted in bytes. */
  readonly size: number;
  /** Under `@`, the offset is a multiple of it. */
  readonly alignment: number;
}

const number = (kind: Kind, size: number): Code => ({ kind, size, alignment: size });
const byte = (kind: Kind | "pad"): Code => ({ kind, size: 1, alignment: 1 });

const STANDARD: ReadonlyMap<string, Code> = new Map([
  ["x", byte("pad")],
  ["c", byte("byte")],
  ["b", byte("int8")],
  ["B", byte("uint8")],
  ["?", byte("bool")],
  ["h", number("int16", 2)],
  ["H", number("uint16", 2)],
  ["i", number("int32", 4)],
  ["I", number("uint32", 4)],
  ["l", number("int32", 4)],
  ["L", number("uint32", 4)],
  ["q", number("int64", 8)],
  ["Q", number("uint64", 8)],
  ["e", number("float16", 2)],
  ["f", number("float32", 4)],
  ["d", number("float64", 8)],
  ["s", byte("bytes")],
  ["p", byte("pascal")],
]);

const NATIVE: ReadonlyMap<string, Code> = new Map([
  ...STANDARD,
  ["l", number("int64", 8)],
  ["L", number("uint64", 8)],
  ["n", number("int64", 8)],
  ["N", number("uint64", 8)],
  ["P", number("pointer", 8)],
  ["f", number("c-float", 4)],
]);

/** Throws `StructError` for what is no format, with the position. */
export function parseFormat(format: string): Layout {
  checkString(format);
  const order = /^[@=<>!]/.exec(format)?.[0];
  const native = order === undefined || order === "@";
  const codes = native ? NATIVE : STANDARD;
  const fields: Field[] = [];
  let [size, count, used] = [0, 0, 0];
  for (const { digits, letter, position } of itemsOf(format, order === undefined ? 0 : 1)) {
    const code = codes.get(letter);
    if (code === undefined) throw noCode(format, letter, position);
    if (native) size = Math.ceil(size / code.alignment) * code.alignment;
    const times = digits === "" ? 1 : Number(digits);
    const bytes = times * code.size;
    if (size + bytes > MAX_STRUCT_BYTES) throw tooLarge(format, position);
    if (code.kind !== "pad") {
      const counted = code.kind === "bytes" || code.kind === "pascal";
      const run = counted ? { count: 1, size: times } : { count: times, size: code.size };
      fields.push({ kind: code.kind, code: letter, position, offset: size, ...run });
      count += run.count;
      used += bytes;
    }
    size += bytes;
  }
  const littleEndian = order === "<" || (order !== ">" && order !== "!" && machineIsLittleEndian);
  return { format, littleEndian, size, count, fields, padded: used < size };
}

interface Item {
  readonly digits: string;
  readonly letter: string;
  readonly position: number;
}

/** The codes from `start`, each with its count. */
function* itemsOf(format: string, start: number): Generator<Item> {
  for (let at = start; at < format.length; at++) {
    if (isSpace(format[at]!)) continue;
    const from = at;
    while (isDigit(format[at])) at++;
    const letter = format[at];
    if (letter === undefined) {
      const message = `struct format ${quoted(format)} ends with a count at ${from}: put a code behind it`;
      throw new StructError("IOMUX_STRUCT_FORMAT", message, { format, position: from });
    }
    yield { digits: format.slice(from, at), letter, position: at };
  }
}

function isDigit(character: string | undefined): boolean {
  return character !== undefined && character >= "0" && character <= "9";
}

/** What C's `isspace()` calls white space. */
function isSpace(character: string): boolean {
  return character === " " || (character >= "\t" && character <= "\r");
}

function checkString(format: unknown): void {
  if (typeof format === "string") return;
  const what = format === null ? "null" : typeof format;
  throw new IomuxTypeError("IOMUX_BAD_ARGUMENT", `a struct format must be a string, not ${what}`);
}

function noCode(format: string, letter: string, position: number): StructError {
  const where = `struct format ${quoted(format)} has ${JSON.stringify(letter)} at ${position}`;
  return new StructError("IOMUX_STRUCT_FORMAT", `${where}: ${adviceFor(letter)}`, {
    format,
    position,
  });
}

function adviceFor(letter: string): string {
  if (NATIVE.has(letter)) return "n, N and P need the order @, which is the default";
  if (isSpace(letter)) return "put white space before a count, not behind it";
  if ("@=<>!".includes(letter)) return "an order may only be the first character";
  return `give one of ${[...NATIVE.keys()].join(" ")}`;
}

function tooLarge(format: string, position: number): StructError {
  const message =
    `struct format ${quoted(format)} is over ${MAX_STRUCT_BYTES} bytes at ${position}: ` +
    `use smaller counts`;
  return new StructError("IOMUX_STRUCT_FORMAT", message, { format, position });
}
