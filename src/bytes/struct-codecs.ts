/**
 * Values and their bytes: one switch for each direction, so that a loop over the fields of a record
 * calls nothing that the compiler cannot follow. Bytes are put together by hand: a `DataView` would
 * have to be made for every buffer, which takes longer than a whole record does.
 */
import {
  bigInt64,
  bigUint64,
  bitsOfFloat16,
  bitsOfFloat32,
  float16Of,
  float32Of,
  float64,
  HIGH,
  LOW,
  overflowsFloat16,
  overflowsFloat32,
  words,
} from "./struct-bits.ts";

/** What a value is and how it is written. `c-float`: one whose overflow is infinite, as a C cast. */
export type Kind =
  | "byte"
  | "bool"
  | "bytes"
  | "pascal"
  | "int8"
  | "uint8"
  | "int16"
  | "uint16"
  | "int32"
  | "uint32"
  | "int64"
  | "uint64"
  | "pointer"
  | "float16"
  | "float32"
  | "c-float"
  | "float64";

/** Up to this a loop copies bytes faster than a call does. */
const LOOP_BYTES = 64;

/** The value of `size` bytes from `at`, all of which must be there. */
export function readValue(
  kind: Kind,
  bytes: Uint8Array,
  at: number,
  size: number,
  little: boolean,
): number | bigint | boolean | Buffer {
  switch (kind) {
    case "uint8":
      return bytes[at]!;
    case "int8":
      return (bytes[at]! << 24) >> 24;
    case "uint16":
      return read16(bytes, at, little);
    case "int16":
      return (read16(bytes, at, little) << 16) >> 16;
    case "uint32":
      return read32(bytes, at, little) >>> 0;
    case "int32":
      return read32(bytes, at, little);
    case "float64":
      read64(bytes, at, little);
      return float64[0]!;
    case "float32":
    case "c-float":
      return float32Of(read32(bytes, at, little));
    case "uint64":
    case "pointer":
      read64(bytes, at, little);
      return bigUint64[0]!;
    case "int64":
      read64(bytes, at, little);
      return bigInt64[0]!;
    case "bool":
      return bytes[at] !== 0;
    case "byte":
    case "bytes":
      return copyOf(bytes, at, size);
    case "pascal":
      return copyOf(bytes, at + 1, size === 0 ? 0 : Math.min(bytes[at]!, size - 1));
    case "float16":
      return float16Of(read16(bytes, at, little));
  }
}

/** Writes `value`, which `fits`, to the `size` bytes from `at`. */
export function writeValue(
  kind: Kind,
  bytes: Uint8Array,
  at: number,
  size: number,
  value: unknown,
  little: boolean,
): void {
  switch (kind) {
    case "uint8":
    case "int8":
      bytes[at] = value as number;
      return;
    case "uint16":
    case "int16":
      write16(bytes, at, value as number, little);
      return;
    case "uint32":
    case "int32":
      write32(bytes, at, value as number, little);
      return;
    case "float64":
      float64[0] = value as number;
      write64(bytes, at, little);
      return;
    case "float32":
    case "c-float":
      write32(bytes, at, bitsOfFloat32(value as number), little);
      return;
    case "uint64":
    case "int64":
    case "pointer":
      bigInt64[0] = value as bigint;
      write64(bytes, at, little);
      return;
    case "bool":
      bytes[at] = value ? 1 : 0;
      return;
    case "byte":
    case "bytes":
      writeBytes(bytes, at, size, value as Uint8Array);
      return;
    case "pascal":
      if (size > 0) writePascal(bytes, at, size, value as Uint8Array);
      return;
    case "float16":
      write16(bytes, at, bitsOfFloat16(value as number), little);
  }
}

/** Whether `value` is of the type and in the range of `kind`. */
export function fits(kind: Kind, value: unknown): boolean {
  switch (kind) {
    case "uint8":
      return isWhole(value, 0, 0xff);
    case "int8":
      return isWhole(value, -0x80, 0x7f);
    case "uint16":
      return isWhole(value, 0, 0xffff);
    case "int16":
      return isWhole(value, -0x8000, 0x7fff);
    case "uint32":
      return isWhole(value, 0, 0xffff_ffff);
    case "int32":
      return isWhole(value, -0x8000_0000, 0x7fff_ffff);
    case "float64":
    case "c-float":
      return typeof value === "number";
    case "float32":
      return typeof value === "number" && !overflowsFloat32(value);
    case "uint64":
      return typeof value === "bigint" && BigInt.asUintN(64, value) === value;
    case "int64":
      return typeof value === "bigint" && BigInt.asIntN(64, value) === value;
    case "pointer":
      return fits("uint64", value) || fits("int64", value);
    case "bool":
      return true;
    case "byte":
      return value instanceof Uint8Array && value.length === 1;
    case "bytes":
    case "pascal":
      return value instanceof Uint8Array;
    case "float16":
      return typeof value === "number" && !overflowsFloat16(value);
  }
}

/** What fits, for people. */
export const EXPECTED: Readonly<Record<Kind, string>> = {
  byte: "a Uint8Array of one byte",
  bool: "anything",
  bytes: "a Uint8Array",
  pascal: "a Uint8Array",
  int8: "a whole number, -128 to 127",
  uint8: "a whole number, 0 to 255",
  int16: "a whole number, -32768 to 32767",
  uint16: "a whole number, 0 to 65535",
  int32: "a whole number, -2147483648 to 2147483647",
  uint32: "a whole number, 0 to 4294967295",
  int64: "a bigint, -9223372036854775808n to 9223372036854775807n",
  uint64: "a bigint, 0n to 18446744073709551615n",
  pointer: "a bigint, -9223372036854775808n to 18446744073709551615n",
  float16: "a number that rounds to at most 65504 in size, or an infinity or NaN",
  float32: "a number that rounds to at most 3.4028234663852886e38 in size, or an infinity or NaN",
  "c-float": "a number",
  float64: "a number",
};

function isWhole(value: unknown, least: number, most: number): boolean {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
}

function read16(bytes: Uint8Array, at: number, little: boolean): number {
  return little ? bytes[at]! | (bytes[at + 1]! << 8) : (bytes[at]! << 8) | bytes[at + 1]!;
}

function write16(bytes: Uint8Array, at: number, value: number, little: boolean): void {
  bytes[little ? at : at + 1] = value;
  bytes[little ? at + 1 : at] = value >>> 8;
}

/** Signed. */
function read32(bytes: Uint8Array, at: number, little: boolean): number {
  return little
    ? bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    : (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

function write32(bytes: Uint8Array, at: number, value: number, little: boolean): void {
  bytes[little ? at : at + 3] = value;
  bytes[little ? at + 1 : at + 2] = value >>> 8;
  bytes[little ? at + 2 : at + 1] = value >>> 16;
  bytes[little ? at + 3 : at] = value >>> 24;
}

/** Into the scratch. */
function read64(bytes: Uint8Array, at: number, little: boolean): void {
  words[LOW] = read32(bytes, little ? at : at + 4, little);
  words[HIGH] = read32(bytes, little ? at + 4 : at, little);
}

/** Out of the scratch. */
function write64(bytes: Uint8Array, at: number, little: boolean): void {
  write32(bytes, little ? at : at + 4, words[LOW]!, little);
  write32(bytes, little ? at + 4 : at, words[HIGH]!, little);
}

function copyOf(bytes: Uint8Array, at: number, size: number): Buffer {
  const copy = Buffer.allocUnsafe(size);
  copyBytes(bytes, at, size, copy, 0);
  return copy;
}

function copyBytes(
  from: Uint8Array,
  start: number,
  size: number,
  to: Uint8Array,
  at: number,
): void {
  if (size > LOOP_BYTES) to.set(from.subarray(start, start + size), at);
  else for (let i = 0; i < size; i++) to[at + i] = from[start + i]!;
}

/** Cuts what is too long, and fills up with zeros what is too short. */
function writeBytes(bytes: Uint8Array, at: number, size: number, value: Uint8Array): void {
  const length = Math.min(value.length, size);
  copyBytes(value, 0, length, bytes, at);
  bytes.fill(0, at + length, at + size);
}

/** A length of one byte goes first, 255 at most; but bytes follow as many as there is room for. */
function writePascal(bytes: Uint8Array, at: number, size: number, value: Uint8Array): void {
  bytes[at] = Math.min(value.length, size - 1, 255);
  writeBytes(bytes, at + 1, size - 1, value);
}
