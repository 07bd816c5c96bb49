/**
 * Records of five fields, packed and unpacked: by `struct`, and by hand with a `DataView`. By hand
 * nothing is checked. What was unpacked is added up, so that no work can be left out.
 */
import { struct } from "iomux";

import { answer, serverAnswers } from "../child.ts";
import type { StructCase, StructWay } from "../struct.ts";

type Work = (count: number) => number;

const numbers = struct("<BHIfd");
const mixed = struct(">I5sqHd");
const name = Buffer.from("iomux");
const kept = Buffer.alloc(64);
const keptView = new DataView(kept.buffer, kept.byteOffset, kept.length);

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

type Numbers = [number, number, number, number, number];

function setNumbers(view: DataView, at: number, a: number, b: number, c: number, d: number): void {
  view.setUint8(at, a);
  view.setUint16(at + 1, b, true);
  view.setUint32(at + 3, c, true);
  view.setFloat32(at + 7, d, true);
  view.setFloat64(at + 11, d, true);
}

function getNumbers(view: DataView, at: number): Numbers {
  return [
    view.getUint8(at),
    view.getUint16(at + 1, true),
    view.getUint32(at + 3, true),
    view.getFloat32(at + 7, true),
    view.getFloat64(at + 11, true),
  ];
}

function packMixed(a: number, text: Buffer, b: bigint, c: number, d: number): Buffer {
  const bytes = Buffer.allocUnsafe(27);
  const view = viewOf(bytes);
  view.setUint32(0, a);
  bytes.set(text, 4);
  view.setBigInt64(9, b);
  view.setUint16(17, c);
  view.setFloat64(19, d);
  return bytes;
}

function unpackMixed(bytes: Buffer): [number, Buffer, bigint, number, number] {
  const view = viewOf(bytes);
  return [
    view.getUint32(0),
    Buffer.from(bytes.subarray(4, 9)),
    view.getBigInt64(9),
    view.getUint16(17),
    view.getFloat64(19),
  ];
}

const WORK: Readonly<Record<StructCase, Readonly<Record<StructWay, Work>>>> = {
  numbers: {
    hand(count) {
      let sum = 0;
      for (let i = 0; i < count; i++) {
        const bytes = Buffer.allocUnsafe(19);
        setNumbers(viewOf(bytes), 0, i & 0xff, i & 0xffff, i, i + 0.5);
        const [a, b, c, d, e] = getNumbers(viewOf(bytes), 0);
        sum += a + b + c + d + e;
      }
      return sum;
    },
    struct(count) {
      let sum = 0;
      for (let i = 0; i < count; i++) {
        const bytes = numbers.pack(i & 0xff, i & 0xffff, i, i + 0.5, i + 0.5);
        const [a, b, c, d, e] = numbers.unpack(bytes);
        sum += a + b + c + d + e;
      }
      return sum;
    },
  },
  "bytes, bigint": {
    hand(count) {
      let sum = 0;
      for (let i = 0; i < count; i++) {
        const [a, text, b, c, d] = unpackMixed(packMixed(i, name, BigInt(i), i & 0xffff, i + 0.5));
        sum += a + text.length + Number(b) + c + d;
      }
      return sum;
    },
    struct(count) {
      let sum = 0;
      for (let i = 0; i < count; i++) {
        const bytes = mixed.pack(i, name, BigInt(i), i & 0xffff, i + 0.5);
        const [a, text, b, c, d] = mixed.unpack(bytes);
        sum += a + text.length + Number(b) + c + d;
      }
      return sum;
    },
  },
  "numbers, one buffer": {
    hand(count) {
      let sum = 0;
      for (let i = 0; i < count; i++) {
        setNumbers(keptView, 8, i & 0xff, i & 0xffff, i, i + 0.5);
        const [a, b, c, d, e] = getNumbers(keptView, 8);
        sum += a + b + c + d + e;
      }
      return sum;
    },
    struct(count) {
      let sum = 0;
      for (let i = 0; i < count; i++) {
        numbers.packInto(kept, 8, i & 0xff, i & 0xffff, i, i + 0.5, i + 0.5);
        const [a, b, c, d, e] = numbers.unpackFrom(kept, 8);
        sum += a + b + c + d + e;
      }
      return sum;
    },
  },
};

function records(question: { name: StructCase; way: StructWay; count: number }): number {
  return WORK[question.name][question.way](question.count);
}

answer({ ...serverAnswers, records });
