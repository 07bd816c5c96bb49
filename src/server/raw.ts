/** Raw bytes: a frame is whatever came. For protocols without frames, and bodies behind a header. */
import type { FrameInput } from "./frame-input.ts";
import type { Framer } from "./framer.ts";

const RAW: Framer<Buffer> = {
  next: (input: FrameInput) => input.take(input.length),
};

/** A framer that hands on bytes as they come; the cuts between them mean nothing. */
export function raw(): Framer<Buffer> {
  return RAW;
}
