/** Closing a reactor: listeners first, then let output drain, then cut off what is left. */
import type { BufferedChannel } from "../channel.ts";
import { formatAddress } from "../address.ts";
import { IomuxError } from "../errors.ts";
import type { Loop } from "./loop.ts";

export interface CloseOptions {
  /** Milliseconds that output may take to leave and peers to answer our end. Default 2000. */
  readonly drainMs?: number | undefined;
}

/** A channel that was aborted at the deadline. */
export interface CutOff {
  readonly fd: number;
  /** Its other end, as text. */
  readonly peer: string;
  /** Bytes of output that had not left. 0: only the peer's own end was missing. */
  readonly queued: number;
}

export interface CloseResult {
  readonly cutOff: readonly CutOff[];
}

export const DRAIN_MS = 2000;

export async function shutDown(loop: Loop, drainMs: number): Promise<CloseResult> {
  for (const source of [...loop.open.values()]) source.close();
  const cutOff: CutOff[] = [];
  await new Promise<void>((resolve) => {
    const cancel = loop.after(drainMs, () => {
      for (const source of [...loop.open.values()]) {
        if (source.kind !== "channel") continue;
        const { fd, queued, remoteAddress } = source as BufferedChannel;
        cutOff.push({ fd, queued, peer: formatAddress(remoteAddress) });
        source.abort(queued === 0 ? undefined : deadline(fd, queued, drainMs));
      }
    });
    loop.onEmpty = () => {
      loop.onEmpty = null;
      cancel();
      resolve();
    };
    loop.schedule();
  });
  return { cutOff };
}

function deadline(fd: number, queued: number, drainMs: number): Error {
  return new IomuxError(
    "ETIMEDOUT",
    `fd ${fd}: the reactor closed and ${queued} bytes of output had not left after ${drainMs} ms; ` +
      `give close() a longer drainMs`,
    { fd, state: "closing" },
  );
}
