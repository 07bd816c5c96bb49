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

/** Calls `hear` with each line of `channel` until it ends; closes it then, and calls `ended`. */
export function hearLines(
  reactor: Reactor,
  channel: Channel,
  hear: (line: LineEvent) => void,
  ended: () => void,
): void {
  const input = new FrameInput();
  const framer = lines({ maxBytes: MAX_LINE_BYTES, overLong: "refuse" });
  const readTerminal = (): void => {
    const bytes = channel.read();
    if (bytes === null) return;
    const isEnd = bytes.length === 0;
    input.push(bytes);
    for (let line = next(isEnd); line !== null; line = next(isEnd)) hear(line);
    if (!isEnd) return;
    channel.close();
    ended();
  };
  reactor.register(channel, READABLE, readTerminal);

  function next(isEnd: boolean): LineEvent | null {
    const frame = nextFrame(framer, input, isEnd);
    if (!(frame instanceof RefusedFrame)) return frame === null ? null : readLine(frame);
    return { kind: "refused", reason: "too-long", maxBytes: frame.maxBytes };
  }
}
