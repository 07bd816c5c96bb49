/** Whose memory a page is: the pool's, a queue's, or the network's until a write is complete. */
import { describe, expect, it } from "vitest";

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

describe("a small message takes a small page", () => {
  const sizeOf = (queue: OutputQueue): number[] =>
    memoryOf(queue.next(Infinity)).map(({ byteLength }) => byteLength);

  it.each([
    [[64], 512],
    [[200, 200, 112], 512],
    [[513], 4096],
    [[512, 1], 4096],
    [[64, 64, 1024, 1024, 1024, 512], 4096],
  ])("pieces of %j bytes leave in one of %i", (sizes, page) => {
    const queue = new OutputQueue(new PagePool());
    for (const size of sizes) queue.append(Buffer.alloc(size, size), false);
    queue.assertInvariants();
    const expected = Buffer.concat(sizes.map((size) => Buffer.alloc(size, size)));
    const chunk = queue.next(Infinity) as Buffer;
    expect([chunk.equals(expected), chunk.buffer.byteLength]).toEqual([true, page]);
  });

  it("the one that was outgrown is used again, by somebody else", () => {
    const pool = new PagePool();
    const [first, second] = [new OutputQueue(pool), new OutputQueue(pool)];
    first.append(Buffer.alloc(300, "a"), false);
    first.append(Buffer.alloc(300, "b"), false);
    second.append(Buffer.alloc(300, "c"), false);
    const left = Buffer.from(first.next(Infinity) as Buffer).toString();
    expect(left).toBe("a".repeat(300) + "b".repeat(300));
    expect(sizeOf(second)).toEqual([512]);
  });
});
