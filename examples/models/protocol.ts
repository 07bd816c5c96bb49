/**
 * What clients and servers of all models say to each other: bytes in, requests and answers out.
 *
 * Both are frames behind their length (4 bytes, big endian). The first byte of a request is its
 * kind, that of an answer says whether it is one; what follows is the payload.
 */
import { FrameInput, lengthPrefixed, nextFrame, RefusedFrame } from "iomux";

/** `echo` answers its payload, `file` the file that it names, `work` a number that takes long. */
export const KINDS = ["echo", "file", "work"] as const;
export type Kind = (typeof KINDS)[number];

/** Of a payload, either way. */
export const MAX_PAYLOAD_BYTES = 64 * 1024;

export interface Request {
  readonly kind: Kind;
  readonly payload: Buffer;
}

export interface Answer {
  /** False: it was refused, and the payload is a text that says why. */
  readonly ok: boolean;
  readonly payload: Buffer;
}

/** Cuts the bytes of a stream into frames. It keeps no state: connections may share it. */
export const framer = lengthPrefixed({ maxBytes: 1 + MAX_PAYLOAD_BYTES });

/** A whole frame, to be sent. */
export function encodeRequest({ kind, payload }: Request): Buffer {
  return encode(KINDS.indexOf(kind) + 1, payload);
}

/** Null: it is none. `frame` is without its length. */
export function decodeRequest(frame: Buffer): Request | null {
  const kind = KINDS[(frame[0] ?? 0) - 1];
  return kind === undefined ? null : { kind, payload: frame.subarray(1) };
}

/** A whole frame, to be sent. */
export function encodeAnswer({ ok, payload }: Answer): Buffer {
  return encode(ok ? 0 : 1, payload);
}

/** Null: it is none. */
export function decodeAnswer(frame: Buffer): Answer | null {
  const first = frame[0];
  return first === 0 || first === 1 ? { ok: first === 0, payload: frame.subarray(1) } : null;
}

function encode(first: number, payload: Uint8Array): Buffer {
  return framer.encode(Buffer.concat([Buffer.of(first), payload]));
}

/** The frames of one stream, for those who have a plain socket. */
export class FrameReader {
  readonly #input = new FrameInput();

  /** Those that `chunk` has made whole. Throws for a length that no frame has. */
  push(chunk: Buffer): Buffer[] {
    this.#input.push(chunk);
    const frames: Buffer[] = [];
    for (;;) {
      const frame = nextFrame(framer, this.#input, false);
      if (frame === null || frame instanceof RefusedFrame) return frames;
      frames.push(frame);
    }
  }
}
