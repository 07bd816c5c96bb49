/** The bytes that a framer works on, against a plain concatenation. */
import { expect, it, onTestFinished } from "vitest";

import { FrameInput, IomuxRangeError } from "iomux";

import { forSeeds } from "../support/seeds.ts";

/** Bytes that differ from their neighbours, so that an order shows. */
function bytes(length: number, seed: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, place) => (place * 31 + seed * 17) & 0xff));
}

function holding(...texts: string[]): FrameInput {
  const input = new FrameInput();
  for (const text of texts) input.push(Buffer.from(text));
  return input;
}

it("is a concatenation after any commands, and what was taken stays as it was", () => {
  forSeeds(80, (random) => {
    const input = new FrameInput();
    const taken: { readonly bytes: Buffer; readonly expected: Buffer }[] = [];
    let model = Buffer.alloc(0);
    let consumed = 0;
    for (let step = 0; step < 120; step++) {
      const command = random.number(10);
      const count = random.number(random.pick([1, 8, model.length]) + 1);
      if (command < 5) {
        const chunk = bytes(random.number(random.pick([2, 10, 300, 20_000])), step);
        input.push(chunk);
        model = Buffer.concat([model, chunk]);
      } else if (command < 8 && count <= model.length) {
        taken.push({ bytes: input.take(count), expected: model.subarray(0, count) });
        [model, consumed] = [model.subarray(count), consumed + count];
      } else if (command === 8 && count <= model.length) {
        input.skip(count);
        [model, consumed] = [model.subarray(count), consumed + count];
      } else if (command === 9) {
        if (random.number(8) > 0) input.trim();
        else {
          input.clear();
          [model, consumed] = [Buffer.alloc(0), consumed + model.length];
        }
      }
      input.assertInvariants();
      expect([input.length, input.position]).toEqual([model.length, consumed]);
      expect(input.bytes.equals(model)).toBe(true);
      const [byte, from] = [random.number(256), random.number(model.length + 2)];
      expect(input.indexOf(byte, from)).toBe(model.indexOf(byte, from));
      expect(input.at(from)).toBe(model[from]);
    }
    // Also at the end: nothing was written over.
    for (const { bytes: frame, expected } of taken) expect(frame.equals(expected)).toBe(true);
  });
});

it("a chunk is taken over without a copy, and its frames are views of it", () => {
  const chunk = bytes(1000, 1);
  const input = new FrameInput();
  input.push(chunk);
  expect(input.bytes).toBe(chunk);
  const frames = [input.take(400), input.take(600)];
  expect(frames.every(({ buffer }) => buffer === chunk.buffer)).toBe(true);
  expect(frames.map(({ byteOffset }) => byteOffset - chunk.byteOffset)).toEqual([0, 400]);
  // Empty again, the next one is taken over too, and a whole one is answered as it is.
  const next = bytes(10, 2);
  input.push(next);
  expect(input.take(10)).toBe(next);
  expect(input.length).toBe(0);
});

it("a chunk that is joined is copied, and stays the giver's", () => {
  const input = holding("ab");
  const chunk = Buffer.from("cd");
  input.push(chunk);
  chunk.fill("x");
  expect(input.bytes.toString()).toBe("abcd");
});

it("what comes after a frame was taken from joined bytes does not touch the frame", () => {
  const input = holding("ab", "cd", "ef");
  const frame = input.take(3);
  for (let i = 0; i < 200; i++) input.push(Buffer.from("x"));
  expect(frame.toString()).toBe("abc");
  expect(input.bytes.toString()).toBe(`def${"x".repeat(200)}`);
});

it("indexOf and at see unconsumed bytes only", () => {
  const input = holding("a,b,", "c");
  input.skip(2);
  expect(input.indexOf(0x61)).toBe(-1);
  expect([input.indexOf(0x2c), input.indexOf(0x2c, 1), input.indexOf(0x2c, 2)]).toEqual([1, 1, -1]);
  expect([input.at(-1), input.at(0), input.at(2), input.at(3)]).toEqual([
    undefined,
    0x62,
    0x63,
    undefined,
  ]);
});

it("an empty chunk and an empty frame are nothing", () => {
  const input = holding("", "ab", "");
  expect(input.take(0)).toHaveLength(0);
  input.skip(0);
  expect([input.length, input.position]).toEqual([2, 0]);
  input.assertInvariants();
});

it.each([-1, 3, 0.5, NaN, Infinity, "1", undefined])(
  "take and skip refuse a count of %s, and change nothing",
  (count) => {
    const input = holding("ab");
    expect(() => input.take(count as number)).toThrow(IomuxRangeError);
    expect(() => {
      input.skip(count as number);
    }).toThrow(`cannot skip ${count} of 2 bytes: give a whole number up to input.length`);
    expect(input.bytes.toString()).toBe("ab");
    input.assertInvariants();
  },
);

/** Bytes that are allocated while `work` fills the input: each was copied into at most once. */
function allocated(input: FrameInput, work: (push: (chunk: Buffer) => void) => void): number {
  const seen = new Set<ArrayBufferLike>();
  let total = 0;
  work((chunk) => {
    input.push(chunk);
    const { buffer } = input.bytes;
    if (buffer === chunk.buffer || seen.has(buffer)) return;
    seen.add(buffer);
    total += buffer.byteLength;
  });
  return total;
}

it("a frame that comes byte by byte, or in chunks of any size, is joined in linear time", () => {
  const size = 1024 * 1024;
  for (const chunkBytes of [1, 100, 1000, 65_536]) {
    const chunk = Buffer.allocUnsafeSlow(chunkBytes);
    const total = allocated(new FrameInput(), (push) => {
      for (let sent = 0; sent < size; sent += chunkBytes) push(chunk);
    });
    expect(total, `chunks of ${chunkBytes}`).toBeLessThan(4 * size);
  }
});

it("a rest that is consumed as fast as it grows is joined in linear time too", () => {
  const [size, rest] = [1024 * 1024, 50_000];
  const input = new FrameInput();
  input.push(Buffer.alloc(rest));
  const chunk = Buffer.alloc(100);
  const total = allocated(input, (push) => {
    for (let sent = 0; sent < size; sent += chunk.length) {
      push(chunk);
      input.skip(chunk.length);
      input.trim();
    }
  });
  expect(total).toBeLessThan(4 * (size + rest));
});

it("trim lets go of a chunk that a small rest keeps alive", () => {
  const input = new FrameInput();
  input.push(Buffer.allocUnsafeSlow(65_536).fill("a"));
  input.skip(65_000);
  input.trim();
  expect(input.bytes.toString()).toBe("a".repeat(536));
  expect(input.bytes.buffer.byteLength).toBe(536);
  expect(input.position).toBe(65_000);
  input.assertInvariants();
});

it("with Node's larger pool too, a rest is copied once, and keeps only itself alive", () => {
  const { poolSize } = Buffer;
  onTestFinished(() => {
    Buffer.poolSize = poolSize;
  });
  // As in Node 24; it holds from the next pool on.
  Buffer.poolSize = 64 * 1024;
  while (Buffer.allocUnsafe(1024).buffer.byteLength < 64 * 1024);
  const input = holding("a", "b");
  for (let round = 0; round < 3; round++) {
    input.trim();
    expect(input.bytes.buffer.byteLength).toBeLessThanOrEqual(8192);
  }
  const joined = input.bytes.buffer;
  input.push(Buffer.from("c"));
  input.trim();
  expect(input.bytes.buffer).toBe(joined);
  expect(input.bytes.toString()).toBe("abc");
});

it.each([
  [65_536, 40_000],
  [8192, 8191],
])("trim leaves alone what is not worth a copy: of %i bytes %i consumed", (size, consumed) => {
  const chunk = Buffer.allocUnsafeSlow(size);
  const input = new FrameInput();
  input.push(chunk);
  input.skip(consumed);
  input.trim();
  expect(input.bytes.buffer).toBe(chunk.buffer);
});
