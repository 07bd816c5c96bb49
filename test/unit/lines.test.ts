/**
 * Lines (H42): every input whole, byte by byte and at random cuts, against a reference that has the
 * whole stream before it; and each promise by name.
 */
import { describe, expect, it } from "vitest";

import {
  FrameError,
  FrameInput,
  lines,
  nextFrame,
  RefusedFrame,
  type LinesOptions,
  type OverLong,
} from "iomux";

import {
  CountingInput,
  everyCut,
  feed as feedTo,
  Feeder,
  strings,
  texts,
} from "../support/feeder.ts";
import { cuttings, forSeeds } from "../support/seeds.ts";

const POLICIES: readonly OverLong[] = ["refuse", "cut", "close"];

/** What comes of a stream: lines in quotes, and what happened instead of one. */
function reference(stream: string, maxBytes: number, overLong: OverLong): string[] {
  const told: string[] = [];
  const pieces = stream.split("\n");
  const last = pieces.pop()!;
  const whole = pieces.map((piece) => piece.replace(/\r$/, ""));
  for (const line of last === "" ? whole : [...whole, last]) {
    if (line.length <= maxBytes) told.push(JSON.stringify(line));
    else if (overLong === "cut") told.push(JSON.stringify(line.slice(0, maxBytes)));
    else told.push(overLong === "refuse" ? "refused" : "IOMUX_FRAME_TOO_LONG");
    if (told.at(-1) === "IOMUX_FRAME_TOO_LONG") break;
  }
  return told;
}

type Limited = LinesOptions & { readonly maxBytes: number };

function feed(options: Limited, chunks: Iterable<Buffer>): Feeder {
  return feedTo(lines(options), chunks, options.maxBytes + 1);
}

/** What is told of `chunks`, without and with the end of the stream. */
function told(options: Limited, ...chunks: string[]): string[][] {
  const feeder = feed(options, texts(...chunks));
  return [feeder.told, feeder.end().told];
}

describe("H42: the same frames and refusals come of every cut", () => {
  it.each(POLICIES)("%s: of all streams of up to 6 letters, with every limit", (overLong) => {
    const streams = new Set(strings(["a", "\r", "\n"], 6));
    expect(streams.size).toBe(1093);
    for (const stream of streams) {
      for (const maxBytes of [1, 2, 3]) {
        const expected = reference(stream, maxBytes, overLong).join();
        for (const chunks of everyCut(stream)) {
          const found = feed({ maxBytes, overLong }, chunks).end().told.join();
          if (found === expected) continue;
          expect({ chunks: chunks.map(String), maxBytes, found }).toEqual(expected);
        }
      }
    }
  });

  it("of longer streams: whole, byte by byte, and at random cuts", () => {
    forSeeds(400, (random) => {
      const maxBytes = random.pick([1, 7, 64, 300]);
      const overLong = random.pick(POLICIES);
      const parts = Array.from({ length: random.number(30) }, () => {
        const length = random.pick([0, 1, maxBytes - 1, maxBytes, maxBytes + 1, maxBytes * 3]);
        const ending = random.pick(["\n", "\r\n", "\r\r\n", "\r", ""]);
        return "abcdefgh".repeat(length).slice(0, length) + ending;
      });
      const stream = parts.join("");
      const expected = reference(stream, maxBytes, overLong);
      const messages = new Set<string>();
      for (const chunks of cuttings(Buffer.from(stream), random)) {
        const feeder = feed({ maxBytes, overLong }, chunks).end();
        expect(feeder.told).toEqual(expected);
        if (!feeder.closed) expect(feeder.input.length).toBe(0);
        messages.add(feeder.messages.join());
      }
      expect(messages.size).toBe(1);
    });
  });
});

describe("an ending", () => {
  const options = { maxBytes: 4 };

  it.each([
    ["LF", ["ab\n"], ['"ab"']],
    ["CR LF", ["ab\r\n"], ['"ab"']],
    ["CR LF in two chunks", ["ab\r", "\n"], ['"ab"']],
    ["only one CR is part of it", ["a\r\r\n"], ['"a\\r"']],
    ["a lone CR is data", ["a\rb\n"], ['"a\\rb"']],
    ["empty lines", ["\n\r\n", "\r", "\n\n"], ['""', '""', '""', '""']],
    ["LF CR is an ending and data", ["a\n\rb\n"], ['"a"', '"\\rb"']],
  ])("%s", (_name, chunks, expected) => {
    expect(told(options, ...chunks)).toEqual([expected, expected]);
  });

  it("any other byte is data, also 0 and 255", () => {
    const [frames] = told({ maxBytes: 9 }, "\0\x0b\x0c\x85\xff\n");
    expect(frames).toEqual([JSON.stringify("\0\x0b\x0c\x85\xff")]);
  });
});

describe("the end of the stream", () => {
  it.each([
    ["after a line: nothing more", ["ab\n"], ['"ab"'], []],
    ["in a line: it is a line", ["ab\ncd"], ['"ab"'], ['"cd"']],
    ["after CR: the CR is data", ["ab\r"], [], ['"ab\\r"']],
    ["after CR, which makes it too long", ["abcd\r"], [], ["refused"]],
    ["in an over-long line: nothing more", ["abcde", "fgh"], ["refused"], []],
    ["of nothing: nothing", [], [], []],
  ])("%s", (_name, chunks, before, after) => {
    expect(told({ maxBytes: 4 }, ...chunks)).toEqual([before, [...before, ...after]]);
  });
});

describe("maxBytes", () => {
  it.each(["\n", "\r\n"])("exactly so many pass, with ending %j", (ending) => {
    for (const overLong of POLICIES) {
      expect(told({ maxBytes: 4, overLong }, `abcd${ending}`)[0]).toEqual(['"abcd"']);
      expect(told({ maxBytes: 4, overLong }, "abc", "d", ending)[0]).toEqual(['"abcd"']);
    }
  });

  it("is 8192 unless given", () => {
    const framer = lines();
    const input = new FrameInput();
    input.push(Buffer.from(`${"a".repeat(8192)}\r\n${"a".repeat(8193)}\n`));
    expect(nextFrame(framer, input, false)).toHaveLength(8192);
    expect(nextFrame(framer, input, false)).toMatchObject({ maxBytes: 8192 });
  });

  it("one byte more is refused at once, before its line has ended", () => {
    expect(told({ maxBytes: 4 }, "abcd", "e")[0]).toEqual(["refused"]);
    expect(told({ maxBytes: 4 }, "abcd\r")[0]).toEqual([]);
    expect(told({ maxBytes: 4 }, "abcd\r", "e")[0]).toEqual(["refused"]);
  });
});

describe("an over-long line", () => {
  const stream = ["one\nabc", "defgh", "ijk\r\ntwo\n"];

  it("refuse: one refusal, and the stream goes on behind it", () => {
    const feeder = feed({ maxBytes: 4 }, texts(...stream));
    expect(feeder.told).toEqual(['"one"', "refused", '"two"']);
    expect(feeder.messages).toEqual([
      "the line at byte 4 has more than 4 bytes and was thrown away: " +
        "send shorter ones, or raise maxBytes of lines()",
    ]);
  });

  it("cut: its beginning is the frame", () => {
    expect(told({ maxBytes: 4, overLong: "cut" }, ...stream)[0]).toEqual([
      '"one"',
      '"abcd"',
      '"two"',
    ]);
  });

  it("close: a FrameError, again and again", () => {
    const framer = lines({ maxBytes: 4, overLong: "close" });
    const input = new FrameInput();
    input.push(Buffer.from("abcde\n"));
    for (let i = 0; i < 2; i++) {
      expect(() => nextFrame(framer, input, false)).toThrow(FrameError);
      input.assertInvariants();
    }
    expect(() => nextFrame(framer, input, true)).toThrow(
      "the line at byte 0 has more than 4 bytes: send shorter ones, or raise maxBytes of lines()",
    );
  });

  it("costs no memory: of 10 MiB no byte is held", () => {
    const feeder = new Feeder(lines({ maxBytes: 100 }), 101);
    const chunk = Buffer.alloc(65_536, "a");
    for (let i = 0; i < 160; i++) {
      feeder.push(chunk);
      expect(feeder.input.length).toBe(0);
    }
    expect(feeder.push(Buffer.from("\nab\n")).told).toEqual(["refused", '"ab"']);
  });
});

describe("cost", () => {
  it("a line of 1 MiB that comes byte by byte is looked at once", () => {
    const size = 1024 * 1024;
    const framer = lines({ maxBytes: size });
    const input = new CountingInput();
    const byte = Buffer.from("a");
    for (let i = 0; i < size; i++) {
      input.push(byte);
      if (nextFrame(framer, input, false) !== null) throw new Error("too early");
    }
    input.push(Buffer.from("\n"));
    expect(nextFrame(framer, input, false)).toHaveLength(size);
    // The LF is sought in each byte once, and the last byte looked at for a CR.
    expect(input.looked).toBe(2 * (size + 1));
  });

  it("lines of one chunk are views of it", () => {
    const chunk = Buffer.from("one\ntwo\r\nthree\nfo");
    const framer = lines();
    const input = new FrameInput();
    input.push(chunk);
    for (const place of [0, 4, 9]) {
      const line = nextFrame(framer, input, false) as Buffer;
      expect(line.buffer).toBe(chunk.buffer);
      expect(line.byteOffset - chunk.byteOffset).toBe(place);
    }
  });
});

describe("one framer, one stream", () => {
  it("goes on rightly after another framer has taken bytes that it had seen", () => {
    const framer = lines({ maxBytes: 4 });
    const input = new FrameInput();
    input.push(Buffer.from("abc"));
    expect(nextFrame(framer, input, false)).toBeNull();
    // Another framer takes what waits; then this one is asked about fewer bytes than before.
    input.skip(3);
    input.push(Buffer.from("x\ny"));
    expect(nextFrame(framer, input, false)).toEqual(Buffer.from("x"));
    input.push(Buffer.from("yyyy"));
    expect(nextFrame(framer, input, false)).toBeInstanceOf(RefusedFrame);
    // Another framer takes the rest of the over-long line.
    input.push(Buffer.from("yy\nab\n"));
    input.skip(3);
    expect(nextFrame(framer, input, false)).toEqual(Buffer.from("ab"));
  });

  it("refuses to cut a second stream", () => {
    const framer = lines();
    const inputs = [new FrameInput(), new FrameInput()];
    for (const input of inputs) input.push(Buffer.from("ab"));
    expect(nextFrame(framer, inputs[0]!, false)).toBeNull();
    expect(() => nextFrame(framer, inputs[1]!, false)).toThrow("make one for each stream");
    expect(nextFrame(framer, inputs[0]!, false)).toBeNull();
  });
});

it.each([
  [{ maxBytes: 0 }, "option maxBytes is 0: give a whole number of at least 1"],
  [{ maxBytes: -1 }, "option maxBytes is -1"],
  [{ maxBytes: 1.5 }, "option maxBytes is 1.5"],
  [{ maxBytes: Infinity }, "option maxBytes is Infinity"],
  [{ maxBytes: "4" }, "option maxBytes must be a number, not string"],
  [{ maxBytes: null }, "option maxBytes must be a number, not null"],
  [{ overLong: "drop" }, 'option overLong is "drop": give one of refuse, cut, close'],
  [{ overLong: null }, "option overLong must be a string, not null"],
  [{ maxbytes: 4 }, "there is no option maxbytes: give one of maxBytes, overLong"],
  [null, "options must be an object, not null"],
  [4096, "options must be an object, not number"],
])("lines(%j) throws: %s", (options, message) => {
  expect(() => lines(options as LinesOptions)).toThrow(message);
});

it("lines() takes undefined for an option that is not given", () => {
  expect(() => lines({ maxBytes: undefined, overLong: undefined })).not.toThrow();
});
