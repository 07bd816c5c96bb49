/** Feeds a framer, and keeps the frames until the end: what comes later must not change them. */
import { FrameError, FrameInput, nextFrame, RefusedFrame, type Framer } from "iomux";

export class Feeder {
  readonly input: FrameInput;
  readonly #framer: Framer<Buffer>;
  readonly #mostHeld: number;
  readonly #told: (Buffer | RefusedFrame | FrameError)[] = [];

  /** `mostHeld`: bytes that may wait for the end of a frame. */
  constructor(framer: Framer<Buffer>, mostHeld: number, input = new FrameInput()) {
    this.#framer = framer;
    this.#mostHeld = mostHeld;
    this.input = input;
  }

  get closed(): boolean {
    return this.#told.at(-1) instanceof FrameError;
  }

  push(chunk: Buffer): this {
    if (this.closed) return this;
    this.input.push(chunk);
    const goesOn = this.#drain(false);
    this.input.assertInvariants();
    if (goesOn && this.input.length > this.#mostHeld) {
      throw new Error(`${this.input.length} bytes are held, over ${this.#mostHeld}`);
    }
    return this;
  }

  end(): this {
    if (!this.closed) this.#drain(true);
    return this;
  }

  /** False: the stream cannot go on. */
  #drain(ended: boolean): boolean {
    try {
      for (;;) {
        const frame = nextFrame(this.#framer, this.input, ended);
        if (frame === null) return true;
        this.#told.push(frame);
      }
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.#told.push(error);
      return false;
    }
  }

  /** What was said of frames that were refused, and of the end. */
  get messages(): string[] {
    return this.#told.flatMap((frame) => (Buffer.isBuffer(frame) ? [] : [frame.message]));
  }

  /** Frames in quotes, byte by byte; for a refusal "refused", for a `FrameError` its code. */
  get told(): string[] {
    return this.#told.map((frame) => {
      if (Buffer.isBuffer(frame)) return JSON.stringify(frame.toString("latin1"));
      return frame instanceof RefusedFrame ? "refused" : frame.code;
    });
  }
}

/** What comes of `chunks`, before the end of the stream. */
export function feed(
  framer: Framer<Buffer>,
  chunks: Iterable<Buffer>,
  mostHeld = Infinity,
): Feeder {
  const feeder = new Feeder(framer, mostHeld);
  for (const chunk of chunks) feeder.push(chunk);
  return feeder;
}

/** Chunks of one byte for each letter. */
export function texts(...chunks: string[]): Buffer[] {
  return chunks.map((chunk) => Buffer.from(chunk, "latin1"));
}

/** All strings of `letters`, up to `length` of them. */
export function* strings(letters: readonly string[], length: number): Generator<string> {
  yield "";
  if (length === 0) return;
  for (const shorter of strings(letters, length - 1)) {
    if (shorter.length === length - 1) for (const letter of letters) yield shorter + letter;
    if (shorter !== "") yield shorter;
  }
}

/** `text` in every way in which it can be cut. */
export function* everyCut(text: string): Generator<Buffer[]> {
  for (let bits = 0; bits < 1 << Math.max(0, text.length - 1); bits++) {
    const chunks = [""];
    Array.from(text).forEach((letter, place) => {
      chunks.push(chunks.pop()! + letter);
      if ((bits & (1 << place)) !== 0) chunks.push("");
    });
    yield texts(...chunks);
  }
}

/** Counts the bytes that a framer looks at. */
export class CountingInput extends FrameInput {
  looked = 0;

  override at(offset: number): number | undefined {
    this.looked++;
    return super.at(offset);
  }

  override indexOf(sought: number | Uint8Array, from = 0): number {
    this.looked += Math.max(0, this.length - from);
    return super.indexOf(sought, from);
  }
}
