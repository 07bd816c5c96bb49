/** Frames of one size: records, or a body whose length a header has told. */
import { checkWhole } from "../arguments.ts";
import type { FrameInput } from "./frame-input.ts";
import { requireWhole, type Framer } from "./framer.ts";

/**
 * A framer for frames of exactly `bytes` bytes, from 1. A stream that ends inside a frame throws
 * `IOMUX_BAD_FRAME`. It keeps no state: connections may share it.
 */
export function fixed(bytes: number): Framer<Buffer> {
  checkWhole(bytes, "the size of fixed()", 1);
  return {
    next: (input: FrameInput) => (input.length < bytes ? null : input.take(bytes)),
    last: requireWhole,
  };
}
