/** How the calls of a struct may be made, and what is said of bytes that are none. */
import { expect, it } from "vitest";

import { struct, unpack } from "iomux";

it("a struct has methods that work without it", () => {
  const { pack, packInto, unpack, unpackFrom, iterUnpack } = struct("<h");
  const bytes = Buffer.alloc(4);
  packInto(bytes, 2, 7);
  expect([pack(7), unpackFrom(bytes, 2), unpack(bytes.subarray(2))]).toEqual([
    Buffer.from([7, 0]),
    [7],
    [7],
  ]);
  expect([...iterUnpack(bytes)]).toEqual([[0], [7]]);
});

it.each<[string, unknown]>([
  ["an ArrayBuffer: give new Uint8Array(buffer)", new ArrayBuffer(4)],
  ["an ArrayBuffer: give new Uint8Array(buffer)", new SharedArrayBuffer(4)],
  ["a DataView: give new Uint8Array(view.buffer", new DataView(new ArrayBuffer(4))],
  ["a Uint16Array: give new Uint8Array(view.buffer", new Uint16Array(2)],
  ["an array: give Buffer.from(array)", [1, 2, 3, 4]],
  ["a string: give Buffer.from(text)", "abcd"],
  ["an object", {}],
  ["undefined", undefined],
  ["null", null],
  ["a number", 5],
])("bytes that are %s: says what to give", (text, bytes) => {
  expect(() => unpack("<i", bytes as never)).toThrow(`unpack takes a Uint8Array, not ${text}`);
});
