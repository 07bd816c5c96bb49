/**
 * Framers: what cuts the bytes of a stream into frames.
 *
 * A framer is pulled, one frame at a time, and leaves in the input what it has not used. So it can
 * be switched between any two frames, and the next one finds the rest. The rules of progress are
 * those of Netty's `ByteToMessageDecoder`: a framer that answers a frame must have consumed bytes,
 * one that answers null is asked again when it has consumed some, and at the end of the stream
 * `next` has seen everything before `last` is asked.
 */
import { IomuxError, type ErrorDetails } from "../errors.ts";
import type { FrameInput } from "./frame-input.ts";

/** Cuts one stream into frames of type `F`. It may keep state: each connection needs its own. */
export interface Framer<F> {
  /**
   * Takes the next whole frame off the front of `input`. Answers the frame, or a refusal, or null
   * if more bytes are needed. Throws `FrameError` if the stream cannot go on. Not called while
   * `input` is empty.
   */
  next(input: FrameInput): F | RefusedFrame | null;
  /**
   * The stream has ended, and `next` has answered null. Takes what is left as a last frame, or
   * answers null; asked again until it does. Also called with an empty `input`, so that it can
   * throw `FrameError` if the stream ended inside a frame. Without it, what is left is dropped.
   */
  last?(input: FrameInput): F | RefusedFrame | null;
}

/** Whether `value` has what is called of a framer: nothing in it is called before a byte came. */
export function isFramer(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { next, last } = value as { readonly next?: unknown; readonly last?: unknown };
  return typeof next === "function" && (last === undefined || typeof last === "function");
}

/** A frame that was thrown away, in whole or in part, although the stream goes on. */
export class RefusedFrame {
  /** Such as `IOMUX_FRAME_TOO_LONG`. */
  readonly code: string;
  /** For people: what was thrown away, and what to do. */
  readonly message: string;
  /** The limit that the frame was over. */
  readonly maxBytes: number;

  constructor(code: string, message: string, maxBytes: number) {
    this.code = code;
    this.message = message;
    this.maxBytes = maxBytes;
  }
}

/** Codes of a `FrameError`: a frame over its limit, and bytes that are no frame. */
export type FrameErrorCode = "IOMUX_FRAME_TOO_LONG" | "IOMUX_BAD_FRAME";

/** Thrown by a framer: the stream cannot go on. Its connection closes with reason "protocol". */
export class FrameError extends IomuxError {
  constructor(code: FrameErrorCode, message: string, details: ErrorDetails = {}) {
    super(code, message, details);
    this.name = "FrameError";
  }
}

/**
 * The next frame or refusal of `framer`, or null if there is none in `input` now. With `ended`, when
 * nothing more will come, null says that there will be none. Throws what the framer throws, and
 * `IOMUX_FRAMER_STUCK` for a frame without consumed bytes, which would come again for ever.
 */
export function nextFrame<F>(
  framer: Framer<F>,
  input: FrameInput,
  ended: boolean,
): F | RefusedFrame | null {
  while (input.length > 0) {
    const before = input.position;
    const frame = framer.next(input);
    if (frame !== null) return progressed(frame, input, before, "next");
    if (input.position === before) break;
  }
  if (ended && framer.last !== undefined) {
    const before = input.position;
    const frame = framer.last(input);
    if (frame !== null) return progressed(frame, input, before, "last");
  }
  input.trim();
  return null;
}

/** A `last` for framers to which what is left at the end of the stream is a truncated frame. */
export function requireWhole({ length, position }: FrameInput): null {
  if (length === 0) return null;
  const where = `the stream ended ${length} bytes into the frame at byte ${position}`;
  throw new FrameError("IOMUX_BAD_FRAME", `${where}: send it whole`);
}

function progressed<R>(frame: R, input: FrameInput, before: number, method: string): R {
  if (input.position > before) return frame;
  throw new IomuxError(
    "IOMUX_FRAMER_STUCK",
    `${method}() of a framer answered a frame and consumed none of ${input.length} bytes: ` +
      `take() or skip() them, or answer null until the frame is whole`,
  );
}
