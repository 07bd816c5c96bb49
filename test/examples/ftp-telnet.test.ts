/** The control connection's filter: lines come through as they are, and a damaged ABOR whole. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { ControlFilter } from "../../examples/ftp/telnet.ts";

function filtered(...pieces: readonly (string | Uint8Array)[]): string {
  const filter = new ControlFilter();
  const kept = pieces.map((piece) => filter.filter(Buffer.from(piece as string)));
  return Buffer.concat(kept).toString("latin1");
}

describe("the filter of the control connection", () => {
  test.each([
    ["ABOR\r", "ABOR\r\n"],
    ["ABOR\r\n", "ABOR\r\n"],
    ["ABOR\rNOOP\r\n", "ABOR\r\nNOOP\r\n"],
    ["ABOR\r\nABOR\r\n\n", "ABOR\r\nABOR\r\n\n"],
    ["aBoR\r", "aBoR\r\n"],
    ["XABOR\r", "XABOR\r"],
    ["ABORT\r", "ABORT\r"],
    ["ABOR \r", "ABOR \r"],
    ["CWD ABOR\r", "CWD ABOR\r"],
    ["CWD a\nABOR\r", "CWD a\nABOR\r\n"],
  ])("makes of %j %j", (given, kept) => {
    expect(filtered(given)).toBe(kept);
    expect(filtered(...given.split(""))).toBe(kept);
  });

  test("answers the same, however the bytes are cut", () => {
    const byte = fc.constantFrom(
      "A",
      "B",
      "\r",
      "\n",
      " ",
      "ABOR\r",
      "ABOR\r\n",
      "\xff",
      "\xf4",
      "\xf2",
    );
    const stream = fc
      .array(byte, { maxLength: 30 })
      .map((list) => Buffer.from(list.join(""), "latin1"));
    fc.assert(
      fc.property(stream, fc.array(fc.nat(5)), (bytes, lengths) => {
        let at = 0;
        const pieces = lengths.map((length) => bytes.subarray(at, (at += length)));
        expect(filtered(...pieces, bytes.subarray(at))).toBe(filtered(bytes));
      }),
      { numRuns: 2000 },
    );
  });

  test("loses nothing of other lines", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const line = `CWD ${text.replaceAll("\n", "")}\r\n`;
        expect(filtered(line)).toBe(Buffer.from(line).toString("latin1"));
      }),
    );
  });

  test("ends an ABOR that telnet's stray bytes stand before, if its LF is lost", () => {
    const bytes = Buffer.from([0xff, 0xf4, 0xf2, ...Buffer.from("ABOR\r")]);
    expect(filtered(bytes).endsWith("ABOR\r\n")).toBe(true);
  });

  test("hears of a timing mark", () => {
    const filter = new ControlFilter();
    filter.filter(Buffer.of(0xff, 0xfd, 0x06));
    expect([filter.takeTimingMark(), filter.takeTimingMark()]).toEqual([true, false]);
  });
});
