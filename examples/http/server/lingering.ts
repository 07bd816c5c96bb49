/**
 * After the last answer: a peer that is still sending would be answered by a reset, which could
 * destroy what it has yet to read. So its bytes are read and dropped, for as long as the reactor
 * lets a closing channel linger, and up to a number of bytes.
 */
import type { Reactor } from "iomux";

import type { Served } from "./server-home.ts";

/** Milliseconds between two looks at how much came. */
const LOOK_MS = 100;

/** Answers how to stop that: the connection is closed. */
export function watchLingering(
  connection: Served,
  { reactor, limits }: { readonly reactor: Reactor; readonly limits: { lingerBytes: number } },
): () => void {
  const from = connection.channel.bytesIn;
  const timer = reactor.setTimer(LOOK_MS, () => {
    if (connection.channel.bytesIn - from > limits.lingerBytes) connection.abort();
    else timer.refresh();
  });
  timer.unref();
  return () => void timer.cancel();
}
