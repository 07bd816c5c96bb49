/**
 * Delimited frames (H42): every input whole, byte by byte and at random cuts, against a reference
 * that has the whole stream before it; and each promise by name.
 */
import { describe, expect, it } from "vitest";

import { delimited, FrameError, FrameInput, nextFrame } from "iomux";
import type { DelimitedOptions, OverLong } from "iomux";

import { CountingInput, everyCut, feed, Feeder, strings, texts } from "../support/feeder.ts";
import { cuttings, forSeeds } from "../support/seeds.ts";

const POLICIES: readonly OverLong[] = ["refuse", "cut", "close"];
const DELIMITERS = ["a", "ab", "aa", "aab", "aba", "abab"];

interface Limited {
  readonly maxBytes: number;
  readonly overLong?: OverLong;
}

function framer(delimiter: string, options?: DelimitedOptions): ReturnType<typeof delimited> {
  return delimited(Buffer.from(delimiter, "latin1"), options);
}

/** What comes of a whole stream. */
function reference(stream: string, delimiter: string, maxBytes: number, overLong: OverLong) {
  const told: string[] = [];
  const tell = (piece: string): boolean => {
    if (piece.length <= maxBytes) told.push(JSON.stringify(piece));
    else if (overLong === "cut") told.push(JSON.stringify(piece.slice(0, maxBytes)));
    else told.push(overLong === "refuse" ? "refused" : "IOMUX_FRAME_TOO_LONG");
    return told.at(-1) !== "IOMUX_FRAME_TOO_LONG";
  };
  const pieces = stream.split(delimiter);
  const rest = pieces.pop()!;
  if (!pieces.every(tell)) return told;
  if (rest.length >= maxBytes + delimiter.length) tell(rest);
  else if (rest.length > 0) told.push("IOMUX_BAD_FRAME");
  return told;
}

/** What is told of `chunks`, without and with the end of the stream. */
function told(delimiter: string, options: Limited, ...chunks: string[]): string[][] {
  const feeder = feed(framer(delimiter, options), texts(...chunks));
  return [feeder.told, feeder.end().told];
}

describe("H42: the same frames and refusals come of every cut", () => {
  it.each(DELIMITERS)("%s: of all streams of up to 6 letters", (delimiter) => {
    for (const stream of new Set(strings(["a", "b"], 6))) {
      for (const maxBytes of [1, 2]) {
        for (const overLong of POLICIES) {
          const expected = reference(stream, delimiter, maxBytes, overLong).join();
          for (const chunks of everyCut(stream)) {
            const cut = framer(delimiter, { maxBytes, overLong });
            const found = feed(cut, chunks, maxBytes + delimiter.length - 1)
              .end()
              .told.join();
            if (found === expected) continue;
            expect({ chunks: chunks.map(String), maxBytes, overLong, found }).toEqual(expected);
          }
        }
      }
    }
  });

  it("of longer streams: whole, byte by byte, and at random cuts", () => {
    forSeeds(300, (random) => {
      const maxBytes = random.pick([1, 7, 64, 300]);
      const overLong = random.pick(POLICIES);
      const letters = { length: random.pick([1, 2, 3, 8, 40]) };
      const delimiter = Array.from(letters, () => random.pick(["-", "+"])).join("");
      const parts = Array.from({ length: random.number(20) }, () => {
        const length = random.pick([0, 1, maxBytes - 1, maxBytes, maxBytes + 1, maxBytes * 3]);
        const almost = delimiter.slice(0, random.number(delimiter.length));
        return "abc-".repeat(length).slice(0, length) + almost + delimiter;
      });
      const stream = parts.join("") + random.pick(["", "x", delimiter.slice(1)]);
      const expected = reference(stream, delimiter, maxBytes, overLong);
      const messages = new Set<string>();
      for (const chunks of cuttings(Buffer.from(stream), random)) {
        const cut = framer(delimiter, { maxBytes, overLong });
        const feeder = feed(cut, chunks, maxBytes + delimiter.length - 1).end();
        expect(feeder.told).toEqual(expected);
        messages.add(feeder.messages.join());
      }
      expect(messages.size).toBe(1);
    });
  });
});

describe("a delimiter", () => {
  it.each([
    ["of one byte", "\0", ["a\0b", "\0\0"], ['"a"', '"b"', '""']],
    ["of several, in two chunks", "\r\n\r\n", ["a\r\n\r", "\nb\r\n\r\n"], ['"a"', '"b"']],
    ["of any bytes", "\xff\0", ["a\xff\xff", "\0"], ['"a\xff"']],
    ["stands where it is found first", "aa", ["aaa", "a"], ['""', '""']],
    ["nothing else ends a frame", "\r\n", ["a\nb\r\r\n"], ['"a\\nb\\r"']],
  ])("%s", (_name, delimiter, chunks, expected) => {
    expect(told(delimiter, { maxBytes: 9 }, ...chunks)[0]).toEqual(expected);
  });

  it("belongs to the caller again at once", () => {
    const delimiter = Buffer.from("--");
    const cut = delimited(delimiter);
    delimiter.fill("x");
    expect(feed(cut, texts("axxb--")).told).toEqual(['"axxb"']);
  });

  it.each([
    ["a string", ",", "delimited() takes a Uint8Array, not a string: use Buffer.from(text)"],
    ["nothing", undefined, "delimited() takes a Uint8Array, not undefined"],
    ["an empty one", Buffer.alloc(0), "the length of the delimiter is 0: give a whole number from"],
    ["a long one", Buffer.alloc(257), "the length of the delimiter is 257: give a whole number"],
  ])("%s throws", (_name, delimiter, message) => {
    expect(() => delimited(delimiter as Uint8Array)).toThrow(message);
  });

  it("MAX_DELIMITER_BYTES: 256 bytes are one", () => {
    const delimiter = `${"x".repeat(255)}y`;
    const cut = framer(delimiter, { maxBytes: 3 });
    expect(feed(cut, texts(`abc${delimiter}`)).told).toEqual(['"abc"']);
  });
});

describe("the end of the stream", () => {
  it.each([
    ["after a frame: nothing more", ["ab\r\n"], ['"ab"'], []],
    ["in a frame: it was truncated", ["ab\r\ncd"], ['"ab"'], ["IOMUX_BAD_FRAME"]],
    ["in a delimiter too", ["ab\r"], [], ["IOMUX_BAD_FRAME"]],
    ["in a frame that was refused: nothing more", ["abcde", "fgh\r"], ["refused"], []],
    ["of nothing: nothing", [], [], []],
  ])("%s", (_name, chunks, before, after) => {
    expect(told("\r\n", { maxBytes: 4 }, ...chunks)).toEqual([before, [...before, ...after]]);
  });

  it("is told in words", () => {
    const feeder = feed(framer(";"), texts("one;tw")).end();
    expect(feeder.messages).toEqual([
      "the stream ended 2 bytes into the frame at byte 4: send it whole",
    ]);
  });
});

describe("maxBytes", () => {
  it("exactly so many pass, and one more does not", () => {
    for (const overLong of POLICIES) {
      expect(told("--", { maxBytes: 4, overLong }, "abcd--")[0]).toEqual(['"abcd"']);
      expect(told("--", { maxBytes: 4, overLong }, "abc", "d-", "-")[0]).toEqual(['"abcd"']);
    }
    expect(told("--", { maxBytes: 4 }, "abcde--f--")[0]).toEqual(["refused", '"f"']);
    expect(told("--", { maxBytes: 4, overLong: "cut" }, "abcde--f--")[0]).toEqual([
      '"abcd"',
      '"f"',
    ]);
  });

  it("is 8192 unless given", () => {
    const input = new FrameInput();
    const cut = framer(";");
    input.push(Buffer.from(`${"a".repeat(8192)};${"a".repeat(8193)};`));
    expect(nextFrame(cut, input, false)).toHaveLength(8192);
    expect(nextFrame(cut, input, false)).toMatchObject({ maxBytes: 8192 });
  });

  it("a longer frame is refused before its end has come, once, in words", () => {
    const feeder = feed(framer("--", { maxBytes: 4 }), texts("one--abcde", "f", "ghi", "-", "-"));
    expect(feeder.told).toEqual(['"one"', "refused"]);
    expect(feeder.messages).toEqual([
      "the frame at byte 5 has more than 4 bytes and was thrown away: " +
        "send shorter ones, or raise maxBytes of delimited()",
    ]);
    expect(feeder.push(Buffer.from("two--")).told).toEqual(['"one"', "refused", '"two"']);
  });

  it("close: a FrameError, again and again", () => {
    const cut = framer("--", { maxBytes: 4, overLong: "close" });
    const input = new FrameInput();
    input.push(Buffer.from("abcdef"));
    for (let i = 0; i < 2; i++) expect(() => nextFrame(cut, input, false)).toThrow(FrameError);
    expect(() => nextFrame(cut, input, true)).toThrow("the frame at byte 0 has more than 4 bytes:");
  });

  it("a frame without end costs no memory", () => {
    const feeder = new Feeder(framer("--", { maxBytes: 100 }), 101);
    for (let i = 0; i < 160; i++) {
      feeder.push(Buffer.alloc(65_536, "a"));
      expect(feeder.input.length).toBe(1);
    }
    expect(feeder.push(Buffer.from("--ab--")).told).toEqual(["refused", '"ab"']);
  });
});

it("a frame of 1 MiB that comes byte by byte is looked at once, but for its last bytes", () => {
  const size = 1024 * 1024;
  const input = new CountingInput();
  const feeder = new Feeder(framer("\r\n\r\n", { maxBytes: size }), Infinity, input);
  const byte = Buffer.from("\r");
  for (let i = 0; i < size; i++) feeder.push(byte);
  expect(feeder.told).toEqual([]);
  expect(input.looked).toBeLessThanOrEqual(4 * size);
  for (const last of texts("\n", "\r", "\n")) feeder.push(last);
  expect(feeder.told[0]).toHaveLength(2 + 2 * (size - 1));
});

it("refuses to cut a second stream", () => {
  const cut = framer("--");
  feed(cut, texts("ab"));
  expect(() => feed(cut, texts("ab"))).toThrow(
    "this delimited() framer cuts another stream already: make one for each stream",
  );
});

it.each([
  [{ maxBytes: 0 }, "option maxBytes is 0: give a whole number of at least 1"],
  [{ overLong: "drop" }, 'option overLong is "drop": give one of refuse, cut, close'],
  [{ maxbytes: 4 }, "there is no option maxbytes: give one of maxBytes, overLong"],
  [null, "options must be an object, not null"],
])("delimited(bytes, %j) throws: %s", (options, message) => {
  expect(() => framer(";", options as DelimitedOptions)).toThrow(message);
});
