/** Closing a reactor: listeners first, then let output drain, then cut off what is left. */
import { BufferedChannel } from "../channel.ts";
import { QueuedDatagram } from "../datagram.ts";
import { formatAddress } from "../address.ts";
import { checkMs, checkOptions } from "../arguments.ts";
import { IomuxError } from "../errors.ts";
import type { ReadySource } from "../registration.ts";
import type { Loop } from "./loop.ts";

/** How long closing a reactor, or a server, may take. */
export interface CloseOptions {
  /** Milliseconds that output may take to leave; then the rest is cut off. Default 2000. */
  readonly drainMs?: number | undefined;
  /**
   * Milliseconds that a peer to whom all output has left may take to end its side too. Default
   * 250: time for most, and no reason to wait for one that never does.
   */
  readonly answerMs?: number | undefined;
}

/** A channel or datagram that was aborted at the deadline. */
export interface CutOff {
  /** The descriptor's number. */
  readonly fd: number;
  /**
   * Its other end, as text: an address, or what a stream is called; `an unknown address` for a
   * datagram without a peer.
   */
  readonly peer: string;
  /** Bytes of output that had not left. */
  readonly queued: number;
}

/** What closing has cost. */
export interface CloseResult {
  /** Those whose last output was lost at the deadline. */
  readonly cutOff: readonly CutOff[];
}

const DRAIN_MS = 2000;
const ANSWER_MS = 250;

/** The times of `close()`, of a reactor and of a server. Throws for what is no such option. */
export function resolveCloseOptions(options: CloseOptions): { drainMs: number; answerMs: number } {
  checkOptions(options);
  const { drainMs = DRAIN_MS, answerMs = ANSWER_MS } = options;
  checkMs(drainMs, "drainMs");
  checkMs(answerMs, "answerMs");
  return { drainMs, answerMs };
}

export async function shutDown(
  loop: Loop,
  drainMs: number,
  answerMs: number,
): Promise<CloseResult> {
  loop.hold(1);
  for (const source of [...loop.open.values()]) {
    if (source instanceof BufferedChannel && source.owner !== null) source.owner.endChannel();
    else source.close();
  }
  const cutOff: CutOff[] = [];
  const letGoAnswered = loop.after(Math.min(answerMs, drainMs), () => {
    for (const channel of channels(loop)) channel.letGoOnceWritten();
  });
  const cutOffRest = loop.after(drainMs, () => {
    for (const source of [...loop.open.values()]) {
      const queued = outputOf(source);
      if (queued === 0) continue;
      const { fd } = source;
      cutOff.push({ fd, queued, peer: peerOf(source as BufferedChannel | QueuedDatagram) });
      source.abort(deadline(fd, queued, drainMs));
    }
  });
  await new Promise<void>((resolve) => {
    loop.onEmpty = resolve;
    loop.schedule();
  });
  loop.onEmpty = null;
  letGoAnswered();
  cutOffRest();
  loop.hold(-1);
  return { cutOff };
}

function channels(loop: Loop): BufferedChannel[] {
  return [...loop.open.values()].filter((source) => source instanceof BufferedChannel);
}

function peerOf(source: BufferedChannel | QueuedDatagram): string {
  if (source instanceof BufferedChannel) return source.peerName;
  return formatAddress(source.remoteAddress);
}

/** Bytes that have still to leave. */
function outputOf(source: ReadySource): number {
  if (source instanceof QueuedDatagram) return source.queued;
  if (!(source instanceof BufferedChannel)) return 0;
  return source.queued + (source.owner?.unsentBytes ?? 0);
}

function deadline(fd: number, queued: number, drainMs: number): Error {
  return new IomuxError(
    "ETIMEDOUT",
    `fd ${fd}: the reactor closed and ${queued} bytes of output had not left after ${drainMs} ms;` +
      ` give close() a longer drainMs`,
    { fd, state: "closing" },
  );
}
