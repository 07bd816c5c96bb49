/**
 * Against CPython's own `struct`: every code under every order, thousands of cases, errors among
 * them. `tools/struct-vectors.py` made the file, and says how its values are written.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import {
  calcsize,
  iterUnpack,
  pack,
  packInto,
  struct,
  StructError,
  unpack,
  unpackFrom,
} from "iomux";

type Encoded = string | number | boolean | null;
type Values = readonly Encoded[];

interface Vectors {
  readonly half: { readonly unpacked: string; readonly packed: string };
  readonly sizes: readonly [format: string, size: number | null][];
  readonly packs: readonly [format: string, values: Values, packed: string | null][];
  readonly unpacks: readonly [format: string, packed: string, values: Values | null][];
  readonly packIntos: readonly [
    format: string,
    length: number,
    offset: number,
    values: Values,
    packed: string | null,
  ][];
  readonly unpackFroms: readonly [
    format: string,
    length: number,
    offset: number,
    values: Values | null,
  ][];
  readonly iterations: readonly [
    format: string,
    length: number,
    records: readonly Values[] | null,
  ][];
}

const file = new URL("../vectors/struct.json", import.meta.url);
const vectors = JSON.parse(readFileSync(file, "utf8")) as Vectors;

function decode(value: Encoded): unknown {
  if (typeof value !== "string") return value;
  if (/^d[0-9a-f]{16}$/.test(value)) return Buffer.from(value.slice(1), "hex").readDoubleBE();
  if (/^x([0-9a-f]{2})*$/.test(value)) return Buffer.from(value.slice(1), "hex");
  if (/^-?\d+n$/.test(value)) return BigInt(value.slice(0, -1));
  return value;
}

/** A value as the file writes it; `like` is what it should be. */
function encode(value: unknown, like: Encoded | undefined): Encoded {
  if (value instanceof Buffer) return `x${value.toString("hex")}`;
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "number" && typeof like === "string") {
    if (Number.isNaN(value) && like === "nan") return "nan";
    const bits = Buffer.alloc(8);
    bits.writeDoubleBE(value);
    return `d${bits.toString("hex")}`;
  }
  return value as Encoded;
}

function encodeAll(values: readonly unknown[], like: Values | null | undefined): Values {
  return values.map((value, index) => encode(value, like?.[index]));
}

/** What `call` answers, or null if it throws a StructError. */
function attempt<T>(call: () => T): T | null {
  try {
    return call();
  } catch (error) {
    if (error instanceof StructError) return null;
    throw error;
  }
}

/** Compares all cases, and shows the first few that differ. */
function compare<Case extends readonly unknown[]>(
  cases: readonly Case[],
  answer: (given: Case) => unknown,
): void {
  const wrong: unknown[] = [];
  for (const given of cases) {
    const found = answer(given);
    const same = JSON.stringify(found) === JSON.stringify(given.at(-1));
    if (!same && wrong.length < 10) wrong.push({ given, found });
  }
  expect(wrong).toEqual([]);
}

const bytesUpTo = (length: number): Buffer => Buffer.from(Array.from({ length }, (_, i) => i + 1));

describe("as CPython", () => {
  it("has thousands of cases, errors among them, of every code and order", () => {
    const { sizes, packs, unpacks, packIntos, unpackFroms, iterations } = vectors;
    const all = [sizes, packs, unpacks, packIntos, unpackFroms, iterations].flat();
    expect(all.length).toBeGreaterThan(10_000);
    expect(all.filter((one) => one.at(-1) === null).length).toBeGreaterThan(2000);
    for (const order of ["", "@", "=", "<", ">", "!"]) {
      for (const code of order === "" || order === "@"
        ? "cbB?hHiIlLqQnNefdspP"
        : "cbB?hHiIlLqQefdsp") {
        const packed = packs.filter(([format, , answer]) => format === order + code && answer);
        expect(packed.length, order + code).toBeGreaterThan(0);
        const found = unpacks.filter(([format, , answer]) => format === order + code && answer);
        expect(found.length, order + code).toBeGreaterThan(0);
      }
    }
  });

  it("calcsize", () => {
    compare(vectors.sizes, ([format]) => attempt(() => calcsize(format)));
    compare(vectors.sizes, ([format]) => attempt(() => struct(format).size));
  });

  it("pack", () => {
    compare(vectors.packs, ([format, values]) =>
      attempt(() => pack(format, ...values.map(decode)).toString("hex")),
    );
  });

  it("unpack", () => {
    compare(vectors.unpacks, ([format, packed, values]) =>
      attempt(() => encodeAll(unpack(format, Buffer.from(packed, "hex")), values)),
    );
  });

  it("packInto, also from the end; what fails has written nothing", () => {
    compare(vectors.packIntos, ([format, length, offset, values]) => {
      const bytes = Buffer.alloc(length, 0xaa);
      const packed = attempt(() => {
        packInto(format, bytes, offset, ...values.map(decode));
        return bytes.toString("hex");
      });
      if (packed === null) expect(bytes).toEqual(Buffer.alloc(length, 0xaa));
      return packed;
    });
  });

  it("unpackFrom, also from the end", () => {
    compare(vectors.unpackFroms, ([format, length, offset, values]) =>
      attempt(() => encodeAll(unpackFrom(format, bytesUpTo(length), offset), values)),
    );
  });

  it("iterUnpack", () => {
    compare(vectors.iterations, ([format, length, records]) =>
      attempt(() =>
        [...iterUnpack(format, bytesUpTo(length))].map((values, index) =>
          encodeAll(values, records?.[index]),
        ),
      ),
    );
  });

  it("every float16 that is a number", () => {
    const hash = createHash("sha256");
    const bytes = Buffer.alloc(2);
    for (let bits = 0; bits < 1 << 16; bits++) {
      bytes.writeUInt16LE(bits);
      const [value] = unpack("<e", bytes);
      if (!Number.isNaN(value)) hash.update(pack("<d", value));
    }
    expect(hash.digest("hex")).toBe(vectors.half.unpacked);
  });

  it("many doubles as float16", () => {
    const hash = createHash("sha256");
    const words = new Uint32Array(2);
    const double = new DataView(new ArrayBuffer(8));
    let state = 1;
    for (let i = 0; i < 200_000; i++) {
      for (let word = 0; word < 2; word++) {
        state ^= state << 13;
        state ^= state >>> 17;
        state ^= state << 5;
        words[word] = state;
      }
      const [first, second] = words as unknown as [number, number];
      double.setUint32(0, (first & 0x800f_ffff) | ((990 + ((first >>> 20) % 48)) << 20));
      double.setUint32(4, second);
      hash.update(pack("<e", double.getFloat64(0)));
    }
    expect(hash.digest("hex")).toBe(vectors.half.packed);
  });
});
