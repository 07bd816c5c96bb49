/** H42: one framer after another in mid-buffer: all pairs of them, cut at every byte. */
import { describe, expect, it } from "vitest";

import { FrameInput, nextFrame, raw, type Framer } from "iomux";

import { texts } from "../support/feeder.ts";
import { framerKinds, framerTexts, type FramerKind } from "../support/framers.ts";
import { cuttings, forSeeds } from "../support/seeds.ts";

const SIZE = 3;
const KINDS = framerKinds(SIZE);
const PAIRS = KINDS.flatMap((a) => KINDS.map((b) => [a.name, b.name, a, b] as const));

/** The frames of `chunks`; `after` each of them another framer may take over. */
function frames(
  chunks: Iterable<Buffer>,
  framer: Framer<Buffer>,
  after: (count: number) => Framer<Buffer> | undefined,
): string[] {
  const input = new FrameInput();
  const found: string[] = [];
  let present = framer;
  for (const chunk of chunks) {
    input.push(chunk);
    for (;;) {
      const frame = nextFrame(present, input, false);
      input.assertInvariants();
      if (frame === null) break;
      found.push((frame as Buffer).toString("latin1"));
      present = after(found.length) ?? present;
    }
  }
  if (input.length > 0) throw new Error(`${input.length} bytes are left`);
  return found;
}

/** The frames of `a` and `b` in turn, two of each. */
function stream(a: FramerKind, b: FramerKind, expected: readonly string[]): string {
  return expected.map((text, i) => (i % 4 < 2 ? a : b).encode(text)).join("");
}

describe.each(PAIRS)("%s, then %s, and back", (_a, _b, a, b) => {
  const expected = [...framerTexts(SIZE), ...framerTexts(SIZE)];
  const bytes = stream(a, b, expected);

  /** Two frames of each, by the same two framers. */
  function found(chunks: Iterable<Buffer>): string[] {
    const [first, second] = [a.make(), b.make()];
    return frames(chunks, first, (count) => (count % 4 < 2 ? first : second));
  }

  it("cut at every byte", () => {
    for (let cut = 0; cut <= bytes.length; cut++) {
      expect(found(texts(bytes.slice(0, cut), bytes.slice(cut))), `at ${cut}`).toEqual(expected);
    }
  });

  it("whole, byte by byte, and at random cuts", () => {
    forSeeds(10, (random) => {
      for (const chunks of cuttings(Buffer.from(bytes, "latin1"), random)) {
        expect(found(chunks)).toEqual(expected);
      }
    });
  });
});

describe.each(KINDS.map((kind) => [kind.name, kind] as const))("%s and raw", (_name, kind) => {
  const expected = framerTexts(SIZE);
  const bytes = expected.map((text) => kind.encode(text)).join("");

  it("then raw: it finds every byte behind the frame", () => {
    const head = kind.encode(expected[0]!).length;
    for (let cut = 0; cut <= bytes.length; cut++) {
      const chunks = texts(bytes.slice(0, cut), bytes.slice(cut));
      const [frame, ...rest] = frames(chunks, kind.make(), (count) =>
        count === 1 ? raw() : undefined,
      );
      expect([frame, rest.join("")]).toEqual([expected[0], bytes.slice(head)]);
    }
  });

  it("after raw: it finds what came behind the chunk", () => {
    for (let cut = 1; cut <= bytes.length; cut++) {
      const chunks = texts("HEAD", bytes.slice(0, cut), bytes.slice(cut));
      const framer = kind.make();
      expect(frames(chunks, raw(), () => framer)).toEqual(["HEAD", ...expected]);
    }
  });
});
