/** TYPE A: the same bytes however they are cut, and texts that come back as they went. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { AsciiReceiver, AsciiSender } from "../../examples/ftp/ascii.ts";

const byte = fc.oneof(fc.constantFrom(0x0d, 0x0a), fc.constantFrom(0x0d, 0x0a, 0x61), fc.nat(255));
const bytes = fc.array(byte, { maxLength: 40 }).map((list) => Buffer.from(list));
const cuts = fc.array(fc.nat(8), { maxLength: 20 });

function pieces(whole: Buffer, lengths: readonly number[]): Buffer[] {
  const cut: Buffer[] = [];
  let at = 0;
  for (const length of lengths) cut.push(whole.subarray(at, (at += length)));
  return [...cut, whole.subarray(at)];
}

function sent(...given: Buffer[]): Buffer {
  const sender = new AsciiSender();
  return Buffer.concat(given.map((piece) => sender.convert(piece)));
}

function received(...given: Buffer[]): Buffer {
  const receiver = new AsciiReceiver();
  return Buffer.concat([...given.map((piece) => receiver.convert(piece)), receiver.end()]);
}

describe("TYPE A", () => {
  test.each([
    ["a\nb\n", "a\r\nb\r\n"],
    ["\n\n", "\r\n\r\n"],
    ["a\r\nb", "a\r\nb"],
    ["a\rb\r", "a\rb\r"],
    ["\r\r\n", "\r\r\n"],
    ["", ""],
  ])("sends %j as %j", (file, network) => {
    expect(sent(Buffer.from(file)).toString()).toBe(network);
  });

  test.each([
    ["a\r\nb\r\n", "a\nb\n"],
    ["a\nb", "a\nb"],
    ["a\rb\r", "a\rb\r"],
    ["\r\r\n", "\r\n"],
    ["\r\n\r", "\n\r"],
    ["", ""],
  ])("receives %j as %j", (network, file) => {
    expect(received(Buffer.from(network)).toString()).toBe(file);
  });

  test("converts as in one piece, however it is cut", () => {
    fc.assert(
      fc.property(bytes, cuts, (whole, lengths) => {
        const single = Array.from(whole, (byte) => Buffer.of(byte));
        for (const way of [sent, received]) {
          expect(way(...pieces(whole, lengths))).toEqual(way(whole));
          expect(way(...single)).toEqual(way(whole));
        }
        expect(sent(whole).toString("latin1")).toBe(
          whole.toString("latin1").replace(/(?<!\r)\n/g, "\r\n"),
        );
        expect(received(whole).toString("latin1")).toBe(
          whole.toString("latin1").replaceAll("\r\n", "\n"),
        );
      }),
      { numRuns: 2000 },
    );
  });

  test("loses nothing of a text without CR", () => {
    const text = bytes.map((list) => Buffer.from(list.filter((byte) => byte !== 0x0d)));
    fc.assert(
      fc.property(text, (whole) => {
        expect(received(sent(whole))).toEqual(whole);
      }),
    );
  });

  test("changes none of the bytes that it was given, and answers them if nothing changes", () => {
    const plain = Buffer.from("a\r\nb\r\n");
    expect(new AsciiSender().convert(plain)).toBe(plain);
    const bare = Buffer.from("a\nb");
    expect(new AsciiReceiver().convert(bare)).toBe(bare);
    fc.assert(
      fc.property(bytes, (whole) => {
        const before = Buffer.from(whole);
        sent(whole);
        received(whole);
        expect(whole).toEqual(before);
      }),
    );
  });
});
