/** `release()` of a channel: its stream goes to somebody else once the output has left. */
import type { Readable, Writable } from "node:stream";

import type { ByteQueue } from "./bytes/byte-queue.ts";
import { checkReleasable, endHasPassed } from "./channel-errors.ts";
import type { BufferedChannel } from "./channel.ts";

export class HandOver {
  /** Whether the stream is somebody else's by now. */
  done = false;
  readonly promise: Promise<Readable | Writable>;
  #resolve!: (stream: Readable | Writable) => void;
  #reject!: (error: Error) => void;

  /** Puts `unread` back. Throws, and leaves everything as it was, if that cannot be. */
  constructor(channel: BufferedChannel, unread: ByteQueue) {
    const { transport } = channel;
    checkReleasable(channel, transport);
    const size = unread.length;
    const chunks = unread.takeAll();
    if (!transport.putBack!(chunks)) {
      for (const chunk of chunks) unread.push(chunk);
      throw endHasPassed(channel);
    }
    channel.host.budget.remove(size);
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Who has dropped the promise finds the error in `channel.error`; the process goes on.
    this.promise.catch(() => undefined);
  }

  finish(channel: BufferedChannel): void {
    this.done = true;
    this.#resolve(channel.transport.handOver!() as Readable | Writable);
    channel.finalize();
  }

  /** The channel has ended otherwise. */
  fail(error: Error): void {
    if (!this.done) this.#reject(error);
  }
}
