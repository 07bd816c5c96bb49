/**
 * Records of binary data, as Python's `struct` packs and unpacks them
 * (https://docs.python.org/3/library/struct.html). `docs/struct.md` says what differs.
 */
import { IomuxRangeError, IomuxTypeError } from "../errors.ts";
import { EXPECTED, fits, readValue, writeValue } from "./struct-codecs.ts";
import { quoted, StructError } from "./struct-error.ts";
import { Kept } from "./struct-kept.ts";
import { parseFormat, type Field, type Layout } from "./struct-format.ts";
import type { Packed, StructFormat, Unpacked } from "./struct-types.ts";

/**
 * A compiled format. Values are numbers; bigints for codes of 64 bits; booleans; Buffers for bytes.
 *
 * All calls throw `StructError`: `IOMUX_STRUCT_VALUE` for a value of the wrong type or range, or the
 * wrong number of them, `IOMUX_STRUCT_BUFFER` for bytes that do not fit; and `IOMUX_BAD_ARGUMENT` for
 * what are no bytes. A failed call has written nothing.
 */
export interface Struct<Format extends string = string> {
  /** As it was given. */
  readonly format: Format;
  /** Bytes of a record. */
  readonly size: number;
  /** A new Buffer of `size` bytes. */
  pack(...values: Packed<Format>): Buffer;
  /**
   * Writes `size` bytes of `bytes`, from `offset`; a negative one counts from the end. Bytes between
   * the values become zero. The values may not lie in `bytes` themselves.
   */
  packInto(bytes: Uint8Array, offset: number, ...values: Packed<Format>): void;
  /** The values of `bytes`, of which there are exactly `size`. Buffers in it are copies. */
  unpack(bytes: Uint8Array): Unpacked<Format>;
  /** The values from `offset` (0 unless given; a negative one counts from the end). */
  unpackFrom(bytes: Uint8Array, offset?: number): Unpacked<Format>;
  /** The values of one record after the other. There is a whole number of them in `bytes`. */
  iterUnpack(bytes: Uint8Array): IterableIterator<Unpacked<Format>>;
}

class CompiledStruct {
  readonly format: string;
  readonly size: number;
  readonly #layout: Layout;

  constructor(format: string) {
    this.#layout = parseFormat(format);
    this.format = format;
    this.size = this.#layout.size;
  }

  // Functions of their own, so that they work without their struct: `const { pack } = struct("<i")`.

  readonly pack = (...values: unknown[]): Buffer => {
    this.#check(values);
    const bytes = Buffer.allocUnsafe(this.size);
    this.#write(bytes, 0, values);
    return bytes;
  };

  readonly packInto = (bytes: Uint8Array, offset: number, ...values: unknown[]): void => {
    const start = this.#startIn(bytes, offset, "packInto");
    this.#check(values);
    this.#write(bytes, start, values);
  };

  readonly unpack = (bytes: Uint8Array): unknown[] => {
    checkBytes(bytes, "unpack");
    if (bytes.length === this.size) return this.#read(bytes, 0);
    throw this.#misfit("unpack", bytes, "give it exactly one record");
  };

  readonly unpackFrom = (bytes: Uint8Array, offset = 0): unknown[] => {
    return this.#read(bytes, this.#startIn(bytes, offset, "unpackFrom"));
  };

  readonly iterUnpack = (bytes: Uint8Array): IterableIterator<unknown[]> => {
    checkBytes(bytes, "iterUnpack");
    if (this.size === 0) {
      throw this.#misfit("iterUnpack", bytes, "it would never end, use another format");
    }
    if (bytes.length % this.size === 0) return this.#records(bytes);
    throw this.#misfit("iterUnpack", bytes, "give it whole records");
  };

  *#records(bytes: Uint8Array): IterableIterator<unknown[]> {
    const end = bytes.length;
    for (let at = 0; at < end; at += this.size) yield this.unpackFrom(bytes, at);
  }

  #read(bytes: Uint8Array, start: number): unknown[] {
    const { fields, count, littleEndian } = this.#layout;
    const values = new Array<unknown>(count);
    // An array of numbers alone would have every NaN lose its payload: this makes it one of anything.
    if (count > 0) values[0] = undefined;
    let index = 0;
    for (let i = 0; i < fields.length; i++) {
      const field = fields[i]!;
      let at = start + field.offset;
      for (let n = field.count; n > 0; n--) {
        values[index++] = readValue(field.kind, bytes, at, field.size, littleEndian);
        at += field.size;
      }
    }
    return values;
  }

  #write(bytes: Uint8Array, start: number, values: readonly unknown[]): void {
    const { fields, size, padded, littleEndian } = this.#layout;
    if (padded) bytes.fill(0, start, start + size);
    let index = 0;
    for (let i = 0; i < fields.length; i++) {
      const field = fields[i]!;
      let at = start + field.offset;
      for (let n = field.count; n > 0; n--) {
        writeValue(field.kind, bytes, at, field.size, values[index++], littleEndian);
        at += field.size;
      }
    }
  }

  /** Before anything is written. */
  #check(values: readonly unknown[]): void {
    const { format, fields, count } = this.#layout;
    if (values.length !== count) {
      const message = `struct ${quoted(format)} packs ${count} values, not ${values.length}`;
      throw new StructError("IOMUX_STRUCT_VALUE", `${message}: give one for each code`, { format });
    }
    let index = 0;
    for (let i = 0; i < fields.length; i++) {
      const field = fields[i]!;
      for (let n = field.count; n > 0; n--, index++) {
        if (!fits(field.kind, values[index])) throw wrongValue(format, field, index, values[index]);
      }
    }
  }

  /** Where a record at `offset` of `bytes` begins, if there are bytes enough behind it. */
  #startIn(bytes: Uint8Array, offset: number, what: string): number {
    checkBytes(bytes, what);
    if (!Number.isInteger(offset)) throw noOffset(offset, what);
    const start = offset < 0 ? bytes.length + offset : offset;
    if (start >= 0 && this.size <= bytes.length - start) return start;
    const advice = `a record does not fit at offset ${offset}, give more or another offset`;
    throw this.#misfit(what, bytes, advice);
  }

  #misfit(what: string, bytes: Uint8Array, advice: string): StructError {
    const { format, size } = this;
    const message =
      `${what} got ${bytes.length} bytes for struct ${quoted(format)}, which has ${size}: ` +
      advice;
    return new StructError("IOMUX_STRUCT_BUFFER", message, { format });
  }
}

function checkBytes(bytes: unknown, what: string): void {
  if (bytes instanceof Uint8Array) return;
  const message = `${what} takes a Uint8Array, not ${whatInstead(bytes)}`;
  throw new IomuxTypeError("IOMUX_BAD_ARGUMENT", message);
}

function whatInstead(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "an array: give Buffer.from(array)";
  if (typeof value === "string") return "a string: give Buffer.from(text)";
  if (ArrayBuffer.isView(value)) {
    const view = "new Uint8Array(view.buffer, view.byteOffset, view.byteLength)";
    return `a ${value.constructor.name}: give ${view}`;
  }
  const isBuffer = value instanceof ArrayBuffer || value instanceof SharedArrayBuffer;
  if (isBuffer) return "an ArrayBuffer: give new Uint8Array(buffer)";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

function noOffset(offset: unknown, what: string): Error {
  if (typeof offset !== "number") {
    const message = `offset of ${what} must be a number, not ${typeof offset}`;
    return new IomuxTypeError("IOMUX_BAD_ARGUMENT", message);
  }
  const message = `offset of ${what} is ${offset}: give a whole number`;
  return new IomuxRangeError("IOMUX_BAD_RANGE", message);
}

function wrongValue(format: string, field: Field, index: number, value: unknown): StructError {
  const { code, position, kind } = field;
  const message =
    `value ${index} of struct ${quoted(format)} is ${describe(value)}: ` +
    `${code} at ${position} takes ${EXPECTED[kind]}`;
  return new StructError("IOMUX_STRUCT_VALUE", message, { format, position, valueIndex: index });
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (value instanceof Uint8Array) return `a Uint8Array of ${value.length} bytes`;
  if (typeof value === "number") return `the number ${value}`;
  // The digits of a large bigint are many, and slow to make.
  if (typeof value === "bigint") {
    return BigInt.asIntN(128, value) === value ? `the bigint ${value}n` : "a huge bigint";
  }
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/** Formats that the functions below keep compiled; Python keeps as many. */
const KEPT_FORMATS = 100;

const kept = new Kept(KEPT_FORMATS, (format) => new CompiledStruct(format));

/**
 * Compiles `format`, such as `"<i5sf"`: little-endian, a 32-bit integer, 5 bytes, a 32-bit float.
 * The types of the values are read from the literal. Throws `StructError`
 * (`IOMUX_STRUCT_FORMAT`) with the position of what is wrong.
 */
export function struct<const Format extends string>(format: StructFormat<Format>): Struct<Format> {
  return new CompiledStruct(format) as unknown as Struct<Format>;
}

/** Bytes of a record of `format`. */
export function calcsize<const Format extends string>(format: StructFormat<Format>): number {
  return kept.get(format).size;
}

/** `struct(format).pack(...values)`; the last 100 formats are kept compiled. */
export function pack<const Format extends string>(
  format: StructFormat<Format>,
  ...values: Packed<Format>
): Buffer {
  return kept.get(format).pack(...values);
}

/** `struct(format).packInto(bytes, offset, ...values)`. */
export function packInto<const Format extends string>(
  format: StructFormat<Format>,
  bytes: Uint8Array,
  offset: number,
  ...values: Packed<Format>
): void {
  kept.get(format).packInto(bytes, offset, ...values);
}

/** `struct(format).unpack(bytes)`. */
export function unpack<const Format extends string>(
  format: StructFormat<Format>,
  bytes: Uint8Array,
): Unpacked<Format> {
  return kept.get(format).unpack(bytes) as Unpacked<Format>;
}

/** `struct(format).unpackFrom(bytes, offset)`. */
export function unpackFrom<const Format extends string>(
  format: StructFormat<Format>,
  bytes: Uint8Array,
  offset = 0,
): Unpacked<Format> {
  return kept.get(format).unpackFrom(bytes, offset) as Unpacked<Format>;
}

/** `struct(format).iterUnpack(bytes)`. */
export function iterUnpack<const Format extends string>(
  format: StructFormat<Format>,
  bytes: Uint8Array,
): IterableIterator<Unpacked<Format>> {
  return kept.get(format).iterUnpack(bytes) as IterableIterator<Unpacked<Format>>;
}
