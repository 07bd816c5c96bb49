/** Floats as bits, where CPython 3.14 keeps more than the vectors of 3.13 can show. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { pack, struct, unpack } from "iomux";

function hexOf(value: number): string {
  return pack(">d", value).toString("hex");
}

/** What `hex` is when unpacked and packed again. */
function again(format: string, hex: string): string {
  const compiled = struct(format);
  return compiled.pack(...compiled.unpack(Buffer.from(hex, "hex"))).toString("hex");
}

const PAYLOADS = {
  ">d": [
    "7ff8000000000000",
    "fff8000000000001",
    "7fffffffffffffff",
    "7ff0000000000001",
    "fff4123456789abc",
  ],
  ">f": ["7fc00000", "ffc00001", "7fffffff", "7f800001", "ffa12345"],
  ">e": ["7e00", "fe01", "7fff", "7c01", "fd55"],
};

describe("a NaN", () => {
  it("keeps its sign, its payload and whether it is quiet, in all three sizes", () => {
    for (const [format, all] of Object.entries(PAYLOADS)) {
      expect(all.map((hex) => again(format, hex))).toEqual(all);
    }
  });

  it("does so in code that runs hot, and in records of floats alone", () => {
    for (let i = 0; i < 20_000; i++) {
      const hex = PAYLOADS[">d"][i % 5]!;
      if (again(">d", hex) !== hex) throw new Error(`${hex} after ${i} calls`);
    }
    const hex = PAYLOADS[">d"].join("");
    expect(again(">5d", hex)).toBe(hex);
  });

  it("takes its payload from one size to the next, as far as there is room", () => {
    const [fromHalf] = unpack(">e", Buffer.from("fe01", "hex"));
    expect(hexOf(fromHalf)).toBe("fff8040000000000");
    const [fromSingle] = unpack(">f", Buffer.from("ffa12345", "hex"));
    expect(hexOf(fromSingle)).toBe("fff42468a0000000");
    expect(pack(">f", fromHalf).toString("hex")).toBe("ffc02000");
    expect(pack(">e", fromSingle).toString("hex")).toBe("fd09");
  });

  it("is the quiet one where nothing of its payload is left", () => {
    const [small] = unpack(">d", Buffer.from("7ff0000000000001", "hex"));
    expect(pack(">f", small).toString("hex")).toBe("7fc00000");
    expect(pack(">e", small).toString("hex")).toBe("7e00");
    expect(pack(">efd", NaN, NaN, NaN).toString("hex")).toBe("7e007fc000007ff8000000000000");
  });
});

describe("a float32", () => {
  it("is what Math.fround gives", () => {
    fc.assert(
      fc.property(fc.double({ min: -3.4e38, max: 3.4e38, noNaN: true }), (value) => {
        expect(unpack("<f", pack("<f", value))).toEqual([Math.fround(value)]);
      }),
    );
  });

  it("that overflows is an error but under @, where C casts it to infinity", () => {
    expect(() => pack("<f", 3.4028235677973366e38)).toThrow("3.4028234663852886e38");
    expect(unpack("<f", pack("<f", 3.4028235677973362e38))).toEqual([3.4028234663852886e38]);
    for (const format of ["f", "@f"]) {
      expect(unpack(format, pack(format, -1e39))).toEqual([-Infinity]);
    }
    expect(unpack("<2f", pack("<2f", Infinity, -Infinity))).toEqual([Infinity, -Infinity]);
  });
});

describe("a float16", () => {
  it("is the nearest of all, and the even one of two", () => {
    const all = Array.from({ length: 0x7c00 }, (_, bits) => unpack("<e", pack("<H", bits))[0]);
    fc.assert(
      fc.property(
        fc.nat({ max: 0x7bfe }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (bits, share) => {
          const [below, above] = [all[bits]!, all[bits + 1]!];
          for (const value of [below + share * (above - below), (below + above) / 2]) {
            const [down, up] = [value - below, above - value];
            const nearest = down < up || (down === up && bits % 2 === 0) ? bits : bits + 1;
            expect(unpack("<H", pack("<e", value))).toEqual([nearest]);
            expect(unpack("<H", pack("<e", -value))).toEqual([nearest + 0x8000]);
          }
        },
      ),
    );
  });

  it("overflows from 65520 on, in size", () => {
    expect(unpack("<2e", pack("<2e", 65519.99999999999, -65519.99999999999))).toEqual([
      65504, -65504,
    ]);
    for (const order of ["", "<"]) {
      expect(() => pack(`${order}e`, 65520)).toThrow("65504");
      expect(() => pack(`${order}e`, -1e300)).toThrow("65504");
    }
    expect(pack(">2e", Infinity, -Infinity).toString("hex")).toBe("7c00fc00");
  });
});
