/** The queue of bytes to send, against a plain concatenation. */
import fc from "fast-check";
import { expect, it } from "vitest";

import { OutputQueue, PagePool } from "../../src/bytes/output-queue.ts";

const COPY_BYTES = 1024;
const PAGE_BYTES = 4096;

function bytes(length: number, seed: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, place) => (place * 31 + seed * 17) & 0xff));
}

/** What `next` gave, in one piece, as it would be sent now. */
function sent(chunks: Uint8Array | readonly Uint8Array[]): Buffer {
  return Buffer.concat(chunks instanceof Uint8Array ? [chunks] : chunks);
}

type Command =
  | { readonly append: number; readonly copy: boolean }
  | { readonly share: number }
  | { readonly next: number }
  | { readonly written: true }
  | { readonly clear: true };

const size = fc.oneof(
  fc.integer({ min: 1, max: 100 }),
  fc.constantFrom(1, COPY_BYTES - 1, COPY_BYTES, COPY_BYTES + 1, PAGE_BYTES, 20_000),
);
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 10, arbitrary: fc.record({ append: size, copy: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ share: size }) },
  { weight: 4, arbitrary: fc.record({ next: size }) },
  { weight: 4, arbitrary: fc.constant({ written: true as const }) },
  { weight: 1, arbitrary: fc.constant({ clear: true as const }) },
);

it("OutputQueue is a concatenation, after any commands, and no page is used twice at a time", () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 150 }), (commands) => {
      const pool = new PagePool();
      const queue = new OutputQueue(pool);
      const other = new OutputQueue(pool);
      let model = Buffer.alloc(0);
      let inFlight: { chunks: Uint8Array | readonly Uint8Array[]; length: number } | null = null;
      commands.forEach((step, seed) => {
        if ("append" in step) {
          const chunk = bytes(step.append, seed);
          expect(queue.append(chunk, step.copy)).toBe(step.append > COPY_BYTES && !step.copy);
          model = Buffer.concat([model, chunk]);
          // What was copied is the caller's again at once.
          if (step.append <= COPY_BYTES || step.copy) chunk.fill(0xee);
          // Another queue takes from the same pool.
          other.append(bytes(900, seed + 1), false);
          other.next(Infinity);
          other.written();
        } else if ("share" in step) {
          const chunk = bytes(step.share, seed);
          queue.appendShared(chunk);
          model = Buffer.concat([model, chunk]);
        } else if ("next" in step && inFlight === null && queue.length > 0) {
          const chunks = queue.next(step.next);
          const length = Math.min(step.next, model.length);
          inFlight = { chunks, length };
          expect(sent(chunks)).toHaveLength(length);
        } else if ("written" in step && inFlight !== null) {
          // Still the same bytes, whatever was appended meanwhile.
          expect(sent(inFlight.chunks).equals(model.subarray(0, inFlight.length))).toBe(true);
          expect(queue.written()).toBe(inFlight.length);
          model = model.subarray(inFlight.length);
          inFlight = null;
        } else if ("clear" in step) {
          queue.clear();
          model = Buffer.alloc(0);
          inFlight = null;
        }
        queue.assertInvariants();
        expect(queue.length).toBe(model.length);
        if (inFlight !== null) {
          expect(sent(inFlight.chunks).equals(model.subarray(0, inFlight.length))).toBe(true);
        }
      });
    }),
    { numRuns: 150 },
  );
});

it("small pieces leave as one chunk, page by page", () => {
  const queue = new OutputQueue(new PagePool());
  for (let i = 0; i < 8; i++) queue.append(bytes(500, i), false);
  const chunks = queue.next(Infinity);
  expect(chunks instanceof Uint8Array || chunks.length === 1).toBe(true);
  expect(sent(chunks)).toHaveLength(4000);
  queue.written();
  for (let i = 0; i < 9; i++) queue.append(bytes(500, i), false);
  expect(queue.next(Infinity)).toHaveLength(2);
});

it("pieces over 1 KiB are borrowed: the caller's own memory is sent", () => {
  const queue = new OutputQueue(new PagePool());
  const piece = bytes(COPY_BYTES + 1, 1);
  expect(queue.append(piece, false)).toBe(true);
  const given = queue.next(Infinity);
  const [chunk] = given instanceof Uint8Array ? [given] : given;
  expect(chunk!.buffer).toBe(piece.buffer);
});

it("order is kept between small and large pieces", () => {
  const queue = new OutputQueue(new PagePool());
  const pieces = [10, 2000, 20, 30, 3000, 40].map(bytes);
  for (const piece of pieces) queue.append(piece, false);
  expect(sent(queue.next(Infinity)).equals(Buffer.concat(pieces))).toBe(true);
});

it("a page takes exactly what it holds, and the next byte goes into another", () => {
  const queue = new OutputQueue(new PagePool());
  const pieces = [COPY_BYTES, COPY_BYTES, COPY_BYTES, COPY_BYTES, 1].map(bytes);
  for (const piece of pieces) queue.append(piece, false);
  queue.assertInvariants();
  const chunks = queue.next(Infinity) as readonly Uint8Array[];
  expect(chunks.map(({ length }) => length)).toEqual([PAGE_BYTES, 1]);
  expect(sent(chunks).equals(Buffer.concat(pieces))).toBe(true);
});

it("a shared piece that is alone is sent as it is; a second one makes both one chunk", () => {
  const queue = new OutputQueue(new PagePool());
  const shared = Buffer.from("shared");
  queue.appendShared(shared);
  expect(queue.next(Infinity)).toBe(shared);
  expect([queue.written(), queue.length]).toEqual([6, 0]);
  queue.appendShared(shared);
  queue.append(Buffer.from(" and more"), false);
  queue.appendShared(shared);
  expect(queue.next(Infinity)).toEqual(Buffer.from("shared and moreshared"));
  expect([queue.written(), queue.length]).toEqual([21, 0]);
});
