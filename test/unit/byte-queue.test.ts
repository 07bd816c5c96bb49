/** The queue of bytes that came, against a plain concatenation. */
import fc from "fast-check";
import { expect, it } from "vitest";

import { ByteQueue } from "../../src/bytes/byte-queue.ts";

const GATHER_BYTES = 16 * 1024;

/** Bytes that differ from their neighbours, so that an order shows. */
function bytes(length: number, seed: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, place) => (place * 31 + seed * 17) & 0xff));
}

type Command = { readonly push: number } | { readonly read: number } | { readonly clear: true };

const size = fc.oneof(
  fc.integer({ min: 1, max: 40 }),
  fc.constantFrom(
    256,
    1023,
    1024,
    1025,
    4096,
    GATHER_BYTES - 1,
    GATHER_BYTES,
    GATHER_BYTES + 1,
    70_000,
  ),
);
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 10, arbitrary: fc.record({ push: size }) },
  { weight: 8, arbitrary: fc.record({ read: fc.oneof(size, fc.constantFrom(0, Infinity)) }) },
  { weight: 1, arbitrary: fc.constant({ clear: true as const }) },
);

it("ByteQueue is a concatenation, after any commands", () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 150 }), (commands) => {
      const queue = new ByteQueue();
      let model = Buffer.alloc(0);
      commands.forEach((step, seed) => {
        if ("push" in step) {
          const chunk = bytes(step.push, seed);
          queue.push(chunk);
          model = Buffer.concat([model, chunk]);
        } else if ("read" in step) {
          const read = queue.read(step.read);
          if (step.read === 0 || model.length === 0) expect(read).toBeNull();
          else {
            expect(read!.length).toBeGreaterThan(0);
            expect(read!.length).toBeLessThanOrEqual(step.read);
            // Small chunks are gathered: a read of what is there is not cut up needlessly.
            const asked = Math.min(step.read, model.length);
            expect(read!.length).toBeGreaterThanOrEqual(Math.min(asked, 1));
            expect(read!.equals(model.subarray(0, read!.length))).toBe(true);
            model = model.subarray(read!.length);
          }
        } else {
          expect(Buffer.concat(queue.takeAll()).equals(model)).toBe(true);
          model = Buffer.alloc(0);
        }
        queue.assertInvariants();
        expect(queue.length).toBe(model.length);
        const head = queue.peek();
        if (model.length === 0) expect(head).toBeNull();
        else expect(head!.equals(model.subarray(0, head!.length))).toBe(true);
      });
    }),
    { numRuns: 150 },
  );
});

it("a whole chunk is answered as it is, without a copy", () => {
  const queue = new ByteQueue();
  const [first, second] = [bytes(GATHER_BYTES, 1), bytes(10, 2)];
  queue.push(first);
  queue.push(second);
  expect(queue.read(Infinity)).toBe(first);
  expect(queue.read(Infinity)).toBe(second);
  expect(queue.read(Infinity)).toBeNull();
});

it("small chunks are gathered, up to 16 KiB or what was asked for", () => {
  const queue = new ByteQueue();
  for (let i = 0; i < 4096; i++) queue.push(bytes(10, i));
  expect(queue.read(35)).toHaveLength(35);
  expect(queue.read(Infinity)).toHaveLength(GATHER_BYTES);
  expect(queue.length).toBe(40_960 - 35 - GATHER_BYTES);
});

it("a part of a chunk leaves the rest where it is", () => {
  const queue = new ByteQueue();
  queue.push(bytes(100, 1));
  const parts = [queue.read(30)!, queue.read(30)!, queue.read(100)!];
  expect(parts.map(({ length }) => length)).toEqual([30, 30, 40]);
  expect(Buffer.concat(parts).equals(bytes(100, 1))).toBe(true);
});

it("100,000 chunks are read in linear time and memory: the queue shrinks as it is read", () => {
  const queue = new ByteQueue();
  for (let round = 0; round < 10; round++) {
    for (let i = 0; i < 10_000; i++) queue.push(bytes(1, i));
    while (queue.length > 0) queue.read(1);
    queue.assertInvariants();
  }
  expect(queue.peek()).toBeNull();
});

it("a peer that sends byte by byte costs little more than is counted", () => {
  const queue = new ByteQueue();
  const slab = Buffer.alloc(4096);
  for (let i = 0; i < 10_000; i++) queue.push(slab.subarray(i % 4096, (i % 4096) + 1));
  const kept = new Set(queue.takeAll().map(({ buffer }) => buffer));
  const held = [...kept].reduce((sum, { byteLength }) => sum + byteLength, 0);
  expect(held).toBeLessThan(10_000 + 2 * 4096);
});

it.each([1, 256, 257, 1000, 1024])("blocks are let go of that %i bytes of each wait in", (size) => {
  const queue = new ByteQueue();
  for (let i = 0; i < 500; i++) queue.push(Buffer.allocUnsafeSlow(8192).subarray(0, size));
  const kept = new Set(queue.takeAll().map(({ buffer }) => buffer));
  const held = [...kept].reduce((sum, { byteLength }) => sum + byteLength, 0);
  expect(held).toBeLessThan(1.5 * 500 * size + 2 * 8192);
});

it("bytes that were read, or peeked at, do not change when more come", () => {
  const queue = new ByteQueue();
  const seen: { bytes: Buffer; copy: Buffer }[] = [];
  for (let i = 0; i < 300; i++) {
    queue.push(bytes(1 + ((i * 37) % 200), i));
    if (i % 3 !== 0) continue;
    // Of a page that grows still, of a full one, across two, and of one that is the last.
    for (const bytes of [queue.peek()!, queue.read(1 + ((i * 53) % 500))!]) {
      seen.push({ bytes, copy: Buffer.from(bytes) });
    }
    if (i % 50 === 0) for (let rest = queue.read(9); rest !== null; rest = queue.read(9));
  }
  for (const { bytes, copy } of seen) expect(bytes.equals(copy)).toBe(true);
});
