/** Whose memory a page is: the pool's, a queue's, or the network's until a write is complete. */
import { expect, it } from "vitest";

import { OutputQueue, PagePool } from "../../src/bytes/output-queue.ts";

function memoryOf(chunks: Uint8Array | readonly Uint8Array[]): ArrayBufferLike[] {
  return (chunks instanceof Uint8Array ? [chunks] : chunks).map(({ buffer }) => buffer);
}

it.each([1, 3])("clear() does not give back the %i page(s) of the write in flight", (pages) => {
  const pool = new PagePool();
  const queue = new OutputQueue(pool);
  for (let i = 0; i < pages * 4; i++) queue.append(Buffer.alloc(1024, 0xaa), false);
  const inFlight = queue.next(Infinity);
  const held = memoryOf(inFlight);
  expect(held).toHaveLength(pages);
  queue.clear();
  const other = new OutputQueue(pool);
  for (let i = 0; i < 40; i++) other.append(Buffer.alloc(1024, 0xbb), false);
  expect(memoryOf(other.next(Infinity)).filter((memory) => held.includes(memory))).toEqual([]);
  // What the network still sends is what was written.
  const sent = Buffer.concat(inFlight instanceof Uint8Array ? [inFlight] : inFlight);
  expect(sent.equals(Buffer.alloc(pages * 4096, 0xaa))).toBe(true);
  // Nor does a late completion.
  expect(queue.written()).toBe(0);
  const third = new OutputQueue(pool);
  for (let i = 0; i < 40; i++) third.append(Buffer.alloc(1024, 0xcc), false);
  expect(memoryOf(third.next(Infinity)).filter((memory) => held.includes(memory))).toEqual([]);
});
