/**
 * Frames behind their length (H42): every input whole, byte by byte and at random cuts, against a
 * writer of its own; and each promise by name.
 */
import { describe, expect, it } from "vitest";

import { fixed, FrameInput, lengthPrefixed, nextFrame } from "iomux";
import type { LengthPrefixedOptions } from "iomux";

import { CountingInput, everyCut, feed, Feeder, texts } from "../support/feeder.ts";
import { cuttings, forSeeds } from "../support/seeds.ts";

/** `length` as `options` say, written with the means of Node and of BigInt alone. */
function written(
  length: bigint,
  { prefix = 4, endian, countsPrefix }: LengthPrefixedOptions,
): Buffer {
  if (prefix === "varint") {
    const digits = length.toString(2).padStart(Math.ceil(length.toString(2).length / 7) * 7, "0");
    const groups = digits.match(/.{7}/g)!.reverse();
    return Buffer.from(
      groups.map((group, i) => parseInt(group, 2) + (i < groups.length - 1 ? 128 : 0)),
    );
  }
  const bytes = Buffer.alloc(8);
  const counted = length + (countsPrefix === true ? BigInt(prefix) : 0n);
  if (endian === "little") bytes.writeBigUInt64LE(counted);
  else bytes.writeBigUInt64BE(counted);
  return endian === "little" ? bytes.subarray(0, prefix) : bytes.subarray(8 - prefix);
}

function framed(text: string, options: LengthPrefixedOptions): Buffer {
  return Buffer.concat([written(BigInt(text.length), options), Buffer.from(text, "latin1")]);
}

const FORMS: LengthPrefixedOptions[] = [{}, { prefix: "varint" }];
for (const prefix of [1, 2, 4, 8] as const) {
  for (const endian of ["big", "little"] as const) {
    for (const countsPrefix of [false, true]) FORMS.push({ prefix, endian, countsPrefix });
  }
}

/** What is told of bytes in hex, without and with the end of the stream. */
function told(options: LengthPrefixedOptions, ...chunks: string[]): string[][] {
  const feeder = feed(
    lengthPrefixed(options),
    chunks.map((hex) => Buffer.from(hex.replaceAll(" ", ""), "hex")),
  );
  return [feeder.told, feeder.end().told];
}

describe.each(FORMS)("H42: %j: the same frames come of every cut", (options) => {
  it("of a short stream, cut in every way", () => {
    const frames = ["", "a", "bc"];
    const stream = Buffer.concat(frames.map((text) => framed(text, options))).subarray(0, 13);
    const whole = feed(lengthPrefixed(options), [stream]).end().told;
    for (const chunks of everyCut(stream.toString("latin1"))) {
      const found = feed(lengthPrefixed(options), chunks).end().told;
      if (found.join() !== whole.join()) expect(chunks.map(String)).toEqual(found);
    }
  });

  it("of longer streams: whole, byte by byte, and at random cuts", () => {
    forSeeds(20, (random) => {
      const lengths = Array.from({ length: random.number(12) }, () =>
        random.pick([0, 1, 2, 127, 128, 200, random.number(240)]),
      );
      const frames = lengths.map((length) => "0123456789".repeat(25).slice(0, length));
      const stream = Buffer.concat(frames.map((text) => framed(text, options)));
      const cut = random.number(4) === 0 ? random.number(stream.length) : stream.length;
      const framer = lengthPrefixed(options);
      const expected: string[] = [];
      let at = 0;
      for (const text of frames) {
        at += framed(text, options).length;
        if (at <= cut) expected.push(JSON.stringify(text));
      }
      const whole = frames.slice(0, expected.length).map((text) => framed(text, options));
      if (Buffer.concat(whole).length < cut) expected.push("IOMUX_BAD_FRAME");
      for (const chunks of cuttings(stream.subarray(0, cut), random)) {
        // One framer for all of them: it keeps no state.
        expect(feed(framer, chunks).end().told).toEqual(expected);
      }
    });
  });

  it("encode writes what comes back", () => {
    const framer = lengthPrefixed(options);
    for (const length of [0, 1, 127, 128, 240, ...(options.prefix === 1 ? [] : [16_384, 65_000])]) {
      const frame = Buffer.alloc(length, "xyz");
      const bytes = framer.encode(frame);
      expect(bytes.equals(framed(frame.toString(), options))).toBe(true);
      expect(feed(framer, [bytes]).end().told).toEqual([JSON.stringify(frame.toString())]);
    }
  });
});

describe("varints", () => {
  const options = { prefix: "varint" } as const;

  it.each([
    [0, "00"],
    [1, "01"],
    [127, "7f"],
    [128, "8001"],
    [150, "9601"],
    [300, "ac02"],
    [16_383, "ff7f"],
    [16_384, "808001"],
  ])("%s is %s, as in Protocol Buffers", (length, hex) => {
    const bytes = lengthPrefixed(options).encode(Buffer.alloc(length));
    expect(bytes.subarray(0, bytes.length - length).toString("hex")).toBe(hex);
  });

  it.each([
    ["longer than they must be", ["8200 6162"], ['"ab"']],
    ["up to 10 bytes", ["82808080808080808000 6162"], ['"ab"']],
    ["not up to 11", ["8280808080808080808000 6162"], ["IOMUX_BAD_FRAME"]],
    ["not up to 11, told at the tenth", ["82808080808080808080"], ["IOMUX_BAD_FRAME"]],
    ["of 64 bits", ["ffffffffffffffffff01"], ["IOMUX_FRAME_TOO_LONG"]],
    ["of 70 bits", ["ffffffffffffffffff7f"], ["IOMUX_FRAME_TOO_LONG"]],
    ["cut short", ["82", "80"], []],
  ])("%s", (_name, chunks, expected) => {
    expect(told(options, ...chunks)[0]).toEqual(expected);
  });
});

describe("maxBytes", () => {
  it.each(FORMS)("%j: exactly so many pass, one more is told once its length is there", (form) => {
    const options = { ...form, maxBytes: 200 };
    expect(feed(lengthPrefixed(options), [framed("x".repeat(200), options)]).told).toHaveLength(1);
    const { told, messages, input } = feed(lengthPrefixed(options), [written(201n, options)]);
    expect(told).toEqual(["IOMUX_FRAME_TOO_LONG"]);
    expect(messages).toEqual([
      "the frame at byte 0 announces 201 bytes, over 200: " +
        "send shorter ones, or raise maxBytes of lengthPrefixed()",
    ]);
    expect(input.length).toBe(written(201n, options).length);
  });

  it("is 65536 unless given, or what the prefix can say", () => {
    expect(lengthPrefixed().maxBytes).toBe(65_536);
    expect(lengthPrefixed({ prefix: 1 }).maxBytes).toBe(255);
    expect(lengthPrefixed({ prefix: 1, countsPrefix: true }).maxBytes).toBe(254);
    expect(lengthPrefixed({ prefix: 2 }).maxBytes).toBe(65_535);
    expect(lengthPrefixed({ prefix: "varint", maxBytes: 5 }).maxBytes).toBe(5);
  });

  it.each(["big", "little"] as const)("%s: no length is rounded down to it", (endian) => {
    const options = { prefix: 8, endian, maxBytes: Number.MAX_SAFE_INTEGER } as const;
    const codes = (length: bigint): string[] =>
      feed(lengthPrefixed(options), [written(length, options)]).told;
    expect(codes(2n ** 53n - 1n)).toEqual([]);
    const powers = [53n, 54n, 60n, 63n].map((power) => 2n ** power);
    for (const length of powers.flatMap((power) => [power, power + 1n, power + 1024n])) {
      expect(codes(length)).toEqual(["IOMUX_FRAME_TOO_LONG"]);
    }
    expect(codes(2n ** 64n - 1n)).toEqual(["IOMUX_FRAME_TOO_LONG"]);
    const small = { ...options, maxBytes: 8 };
    expect(feed(lengthPrefixed(small), [written(2n ** 63n, options)]).messages[0]).toContain(
      "announces 2^53 or more bytes, over 8:",
    );
  });

  it("of a varint, too, no length is rounded down to it", () => {
    const options = { prefix: "varint", maxBytes: Number.MAX_SAFE_INTEGER } as const;
    for (const length of [2n ** 53n, 2n ** 53n + 1n, 2n ** 63n + 1n, 2n ** 64n - 1n]) {
      const { told } = feed(lengthPrefixed(options), [written(length, options)]);
      expect(told).toEqual(["IOMUX_FRAME_TOO_LONG"]);
    }
    expect(feed(lengthPrefixed(options), [written(2n ** 53n - 1n, options)]).told).toEqual([]);
  });

  it("what is announced costs no memory before it has come", () => {
    const options = { maxBytes: 2 ** 31 };
    const { input, told } = feed(lengthPrefixed(options), [
      Buffer.from(written(2n ** 31n, options)),
      Buffer.from("x"),
    ]);
    expect([told, input.length]).toEqual([[], 5]);
    expect(input.bytes.buffer.byteLength).toBeLessThanOrEqual(Buffer.poolSize);
  });

  it("bytes of another protocol are over it", () => {
    expect(feed(lengthPrefixed(), texts("GET / HTTP/1.1\r\n\r\n")).messages[0]).toContain(
      "the frame at byte 0 announces 1195725856 bytes, over 65536",
    );
  });
});

it("a length that does not count its own bytes, and should, is IOMUX_BAD_FRAME", () => {
  const options = { prefix: 2, countsPrefix: true } as const;
  expect(told(options, "0003 61 0002")[0]).toEqual(['"a"', '""']);
  const feeder = feed(lengthPrefixed(options), [Buffer.from([0, 2, 0, 1])]);
  expect(feeder.told).toEqual(['""', "IOMUX_BAD_FRAME"]);
  expect(feeder.messages).toEqual(["the length at byte 2 is 1: count its own 2 bytes too"]);
});

describe("the end of the stream", () => {
  it.each([
    ["after a frame: nothing more", ["0001 61"], ['"a"'], []],
    ["in a length: it was truncated", ["00"], [], ["IOMUX_BAD_FRAME"]],
    ["after a length", ["0001"], [], ["IOMUX_BAD_FRAME"]],
    ["in a frame", ["0002 61"], [], ["IOMUX_BAD_FRAME"]],
    ["of nothing: nothing", [], [], []],
  ])("%s", (_name, chunks, before, after) => {
    expect(told({ prefix: 2 }, ...chunks)).toEqual([before, [...before, ...after]]);
  });
});

describe("encode", () => {
  const framer = lengthPrefixed({ prefix: 1 });

  it("answers bytes of its own", () => {
    const frame = Buffer.from("abc");
    const bytes = framer.encode(frame);
    frame.fill("x");
    expect(bytes).toEqual(Buffer.from("\x03abc"));
  });

  it("takes any Uint8Array, and as many bytes as the other side may send", () => {
    expect(framer.encode(Uint8Array.of(7))).toEqual(Buffer.of(1, 7));
    expect(framer.encode(Buffer.alloc(255))).toHaveLength(256);
    expect(() => framer.encode(Buffer.alloc(256))).toThrow(
      "encode was given 256 bytes: a frame has at most 255",
    );
  });

  it.each<unknown>(["text", undefined, [1, 2]])("throws for %j", (frame) => {
    expect(() => framer.encode(frame as Uint8Array)).toThrow("encode takes a Uint8Array, not");
  });
});

it("a frame of 1 MiB that comes byte by byte costs four looks for each byte", () => {
  const size = 1024 * 1024;
  const input = new CountingInput();
  const feeder = new Feeder(lengthPrefixed({ maxBytes: size }), Infinity, input);
  for (const byte of lengthPrefixed({ maxBytes: size }).encode(Buffer.alloc(size))) {
    feeder.push(Buffer.of(byte));
  }
  expect(feeder.told).toHaveLength(1);
  expect(input.looked).toBeLessThanOrEqual(4 * (size + 4));
});

describe("fixed()", () => {
  it("H42: the same frames come of every cut", () => {
    for (const size of [1, 2, 3, 8]) {
      for (const length of [0, 1, 6, 8, 9]) {
        const stream = "abcdefghi".slice(0, length);
        const frames = stream.match(new RegExp(`.{${size}}`, "g")) ?? [];
        const expected = frames.map((frame) => JSON.stringify(frame));
        if (length % size > 0) expected.push("IOMUX_BAD_FRAME");
        for (const chunks of everyCut(stream)) {
          expect(feed(fixed(size), chunks, size - 1).end().told).toEqual(expected);
        }
      }
    }
  });

  it("says where the stream ended inside a frame", () => {
    expect(feed(fixed(4), texts("abcdef")).end().messages).toEqual([
      "the stream ended 2 bytes into the frame at byte 4: send it whole",
    ]);
  });

  it("its frames are views of a chunk", () => {
    const chunk = Buffer.from("abcdef");
    const input = new FrameInput();
    input.push(chunk);
    expect((nextFrame(fixed(3), input, false) as Buffer).buffer).toBe(chunk.buffer);
  });

  it.each<[unknown, string]>([
    [0, "the size of fixed() is 0: give a whole number of at least 1"],
    [1.5, "the size of fixed() is 1.5"],
    [Infinity, "the size of fixed() is Infinity"],
    [undefined, "the size of fixed() must be a number, not undefined"],
  ])("fixed(%j) throws: %s", (size, message) => {
    expect(() => fixed(size as number)).toThrow(message);
  });
});

it.each([
  [{ prefix: 3 }, "option prefix is 3: give one of 1, 2, 4, 8, varint"],
  [{ prefix: "Varint" }, 'option prefix is "Varint": give one of 1, 2, 4, 8, varint'],
  [{ prefix: null }, "option prefix must be a number or a string, not null"],
  [{ endian: "middle" }, 'option endian is "middle": give one of big, little'],
  [{ endian: 1 }, "option endian must be a string, not number"],
  [{ countsPrefix: 1 }, "option countsPrefix must be a boolean, not number"],
  [{ maxBytes: 0 }, "option maxBytes is 0: give a whole number of at least 1"],
  [{ maxBytes: 2 ** 53 }, "option maxBytes is 9007199254740992"],
  [{ prefix: "varint", endian: "big" }, "option endian is for lengths of 1, 2, 4 or 8 bytes"],
  [{ prefix: "varint", countsPrefix: true }, "option countsPrefix is for lengths of 1, 2, 4 or 8"],
  [{ size: 4 }, "there is no option size: give one of prefix, endian, countsPrefix, maxBytes"],
  [null, "options must be an object, not null"],
])("lengthPrefixed(%j) throws: %s", (options, message) => {
  expect(() => lengthPrefixed(options as LengthPrefixedOptions)).toThrow(message);
});
