/** The administrator's terminal, read as lines. */
import {
  FrameInput,
  lines,
  nextFrame,
  READABLE,
  RefusedFrame,
  type Channel,
  type Reactor,
} from "iomux";

import { readLine, type LineEvent } from "./protocol.ts";

/** Bytes of a line: what a terminal lets one type (N_TTY_BUF_SIZE of Linux). */
const MAX_LINE_BYTES = 4096;

/** Calls `hear` with each line of `channel` until it ends, and closes it then. */
export function hearLines(
  reactor: Reactor,
  channel: Channel,
  hear: (line: LineEvent) => void,
): void {
  const input = new FrameInput();
  const framer = lines({ maxBytes: MAX_LINE_BYTES, overLong: "refuse" });
  reactor.register(channel, READABLE, () => {
    const bytes = channel.read();
    if (bytes === null) return;
    const ended = bytes.length === 0;
    input.push(bytes);
    for (let line = next(ended); line !== null; line = next(ended)) hear(line);
    if (ended) channel.close();
  });

  function next(ended: boolean): LineEvent | null {
    const frame = nextFrame(framer, input, ended);
    if (!(frame instanceof RefusedFrame)) return frame === null ? null : readLine(frame);
    return { kind: "refused", reason: "too-long", maxBytes: frame.maxBytes };
  }
}
