/** The contract of framers: progress, refusals, the end of the stream, and switching. */
import { describe, expect, it } from "vitest";

import { FrameError, FrameInput, IomuxError, lines, nextFrame, RefusedFrame } from "iomux";
import type { Framer } from "iomux";

import { cuttings, forSeeds } from "../support/seeds.ts";

function holding(text: string): FrameInput {
  const input = new FrameInput();
  input.push(Buffer.from(text));
  return input;
}

/** Frames of `count` bytes. The stream may not end inside one. */
function fixed(count: number): Framer<Buffer> {
  return {
    next: (input) => (input.length < count ? null : input.take(count)),
    last(input) {
      if (input.length === 0) return null;
      throw new FrameError(
        "IOMUX_BAD_FRAME",
        `the stream ended ${input.length} bytes into a frame`,
      );
    },
  };
}

/** All frames that there are now, as text. */
function drain(framer: Framer<Buffer | string>, input: FrameInput, ended = false): string[] {
  const frames: string[] = [];
  for (;;) {
    const frame = nextFrame(framer, input, ended);
    if (frame === null) return frames;
    frames.push(frame instanceof RefusedFrame ? `refused: ${frame.message}` : frame.toString());
  }
}

function thrown(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

describe("progress", () => {
  it("one frame at a time; null once there is no whole one", () => {
    const input = holding("abcde");
    expect(nextFrame(fixed(2), input, false)).toEqual(Buffer.from("ab"));
    expect(input.length).toBe(3);
    expect(drain(fixed(2), input)).toEqual(["cd"]);
    expect(input.bytes.toString()).toBe("e");
  });

  it("a framer is not asked about nothing", () => {
    let asked = 0;
    const framer: Framer<Buffer> = { next: () => (asked++, null) };
    expect(nextFrame(framer, new FrameInput(), false)).toBeNull();
    expect(nextFrame(framer, new FrameInput(), true)).toBeNull();
    expect(asked).toBe(0);
  });

  it("a framer that consumed bytes and answered null is asked again", () => {
    // Bytes under "a" are between the frames.
    const words: Framer<Buffer> = {
      next(input) {
        if (input.at(0)! >= 0x61) return input.take(1);
        input.skip(1);
        return null;
      },
    };
    const input = holding("  a - b  ");
    expect(drain(words, input)).toEqual(["a", "b"]);
    expect(input.length).toBe(0);
  });

  it("a framer that neither consumes nor answers is asked once", () => {
    let asked = 0;
    const framer: Framer<Buffer> = { next: () => (asked++, null) };
    expect(nextFrame(framer, holding("ab"), false)).toBeNull();
    expect(asked).toBe(1);
  });

  it("a frame may be empty if bytes were consumed for it", () => {
    const sized: Framer<Buffer> = {
      next(input) {
        const length = input.at(0)!;
        if (input.length < 1 + length) return null;
        input.skip(1);
        return input.take(length);
      },
    };
    expect(drain(sized, holding("\x00\x01a\x00\x02b"))).toEqual(["", "a", ""]);
  });

  it.each([
    ["a frame", "frame"],
    ["undefined", undefined],
    ["a refusal", new RefusedFrame("IOMUX_FRAME_TOO_LONG", "no", 1)],
  ])("%s without consumed bytes is IOMUX_FRAMER_STUCK", (_name, answer) => {
    const input = holding("ab");
    const error = thrown(() => nextFrame({ next: () => answer }, input, false));
    expect(error).toBeInstanceOf(IomuxError);
    expect(error).not.toBeInstanceOf(FrameError);
    expect(error).toMatchObject({ code: "IOMUX_FRAMER_STUCK" });
    expect((error as Error).message).toMatch(/^next\(\) of a framer .* none of 2 bytes: take\(\)/);
    expect(input.bytes.toString()).toBe("ab");
  });
});

describe("the end of the stream", () => {
  it("next has seen everything before last is asked, and last is asked until null", () => {
    const calls: string[] = [];
    const framer: Framer<string> = {
      next(input) {
        calls.push(`next ${input.length}`);
        return input.length < 3 ? null : input.take(3).toString();
      },
      last(input) {
        calls.push(`last ${input.length}`);
        return input.length === 0 ? null : input.take(1).toString();
      },
    };
    expect(drain(framer, holding("abcde"), true)).toEqual(["abc", "d", "e"]);
    expect(calls).toEqual(["next 5", "next 2", "last 2", "next 1", "last 1", "last 0"]);
  });

  it("last is not asked before it", () => {
    expect(drain(lines(), holding("ab"))).toEqual([]);
    expect(drain(lines(), holding("ab"), true)).toEqual(["ab"]);
  });

  it("last is asked with nothing left too: a framer may have consumed the head of a frame", () => {
    let inside = false;
    const framer: Framer<Buffer> = {
      next(input) {
        inside = true;
        input.skip(input.length);
        return null;
      },
      last() {
        if (!inside) return null;
        throw new FrameError("IOMUX_BAD_FRAME", "truncated");
      },
    };
    expect(nextFrame(framer, new FrameInput(), true)).toBeNull();
    expect(() => nextFrame(framer, holding("ab"), true)).toThrow("truncated");
  });

  it("a truncated frame can be an error", () => {
    expect(drain(fixed(2), holding("abcd"), true)).toEqual(["ab", "cd"]);
    expect(() => drain(fixed(2), holding("abc"), true)).toThrow(FrameError);
  });

  it("without last, what is left is no frame", () => {
    const { next } = fixed(2);
    expect(drain({ next }, holding("abc"), true)).toEqual(["ab"]);
  });

  it("last without consumed bytes is IOMUX_FRAMER_STUCK", () => {
    const framer: Framer<string> = { next: () => null, last: () => "frame" };
    for (const text of ["", "ab"]) {
      const error = thrown(() => nextFrame(framer, holding(text), true));
      expect(error).toMatchObject({ code: "IOMUX_FRAMER_STUCK" });
      expect((error as Error).message).toContain("last() of a framer");
    }
  });
});

describe("a framer that throws", () => {
  it("is not caught, and the input stays whole", () => {
    const bug = new TypeError("a bug");
    const framer: Framer<Buffer> = {
      next(input) {
        if (input.at(0) !== 0x21) return input.take(1);
        input.skip(1);
        throw bug;
      },
    };
    const input = holding("a!bc");
    expect(nextFrame(framer, input, false)).toEqual(Buffer.from("a"));
    expect(thrown(() => nextFrame(framer, input, false))).toBe(bug);
    input.assertInvariants();
    expect(input.bytes.toString()).toBe("bc");
    expect(drain(fixed(1), input)).toEqual(["b", "c"]);
  });

  it("a FrameError has a code, and may have a cause", () => {
    const cause = new Error("below");
    const error = new FrameError("IOMUX_BAD_FRAME", "no frame", { cause });
    expect(error).toBeInstanceOf(IomuxError);
    expect(error).toMatchObject({ name: "FrameError", code: "IOMUX_BAD_FRAME", cause });
  });
});

describe("switching in mid-buffer", () => {
  it("the next framer finds the rest", () => {
    const input = holding("HEAD\r\nabcdefTAIL\n");
    expect(nextFrame(lines(), input, false)).toEqual(Buffer.from("HEAD"));
    expect(nextFrame(fixed(6), input, false)).toEqual(Buffer.from("abcdef"));
    expect(nextFrame(lines(), input, false)).toEqual(Buffer.from("TAIL"));
  });

  /** Lines that say how many bytes follow, which may look like lines. */
  function messages(chunks: readonly Buffer[]): string[] {
    const input = new FrameInput();
    const heads = lines({ maxBytes: 4 });
    let framer = heads;
    const found: string[] = [];
    for (const chunk of chunks) {
      input.push(chunk);
      for (;;) {
        const frame = nextFrame(framer, input, false);
        input.assertInvariants();
        if (frame === null) break;
        if (frame instanceof RefusedFrame) found.push("refused");
        else if (framer !== heads) found.push(frame.toString());
        framer = framer === heads && Buffer.isBuffer(frame) ? fixed(Number(frame)) : heads;
      }
    }
    return found;
  }

  it("wherever the stream is cut, the messages are the same", () => {
    forSeeds(200, (random) => {
      const expected: string[] = [];
      let stream = "";
      for (let i = 0; i < random.number(12); i++) {
        const letters = { length: random.between(1, 40) };
        const body = Array.from(letters, () => random.pick(["x", "\r", "\n"])).join("");
        if (random.number(4) === 0) {
          stream += `too long${random.pick(["\n", "\r\n"])}`;
          expected.push("refused");
        }
        stream += `${body.length}${random.pick(["\n", "\r\n"])}${body}`;
        expected.push(body);
      }
      for (const chunks of cuttings(Buffer.from(stream), random)) {
        expect(messages(chunks)).toEqual(expected);
      }
    });
  });
});

it("what is left of a large chunk does not keep it alive", () => {
  const input = new FrameInput();
  input.push(Buffer.allocUnsafeSlow(65_536).fill("a\n"));
  const framer = lines();
  input.push(Buffer.from("b"));
  drain(framer, input);
  expect(input.bytes.toString()).toBe("b");
  expect(input.bytes.buffer.byteLength).toBeLessThanOrEqual(Buffer.poolSize);
});
