/** The types of a struct's values are read from the literal of its format. */
import { describe, expectTypeOf, it } from "vitest";

import {
  calcsize,
  iterUnpack,
  pack,
  packInto,
  struct,
  unpack,
  unpackFrom,
  type Packed,
  type Struct,
  type StructValue,
  type Unpacked,
} from "iomux";

declare const bytes: Uint8Array;
declare const text: string;
declare const count: number;

describe("what is unpacked", () => {
  it("is the tuple of the format", () => {
    expectTypeOf(struct("<i5sf").unpack(bytes)).toEqualTypeOf<[number, Buffer, number]>();
    expectTypeOf(struct("<i5sf").unpackFrom(bytes, 4)).toEqualTypeOf<[number, Buffer, number]>();
    expectTypeOf(struct("<i5sf").iterUnpack(bytes)).toEqualTypeOf<
      IterableIterator<[number, Buffer, number]>
    >();
    expectTypeOf(unpack("<i5sf", bytes)).toEqualTypeOf<[number, Buffer, number]>();
    expectTypeOf(unpackFrom("<i5sf", bytes)).toEqualTypeOf<[number, Buffer, number]>();
    expectTypeOf(unpackFrom("<i5sf", bytes, 4)).toEqualTypeOf<[number, Buffer, number]>();
    expectTypeOf(iterUnpack("<?", bytes)).toEqualTypeOf<IterableIterator<[boolean]>>();
  });

  it("has the type of each code", () => {
    expectTypeOf<Unpacked<"<bBhHiIlL">>().toEqualTypeOf<
      [number, number, number, number, number, number, number, number]
    >();
    expectTypeOf<Unpacked<">qQ">>().toEqualTypeOf<[bigint, bigint]>();
    expectTypeOf<Unpacked<"!efd">>().toEqualTypeOf<[number, number, number]>();
    expectTypeOf<Unpacked<"=c?sp">>().toEqualTypeOf<[Buffer, boolean, Buffer, Buffer]>();
    expectTypeOf<Unpacked<"@nNP">>().toEqualTypeOf<[bigint, bigint, bigint]>();
  });

  it("follows the order: l and L have 64 bits under @ only, which is the default", () => {
    expectTypeOf<Unpacked<"lL">>().toEqualTypeOf<[bigint, bigint]>();
    expectTypeOf<Unpacked<"@lL">>().toEqualTypeOf<[bigint, bigint]>();
    expectTypeOf<Unpacked<"=lL">>().toEqualTypeOf<[number, number]>();
    expectTypeOf<Unpacked<"<lL">>().toEqualTypeOf<[number, number]>();
    expectTypeOf<Unpacked<">lL">>().toEqualTypeOf<[number, number]>();
    expectTypeOf<Unpacked<"!lL">>().toEqualTypeOf<[number, number]>();
  });

  it("has a value for each of a count, one for s and p, none for x", () => {
    expectTypeOf<Unpacked<"<3B">>().toEqualTypeOf<[number, number, number]>();
    expectTypeOf<Unpacked<"<10s2p4xq">>().toEqualTypeOf<[Buffer, Buffer, bigint]>();
    expectTypeOf<Unpacked<"0i0s">>().toEqualTypeOf<[Buffer]>();
    expectTypeOf<Unpacked<"<000i007s002H">>().toEqualTypeOf<[Buffer, number, number]>();
    expectTypeOf<Unpacked<"<12c">["length"]>().toEqualTypeOf<12>();
    expectTypeOf<Unpacked<"<99q">["length"]>().toEqualTypeOf<99>();
    expectTypeOf<Unpacked<"">>().toEqualTypeOf<[]>();
    expectTypeOf<Unpacked<"<4x">>().toEqualTypeOf<[]>();
  });

  it("takes white space for nothing", () => {
    expectTypeOf<Unpacked<"< i\t2H \n\v\f\r5s ">>().toEqualTypeOf<
      [number, number, number, Buffer]
    >();
  });

  it("has an array in the place of a count from 100", () => {
    expectTypeOf<Unpacked<"<H100q">>().toEqualTypeOf<[number, ...bigint[]]>();
    expectTypeOf<Unpacked<"<H4294967296B?">>().toEqualTypeOf<[number, ...number[], boolean]>();
    expectTypeOf<Unpacked<"<H0100s">>().toEqualTypeOf<[number, Buffer]>();
    expectTypeOf<Unpacked<"<100H100q">>().toEqualTypeOf<(number | bigint)[]>();
  });

  it("is an array for a format of many codes, or one that is not known", () => {
    type Long = "<99B99B99B99B99B99B99B99B99B99B99B99B99B99B99B99B99B99B99B99B99B99B99B99B";
    expectTypeOf<Unpacked<Long>["length"]>().toEqualTypeOf<2376>();
    type Tens = "iiiiiiiiii";
    type Hundred = `${Tens}${Tens}${Tens}${Tens}${Tens}${Tens}${Tens}${Tens}${Tens}${Tens}`;
    expectTypeOf<Unpacked<`<${Hundred}${Hundred}`>["length"]>().toEqualTypeOf<200>();
    type Most = `${Hundred}${Hundred}${Tens}${Tens}${Tens}${Tens}${Tens}`;
    expectTypeOf<Unpacked<Most>["length"]>().toEqualTypeOf<250>();
    expectTypeOf<Unpacked<`${Most}i`>>().toEqualTypeOf<StructValue[]>();
    expectTypeOf<Unpacked<`${Most}${Most}${Most}${Most}${Most}`>>().toEqualTypeOf<StructValue[]>();
    expectTypeOf<Packed<`${Most}i`>>().toEqualTypeOf<unknown[]>();
    expectTypeOf(unpack(text, bytes)).toEqualTypeOf<StructValue[]>();
    expectTypeOf(struct(`<${count}sH`).unpack(bytes)).toEqualTypeOf<StructValue[]>();
    expectTypeOf<Unpacked<`<${number}s`>>().toEqualTypeOf<StructValue[]>();
    expectTypeOf<Unpacked<`<${string}`>>().toEqualTypeOf<StructValue[]>();
  });

  it("can be taken apart and handed on", () => {
    const [id, name] = struct("<I8s").unpack(bytes);
    expectTypeOf(id).toEqualTypeOf<number>();
    expectTypeOf(name).toEqualTypeOf<Buffer>();
    pack("<I8s", ...unpack("<I8s", bytes));
    const record = struct("<I8s");
    record.pack(...record.unpack(bytes));
    for (const [first] of iterUnpack("<Q", bytes)) expectTypeOf(first).toEqualTypeOf<bigint>();
  });
});

describe("what is packed", () => {
  it("has the types of the format: any bytes for s, p and c, anything for ?", () => {
    expectTypeOf<Packed<"<i5sf">>().toEqualTypeOf<[number, Uint8Array, number]>();
    expectTypeOf<Packed<"cp?q">>().toEqualTypeOf<[Uint8Array, Uint8Array, unknown, bigint]>();
    expectTypeOf(struct("<i5sf").pack(1, new Uint8Array(5), 0.5)).toEqualTypeOf<Buffer>();
    struct("<?").pack("yes");
    pack(text, 1, 2n, bytes, "anything");
    struct(text).packInto(bytes, 0, 1, 2n);
  });

  it("has as many values as the format", () => {
    const record = struct("<i5sf");
    // @ts-expect-error one is missing
    record.pack(1, bytes);
    // @ts-expect-error one is too many
    record.pack(1, bytes, 2, 3);
    // @ts-expect-error one is missing
    record.packInto(bytes, 0, 1, bytes);
    // @ts-expect-error one is missing
    pack("<i5sf", 1, bytes);
    // @ts-expect-error one is too many
    packInto("<i", bytes, 0, 1, 2);
    // @ts-expect-error a pad byte has no value
    pack("<x", 0);
    pack("<x");
    // @ts-expect-error the ends stand whatever the count between them
    pack("<H1000BH", 1);
    pack("<H1000BH", 1, 2, 3, 4);
  });

  it("has no wrong type", () => {
    // @ts-expect-error q is a bigint
    pack("<q", 1);
    // @ts-expect-error l is a bigint under @
    pack("l", 1);
    pack("<l", 1);
    // @ts-expect-error i is a number
    pack("<i", 1n);
    // @ts-expect-error s is bytes
    pack("<5s", "hello");
    // @ts-expect-error an element of the array has the wrong type
    pack("<1000B", 1, 2n);
    // @ts-expect-error an offset is a number
    packInto("<B", bytes, "0", 1);
    // @ts-expect-error text is no bytes
    unpack("<B", "x");
  });
});

describe("a bad literal", () => {
  it("does not compile", () => {
    // @ts-expect-error there is no code y
    struct("<y");
    // @ts-expect-error n is native only
    struct("<n");
    // @ts-expect-error P is native only
    calcsize("=P");
    // @ts-expect-error a count without a code
    unpack("<i3", bytes);
    // @ts-expect-error white space behind a count
    pack("<3 i", 1, 2, 3);
    // @ts-expect-error an order that does not come first
    iterUnpack(" <i", bytes);
    // @ts-expect-error no bytes in it
    unpackFrom("<é", bytes);
    // @ts-expect-error a negative count
    packInto("<-3i", bytes, 0);
    // @ts-expect-error a number is no format
    struct(5);
  });

  it("is told why", () => {
    type Message<Format extends string> = Parameters<typeof struct<Format>>[0];
    expectTypeOf<Message<"<iy">>().toEqualTypeOf<"a struct format has no code y">();
    expectTypeOf<Message<"<N">>().toEqualTypeOf<"the code N needs the order @">();
    expectTypeOf<Message<"i12">>().toEqualTypeOf<"put a code behind the count 12">();
    expectTypeOf<
      Message<"2 i">
    >().toEqualTypeOf<"put white space before the count 2, not behind it">();
    expectTypeOf<
      Message<"i<">
    >().toEqualTypeOf<"an order may only be the first character, not <">();
  });
});

describe("Struct", () => {
  it("knows its format, and is a Struct of any", () => {
    const record = struct("<i5sf");
    expectTypeOf(record).toEqualTypeOf<Struct<"<i5sf">>();
    expectTypeOf(record.format).toEqualTypeOf<"<i5sf">();
    expectTypeOf(record.size).toEqualTypeOf<number>();
    expectTypeOf(calcsize("<i5sf")).toEqualTypeOf<number>();
    const any: Struct = record;
    expectTypeOf(any.unpack(bytes)).toEqualTypeOf<StructValue[]>();
    // @ts-expect-error it never changes
    record.format = "<i";
  });

  it("of one of several formats unpacks to one of their tuples", () => {
    const either = struct(count > 0 ? "<i" : "<q");
    expectTypeOf(either.unpack(bytes)).toEqualTypeOf<[number] | [bigint]>();
  });
});
