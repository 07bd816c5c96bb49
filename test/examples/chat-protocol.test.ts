/** The chat's lines: the same events, however the bytes were cut. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { FrameInput, lines as lineFramer, nextFrame, RefusedFrame } from "iomux";

import { printable, readLine } from "../../examples/chat/protocol.ts";
import { TelnetFilter } from "../../examples/telnet/filter.ts";

const MAX = 16;

/** The lines of a stream that came in `pieces`; what was refused stands as `<reason>`. */
function lines(...pieces: (string | Uint8Array)[]): string[] {
  const telnet = new TelnetFilter();
  const framer = lineFramer({ maxBytes: MAX });
  const input = new FrameInput();
  const read: string[] = [];
  const take = (ended: boolean): void => {
    for (;;) {
      const frame = nextFrame(framer, input, ended);
      if (frame === null) return;
      if (frame instanceof RefusedFrame) read.push("<too-long>");
      else {
        const event = readLine(frame);
        read.push(event.kind === "line" ? event.text : `<${event.reason}>`);
      }
    }
  };
  for (const piece of pieces) {
    input.push(telnet.filter(Buffer.from(piece as string)));
    take(false);
    input.assertInvariants();
  }
  take(true);
  return read;
}

/** Cuts `bytes` at `places`. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...new Set(places.map((place) => place % (bytes.length + 1)))];
  const sorted = [0, ...ends.sort((a, b) => a - b), bytes.length];
  return sorted.slice(1).map((end, i) => bytes.subarray(sorted[i], end));
}

function byteByByte(bytes: Uint8Array): Uint8Array[] {
  return Array.from(bytes, (_, i) => bytes.subarray(i, i + 1));
}

describe("lines", () => {
  test("end with LF or CR LF, also when these are cut apart", () => {
    expect(lines("one\ntwo\r\nthree\r", "\nfour\n")).toEqual(["one", "two", "three", "four"]);
  });

  test("may be empty", () => {
    expect(lines("\n\r\n\r", "\n")).toEqual(["", "", ""]);
  });

  test("come together, or in pieces", () => {
    expect(lines("a\nb", "c", "\nd\n")).toEqual(["a", "bc", "d"]);
  });

  test("need no LF at the end of the stream", () => {
    expect(lines("one\nlast")).toEqual(["one", "last"]);
    expect(lines("one\nlast\r")).toEqual(["one", "last"]);
    expect(lines("one\n")).toEqual(["one"]);
    expect(lines()).toEqual([]);
  });

  test("lose one CR at their end, and any other as a control", () => {
    expect(lines("a\rb\r\r\n")).toEqual(["ab"]);
  });
});

describe("what telnet says to telnet", () => {
  const [IAC, DO, SB, SE] = [255, 253, 250, 240];

  test("is no part of a line, though it has LF in it", () => {
    const option = [IAC, DO, 0x0a];
    const subnegotiation = [IAC, SB, 0x27, 0x0a, 0x0a, IAC, SE];
    const bytes = Buffer.concat([
      Buffer.from("he"),
      Buffer.from([...option, ...subnegotiation]),
      Buffer.from("llo\r\nmore"),
      Buffer.from(option),
    ]);
    expect(lines(bytes)).toEqual(["hello", "more"]);
    expect(lines(...byteByByte(bytes))).toEqual(["hello", "more"]);
  });

  test("does not count for the limit of a line", () => {
    const full = "x".repeat(MAX);
    const noise = Array.from({ length: 100 }, () => [IAC, DO, 1]).flat();
    expect(lines(Buffer.from(noise), full, Buffer.from(noise), "\n")).toEqual([full]);
  });
});

describe("the limit of a line", () => {
  const full = "x".repeat(MAX);

  test("counts neither LF nor CR LF", () => {
    expect(lines(`${full}\n${full}\r\n${full}\r`, "\n")).toEqual([full, full, full]);
    expect(lines(full)).toEqual([full]);
  });

  test("counts bytes, not characters", () => {
    expect(lines("张".repeat(5) + "x\n", "张".repeat(6) + "\n")).toEqual([
      "张张张张张x",
      "<too-long>",
    ]);
  });

  test("refuses a longer line once and goes on with the next", () => {
    expect(lines(`${full}y\nnext\n`)).toEqual(["<too-long>", "next"]);
    expect(lines(`${full}\ry\nnext\n`)).toEqual(["<too-long>", "next"]);
    expect(lines(`${full}\r`, "\r\nnext\n")).toEqual(["<too-long>", "next"]);
    expect(lines(full, full, full, "\n", "next")).toEqual(["<too-long>", "next"]);
  });

  test("refuses a longer line once if the stream ends in it", () => {
    expect(lines(`${full}yyy`)).toEqual(["<too-long>"]);
  });
});

describe("UTF-8", () => {
  test("is whole again when a character was cut", () => {
    expect(lines(...byteByByte(Buffer.from("张三 😀\n")))).toEqual(["张三 😀"]);
  });

  test.each([
    ["a lone continuation byte", [0x61, 0x80]],
    ["a character cut short", [0xe5, 0xbc]],
    ["an overlong form", [0xc0, 0xaf]],
    ["a surrogate", [0xed, 0xa0, 0x80]],
    ["over U+10FFFF", [0xf4, 0x90, 0x80, 0x80]],
    ["Latin-1", [0x63, 0x61, 0x66, 0xe9]],
  ])("is refused if it is not valid: %s", (_, bytes) => {
    expect(lines(Buffer.from([...bytes, 0x0a]), "next\n")).toEqual(["<not-utf8>", "next"]);
    expect(lines(Buffer.from(bytes))).toEqual(["<not-utf8>"]);
  });
});

describe("control characters and escape sequences", () => {
  test.each([
    ["colours", "\x1b[31mred\x1b[0m", "red"],
    ["cursor and screen", "a\x1b[2J\x1b[10;20Hb\x1b[?25lc", "abc"],
    ["the window's title, ended by BEL", "\x1b]0;title\x07a", "a"],
    ["the window's title, ended by ST", "\x1b]0;title\x1b\\a", "a"],
    ["a device control string without an end", "a\x1bPq#0", "a"],
    ["the 8-bit forms", "a\u009b31mb\u009d0;t\u009cc", "abc"],
    ["character sets and resets", "\x1b(0a\x1bcb\x1b7", "ab"],
    ["a sequence in a sequence", "\x1b[\x1b[31m\x1b\x1b[1mx", "x"],
    ["bells, backspaces and NUL", "a\x07\bb\0c\x7f", "abc"],
    ["a lone escape at the end", "a\x1b", "a"],
    ["a change of direction", "a\u202eb\u2066c", "abc"],
    ["line separators", "a\u2028b\u2029c\u0085d", "abcd"],
    ["a tab, which becomes a space", "a\tb", "a b"],
  ])("never pass: %s", (_, text, shown) => {
    expect(printable(text)).toBe(shown);
    expect(lines(`${text}\n`).join("")).toBe(text.length > MAX ? "<too-long>" : shown);
  });

  test("never pass, whatever the text", () => {
    const hostile = fc.string({
      unit: fc.oneof(
        fc.constantFrom("\x1b", "[", "]", "\x9b", "\x07", "\\", "m", "3"),
        fc.string(),
      ),
    });
    fc.assert(
      fc.property(hostile, (text) => {
        expect(printable(text)).not.toMatch(/\p{Cc}/u);
      }),
    );
  });

  test("leave other text as it is", () => {
    const text = "  张三 says: «ça va?» 👩‍👩‍👧 [31m ";
    expect(printable(text)).toBe(text);
  });

  test("take time in proportion to the line", () => {
    const worst = "\x1b]".repeat(500_000) + "\x1b[".repeat(500_000) + "\x1b[;".repeat(300_000);
    expect(printable(worst)).toBe("");
  });
});

describe("whole, byte by byte and at random cuts, the events are equal", () => {
  const piece = fc.oneof(
    fc.constantFrom("\n", "\r\n", "\r", "张三", "😀", "\x1b[31m", "x".repeat(MAX), "x".repeat(40)),
    fc.string({ maxLength: 6 }),
  );
  const bytes = fc.oneof(
    fc.array(piece, { maxLength: 20 }).map((pieces) => Buffer.from(pieces.join(""))),
    fc.uint8Array({ maxLength: 100 }),
    fc.array(fc.constantFrom(0x0a, 0x0d, 0x61, 0xe5), { maxLength: 60 }).map(Buffer.from),
    fc
      .array(fc.constantFrom(0x0a, 0x61, 255, 250, 240, 253, 241), { maxLength: 60 })
      .map(Buffer.from),
  );

  test("for any bytes", () => {
    fc.assert(
      fc.property(bytes, fc.array(fc.nat(200), { maxLength: 12 }), (input, places) => {
        const whole = lines(input);
        expect(lines(...byteByByte(input))).toEqual(whole);
        expect(lines(...cut(input, places))).toEqual(whole);
      }),
      { numRuns: 500 },
    );
  });
});
