/** What telnet says to telnet is ignored, however it is cut. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { MAX_SUBNEGOTIATION_BYTES, TelnetFilter } from "../../examples/telnet/filter.ts";
import { MemoryChat } from "./chat-memory.ts";

const [IAC, SB, SE, WILL, DO, DM, IP, NOP] = [255, 250, 240, 251, 253, 242, 244, 241] as const;
const [WONT, TIMING_MARK] = [252, 6] as const;

type Piece = string | readonly number[];

function bytesOf(pieces: readonly Piece[]): Buffer {
  return Buffer.concat(pieces.map((piece) => Buffer.from(piece as string)));
}

/** What is left of `bytes`, cut at `places`. */
function filtered(bytes: Buffer, places: readonly number[] = []): Buffer {
  const filter = new TelnetFilter();
  const ends = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort(
    (a, b) => a - b,
  );
  const sorted = [0, ...ends, bytes.length];
  const kept = sorted.slice(1).map((end, i) => filter.filter(bytes.subarray(sorted[i], end)));
  return Buffer.concat(kept);
}

describe("the filter", () => {
  test.each<[string, Piece[], string]>([
    ["options", [[IAC, WILL, 24, IAC, DO, 3], "hello"], "hello"],
    [
      "an option whose number is LF, or IAC's own",
      [[IAC, DO, 10], "a", [IAC, WILL, IAC], "b"],
      "ab",
    ],
    ["commands of two bytes", ["a", [IAC, NOP], "b", [IAC, IP], "c", [IAC, DM], "d"], "abcd"],
    ["a subnegotiation", ["a", [IAC, SB, 24, 0], "xterm\n", [IAC, SE], "b"], "ab"],
    ["a subnegotiation with IAC IAC in it", [[IAC, SB, 31, IAC, IAC, 80, IAC, SE], "b"], "b"],
    ["a subnegotiation that is broken off by a command", [[IAC, SB, 31, IAC, NOP], "b"], "b"],
    ["urgent data's command, which is not in the stream (F24)", [[IAC, IP, IAC], "ABOR"], "ABOR"],
    ["IAC before other text", [[IAC], "张三"], "张三"],
    ["all of them in a word", ["h", [IAC, WILL, 1], "e", [IAC, SB, 1, IAC, SE], "y"], "hey"],
  ])("takes out %s, whole and byte by byte", (_, pieces, text) => {
    const bytes = bytesOf(pieces);
    expect(filtered(bytes).toString()).toBe(text);
    expect(filtered(bytes, [...bytes.keys()]).toString()).toBe(text);
  });

  test("keeps the byte that IAC IAC stands for, which is no UTF-8", () => {
    expect(filtered(bytesOf(["a", [IAC, IAC], "b"]))).toEqual(Buffer.from([0x61, 0xff, 0x62]));
  });

  test("ends a subnegotiation that never ends", () => {
    const swallowed = "x".repeat(MAX_SUBNEGOTIATION_BYTES);
    expect(filtered(bytesOf([[IAC, SB], swallowed, "hello"])).toString()).toBe("hello");
    const escapes = Array.from({ length: MAX_SUBNEGOTIATION_BYTES }, () => [IAC, IAC]);
    expect(filtered(bytesOf([[IAC, SB], ...escapes, "hello"])).toString()).toBe("hello");
  });

  test("answers the same bytes, not a copy, if there is nothing to take out", () => {
    const bytes = Buffer.from("hello 张三\n");
    expect(new TelnetFilter().filter(bytes)).toBe(bytes);
  });

  test("loses nothing of any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.array(fc.nat(100)), (text, places) => {
        const bytes = Buffer.from(text);
        expect(filtered(bytes, places)).toEqual(bytes);
      }),
    );
  });

  test("answers the same bytes, however they were cut", () => {
    const byte = fc.oneof(
      fc.constantFrom(IAC, SB, SE, WILL, DO, DM, NOP, 10, 13, 0x61),
      fc.integer({ min: 0, max: 255 }),
    );
    const stream = fc.array(byte, { maxLength: 60 }).map((list) => Buffer.from(list));
    fc.assert(
      fc.property(stream, fc.array(fc.nat(100)), (bytes, places) => {
        expect(filtered(bytes, places)).toEqual(filtered(bytes));
      }),
      { numRuns: 1000 },
    );
  });
});

describe("a timing mark, without which telnet shows nothing more", () => {
  const WANTED = Buffer.of(IAC, IP, IAC, DO, TIMING_MARK);

  test("is asked for by DO only", () => {
    const filter = new TelnetFilter();
    for (const bytes of [WANTED, WANTED.subarray(3)]) {
      filter.filter(bytes);
      expect(filter.takeTimingMark()).toBe(bytes === WANTED);
      expect(filter.takeTimingMark()).toBe(false);
    }
    filter.filter(Buffer.of(IAC, WILL, TIMING_MARK, IAC, DO, 1, IAC, SB, DO, TIMING_MARK, IAC, SE));
    expect(filter.takeTimingMark()).toBe(false);
  });

  test("is seen when its last byte is here, however it was cut", () => {
    for (const size of [1, 2, 3, 4, 5]) {
      const filter = new TelnetFilter();
      const marks: number[] = [];
      for (let at = 0; at < WANTED.length; at += size) {
        expect(filter.filter(WANTED.subarray(at, at + size))).toHaveLength(0);
        if (filter.takeTimingMark()) marks.push(at + size);
      }
      expect(marks).toHaveLength(1);
      expect(marks[0]).toBeGreaterThanOrEqual(WANTED.length);
    }
  });

  test("is wanted once for what is at hand", () => {
    const filter = new TelnetFilter();
    filter.filter(Buffer.concat(Array.from({ length: 1000 }, () => WANTED)));
    expect([filter.takeTimingMark(), filter.takeTimingMark()]).toEqual([true, false]);
  });

  test("is answered by the room at once, with no", async () => {
    const room = await MemoryChat.open(65_536);
    const ann = await room.join("ann");
    const before = ann.received.length;
    for (const byte of WANTED) {
      ann.write(Buffer.of(byte));
      await room.clock.settle();
    }
    expect([...ann.received.subarray(before)]).toEqual([IAC, WONT, TIMING_MARK]);
    await room.end();
  });
});
