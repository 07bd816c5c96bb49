import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  calcsize,
  IomuxError,
  iterUnpack,
  pack,
  packInto,
  struct,
  StructError,
  unpack,
  unpackFrom,
} from "iomux";

import { Kept } from "../../src/bytes/struct-kept.ts";

/** A format that the type checker does not look into. */
function untyped(format: string): string {
  return format;
}

function failure(call: () => unknown): StructError {
  try {
    call();
  } catch (error) {
    expect(error).toBeInstanceOf(StructError);
    return error as StructError;
  }
  throw new Error("it did not throw");
}

describe("a compiled struct", () => {
  const record = struct("<i5sf");

  it("has its format and its size, and packs and unpacks", () => {
    expect(record.format).toBe("<i5sf");
    expect(record.size).toBe(13);
    const bytes = record.pack(-2, Buffer.from("hello"), 0.5);
    expect(bytes.toString("hex")).toBe("feffffff68656c6c6f0000003f");
    expect(record.unpack(bytes)).toEqual([-2, Buffer.from("hello"), 0.5]);
  });

  it("works on any Uint8Array, and on a part of a larger buffer", () => {
    const whole = new Uint8Array(40).fill(0xaa);
    const part = whole.subarray(3, 30);
    record.packInto(part, 7, 1, Uint8Array.of(104, 105), 2);
    expect(Buffer.from(whole.subarray(10, 23)).toString("hex")).toBe(
      "0100000068690000000000004" + "0",
    );
    expect([...whole.subarray(0, 10), ...whole.subarray(23)]).toEqual(Array(27).fill(0xaa));
    const [first, text, last] = record.unpackFrom(part, 7);
    expect([first, text.toString("latin1"), last]).toEqual([1, "hi\0\0\0", 2]);
    expect(Buffer.isBuffer(text)).toBe(true);
  });

  it("unpacks copies: they stay when the bytes change", () => {
    const bytes = Buffer.from([3, 1, 2, 3, 4, 5]);
    const [one, pascal, some] = unpack(
      "cp4s",
      Buffer.concat([Buffer.of(9), bytes.subarray(0, 1), bytes.subarray(1, 5)]),
    );
    expect([one, pascal, some]).toEqual([Buffer.of(9), Buffer.alloc(0), Buffer.of(1, 2, 3, 4)]);
    const [text] = unpack("6s", bytes);
    bytes.fill(0);
    expect(text).toEqual(Buffer.of(3, 1, 2, 3, 4, 5));
    const large = Buffer.alloc(1000, 7);
    const [copy] = unpack("1000s", large);
    large.fill(0);
    expect(copy).toEqual(Buffer.alloc(1000, 7));
  });

  it("packs what another copy of the bytes may change afterwards", () => {
    const text = Buffer.from("abc");
    const packed = pack("3s", text);
    text.fill(0);
    expect(packed.toString()).toBe("abc");
  });

  it("iterates lazily, one record at a time", () => {
    const bytes = Buffer.from([1, 0, 2, 0, 3, 0]);
    const records = struct("<H").iterUnpack(bytes);
    expect(records.next().value).toEqual([1]);
    bytes[2] = 9;
    expect([...records]).toEqual([[9], [3]]);
    expect([...iterUnpack("<H", Buffer.alloc(0))]).toEqual([]);
  });

  it("answers arrays of the right length, whatever is in them", () => {
    expect(struct("").unpack(Buffer.alloc(0))).toEqual([]);
    expect(struct("0i").pack()).toEqual(Buffer.alloc(0));
    expect(Object.keys(unpack("<3d", Buffer.alloc(24)))).toEqual(["0", "1", "2"]);
  });

  it("zeroes the bytes between the values, also in bytes that were there", () => {
    const bytes = Buffer.alloc(16, 0xff);
    packInto("@bh2xi", bytes, 0, 1, 2, 3);
    expect(bytes.toString("hex")).toBe("0100020000000000" + "03000000" + "ffffffff");
    expect(pack("@bxi", 1, 2).toString("hex")).toBe("0100000002000000");
  });

  it("packs the truth of anything", () => {
    const truths = [
      true,
      1,
      -1,
      "no",
      [],
      {},
      1n,
      Symbol.iterator,
      NaN,
      0,
      "",
      null,
      undefined,
      0n,
    ];
    expect([...pack(`${truths.length}?`, ...truths)]).toEqual([
      1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0,
    ]);
  });

  it("does not add bytes at the end for an alignment, but 0i does", () => {
    expect([calcsize("@ib"), calcsize("@ib0i"), calcsize("=ib0i")]).toEqual([5, 8, 5]);
  });
});

describe("a struct of many values", () => {
  it("costs no more to compile than its format is long", () => {
    expect(struct("2147483648B").size).toBe(2 ** 31);
    expect(struct("0s".repeat(100_000)).unpack(Buffer.alloc(0))).toHaveLength(100_000);
  });

  it("is at most 2 GiB", () => {
    for (const format of [
      "2147483649x",
      "2147483648xx",
      "i2147483645x",
      "268435457d",
      `${"9".repeat(400)}s`,
    ]) {
      expect(failure(() => struct(format)).code, format).toBe("IOMUX_STRUCT_FORMAT");
    }
    expect(calcsize("2147483648x")).toBe(2 ** 31);
  });
});

describe("the formats that are kept compiled", () => {
  it("are made once, and the oldest goes when there are too many", () => {
    const made: string[] = [];
    const kept = new Kept(2, (key) => {
      made.push(key);
      return key.toUpperCase();
    });
    expect(["a", "b", "a", "b", "c", "b", "a"].map((key) => kept.get(key)).join("")).toBe(
      "ABABCBA",
    );
    expect(made).toEqual(["a", "b", "c", "a"]);
    expect(kept.size).toBe(2);
  });

  it("are 100, and those before them work too", () => {
    for (let round = 0; round < 2; round++) {
      for (let count = 1; count <= 150; count++) {
        expect(calcsize(`${count}h`)).toBe(2 * count);
        expect(unpack(`<${count}x?`, Buffer.alloc(count + 1, 1))).toEqual([true]);
      }
    }
  });

  it("are none of those that are wrong", () => {
    for (let round = 0; round < 3; round++) failure(() => calcsize(untyped("3y")));
  });
});

describe("StructError", () => {
  it("is an IomuxError with format, position and the index of the value", () => {
    const error = failure(() => pack("<i 3s2f", 1, Buffer.alloc(3), 0.5, 1e39));
    expect(error).toBeInstanceOf(IomuxError);
    expect(error).toMatchObject({
      name: "StructError",
      code: "IOMUX_STRUCT_VALUE",
      format: "<i 3s2f",
      position: 6,
      valueIndex: 3,
      fd: undefined,
    });
  });

  it.each([
    ["<iy", 2, '"y" at 2: give one of'],
    ["i<", 1, "an order may only be the first character"],
    ["<i2 h", 3, "white space before a count"],
    ["=2n", 2, "need the order @"],
    ["i12", 1, "ends with a count at 1: put a code behind it"],
    ["2i\0", 2, String.raw`"\u0000" at 2`],
    ["x99999999999999999999999q", 24, "over 2147483648 bytes at 24"],
  ])("format %j is wrong at %i: %s", (format, position, text) => {
    const error = failure(() => struct(format));
    expect(error).toMatchObject({ code: "IOMUX_STRUCT_FORMAT", format, position });
    expect(error.message).toContain(text);
  });

  it.each([
    ["b", 128, "the number 128: b at 0 takes a whole number, -128 to 127"],
    ["<H", -1, "0 to 65535"],
    ["<I", 1.5, "the number 1.5"],
    ["<i", NaN, "the number NaN"],
    ["<i", Infinity, "the number Infinity"],
    ["<i", 1n, "the bigint 1n"],
    ["<i", "1", "a string"],
    ["<i", true, "a boolean"],
    ["<q", 1, "the number 1: q at 1 takes a bigint"],
    ["q", 2n ** 63n, "the bigint 9223372036854775808n"],
    ["<Q", -1n, "0n to 18446744073709551615n"],
    ["Q", 2n ** 100_000n, "a huge bigint"],
    ["P", 2n ** 64n, "-9223372036854775808n to 18446744073709551615n"],
    ["<f", 1e39, "3.4028234663852886e38"],
    ["e", 65520, "65504"],
    ["d", 1n, "a number"],
    ["d", null, "is null"],
    ["s", "a", "a Uint8Array"],
    ["p", undefined, "is undefined"],
    ["s", [1], "an object"],
    ["c", new Uint8Array(2), "a Uint8Array of 2 bytes: c at 0 takes a Uint8Array of one byte"],
  ])("%s does not pack what is wrong (case %#)", (format, value, text) => {
    const error = failure(() => pack(format, value));
    expect(error).toMatchObject({ code: "IOMUX_STRUCT_VALUE", format, valueIndex: 0 });
    expect(error.message).toContain(text);
  });

  it("counts the values, and the bytes", () => {
    const few = failure(() => pack(untyped("<2i"), 1));
    expect(few).toMatchObject({
      code: "IOMUX_STRUCT_VALUE",
      position: undefined,
      valueIndex: undefined,
    });
    expect(few.message).toBe('struct "<2i" packs 2 values, not 1: give one for each code');
    for (const call of [
      () => unpack("<i", Buffer.alloc(5)),
      () => unpack("<i", Buffer.alloc(3)),
      () => unpackFrom("<i", Buffer.alloc(5), 2),
      () => unpackFrom("<i", Buffer.alloc(5), -6),
      () => packInto("<i", Buffer.alloc(5), -3, 1),
      () => packInto("<i", Buffer.alloc(5), 2 ** 53, 1),
      () => iterUnpack("<i", Buffer.alloc(5)),
      () => iterUnpack("", Buffer.alloc(0)),
    ]) {
      expect(failure(call)).toMatchObject({ code: "IOMUX_STRUCT_BUFFER", position: undefined });
    }
  });

  it("shows a format on one line, and only the beginning of a long one", () => {
    expect(failure(() => struct(untyped("i\n\x1b[2J"))).message).toContain(
      String.raw`"i\n\u001b[2J"`,
    );
    const long = failure(() => struct(untyped(`${"i".repeat(100_000)}!`)));
    expect(long.message.length).toBeLessThan(200);
    expect(long.position).toBe(100_000);
  });

  it("is not what a wrong kind of argument throws", () => {
    const type = { name: "IomuxTypeError", code: "IOMUX_BAD_ARGUMENT" };
    for (const format of [5, null, undefined, Buffer.from("<i")]) {
      expect(() => struct(format as never)).toThrow(expect.objectContaining(type));
      expect(() => calcsize(format as never)).toThrow(expect.objectContaining(type));
    }
    for (const bytes of [
      "abcd",
      null,
      undefined,
      [1, 2, 3, 4],
      new ArrayBuffer(4),
      new DataView(new ArrayBuffer(4)),
    ]) {
      expect(() => unpack("<i", bytes as never)).toThrow(expect.objectContaining(type));
      expect(() => unpackFrom("<i", bytes as never)).toThrow(expect.objectContaining(type));
      expect(() => iterUnpack("<i", bytes as never)).toThrow(expect.objectContaining(type));
      expect(() => packInto("<i", bytes as never, 0, 1)).toThrow(expect.objectContaining(type));
    }
    expect(() => packInto("<i", Buffer.alloc(4), "0" as never, 1)).toThrow(
      expect.objectContaining(type),
    );
    const range = { name: "IomuxRangeError", code: "IOMUX_BAD_RANGE" };
    for (const offset of [0.5, NaN, Infinity]) {
      expect(() => unpackFrom("<i", Buffer.alloc(8), offset)).toThrow(
        expect.objectContaining(range),
      );
    }
  });
});

describe("a failed packInto", () => {
  it("has written nothing, whichever value is wrong", () => {
    const values = [1, 2n, Buffer.from("ab"), 0.5] as const;
    for (let wrong = 0; wrong < values.length; wrong++) {
      const bytes = Buffer.alloc(20, 0xaa);
      const given: unknown[] = values.map((value, index) =>
        index === wrong ? Symbol("wrong") : value,
      );
      const error = failure(() => packInto(untyped("<bq2sd"), bytes, 1, ...given));
      expect(error.valueIndex).toBe(wrong);
      expect(bytes).toEqual(Buffer.alloc(20, 0xaa));
    }
  });
});

const VALUES: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  c: fc.uint8Array({ minLength: 1, maxLength: 1 }).map((bytes) => Buffer.from(bytes)),
  b: fc.integer({ min: -128, max: 127 }),
  B: fc.integer({ min: 0, max: 255 }),
  "?": fc.boolean(),
  h: fc.integer({ min: -32_768, max: 32_767 }),
  H: fc.integer({ min: 0, max: 65_535 }),
  i: fc.integer(),
  I: fc.integer({ min: 0, max: 4_294_967_295 }),
  q: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  Q: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  f: fc.float(),
  d: fc.double(),
};

const item = fc.constantFrom(...Object.keys(VALUES)).chain((code) =>
  fc.nat({ max: 4 }).chain((count) =>
    fc.record({
      text: fc.constantFrom(`${count}${code}`, ` ${count}${code}\n`),
      values: fc.tuple(...Array.from({ length: count }, () => VALUES[code]!)),
    }),
  ),
);
const text = fc.nat({ max: 80 }).chain((size) =>
  fc.record({
    text: fc.constantFrom(`${size}s`, `${size + 1}p`),
    values: fc
      .uint8Array({ minLength: size, maxLength: size })
      .map((bytes): unknown[] => [Buffer.from(bytes)]),
  }),
);
const pad = fc.record({
  text: fc.constantFrom("x", "3x", "0q"),
  values: fc.constant<unknown[]>([]),
});
const order = fc.constantFrom("", "@", "=", "<", ">", "!");
const someRecord = fc
  .tuple(order, fc.array(fc.oneof({ weight: 5, arbitrary: item }, text, pad), { maxLength: 8 }))
  .map(([first, items]) => ({
    format: first + items.map((one) => one.text).join(""),
    values: items.flatMap((one): unknown[] => one.values),
  }));

describe("any record", () => {
  it("is unpacked as it was packed", () => {
    fc.assert(
      fc.property(someRecord, fc.nat({ max: 9 }), ({ format, values }, before) => {
        const packed = pack(format, ...values);
        expect(packed.length).toBe(calcsize(format));
        expect(unpack(format, packed)).toStrictEqual(values);

        const bytes = Buffer.alloc(before + packed.length + 5, 0xaa);
        packInto(format, bytes, before, ...values);
        const edges = (size: number) => Buffer.alloc(size, 0xaa);
        expect(bytes).toEqual(Buffer.concat([edges(before), packed, edges(5)]));
        expect(unpackFrom(format, bytes, before)).toStrictEqual(values);
        expect(unpackFrom(format, bytes, before - bytes.length)).toStrictEqual(values);

        if (packed.length > 0) {
          const three = Buffer.concat([packed, packed, packed]);
          expect([...iterUnpack(format, three)]).toStrictEqual([values, values, values]);
        }
      }),
    );
  });

  it("of any bytes is packed again to the same bytes, NaNs with their payloads among them", () => {
    const codes = fc.constantFrom(
      "c",
      "b",
      "B",
      "h",
      "H",
      "i",
      "I",
      "l",
      "L",
      "q",
      "Q",
      "e",
      "f",
      "d",
      "3s",
    );
    fc.assert(
      fc.property(
        order,
        fc.array(codes, { maxLength: 6 }),
        fc.infiniteStream(fc.nat(255)),
        (first, some, stream) => {
          // x at the end of none: bytes of an alignment would not come back.
          const format = `${first === "" || first === "@" ? "<" : first}${some.join("")}`;
          const bytes = Buffer.from([...stream.take(calcsize(format))]);
          expect(pack(format, ...unpack(format, bytes))).toEqual(bytes);
        },
      ),
    );
  });

  it("never answers for bytes that are not there, whatever the format and the offset", () => {
    fc.assert(
      fc.property(
        someRecord,
        fc.uint8Array({ maxLength: 40 }),
        fc.integer({ min: -50, max: 50 }),
        ({ format, values }, bytes, offset) => {
          const start = offset < 0 ? bytes.length + offset : offset;
          const fits = start >= 0 && start + calcsize(format) <= bytes.length;
          const copy = bytes.slice();
          if (fits) {
            expect(unpackFrom(format, bytes, offset)).toHaveLength(values.length);
            packInto(format, copy, offset, ...values);
          } else {
            failure(() => unpackFrom(format, bytes, offset));
            failure(() => packInto(format, copy, offset, ...values));
            expect(copy).toEqual(bytes);
          }
        },
      ),
    );
  });
});
