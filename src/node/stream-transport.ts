/**
 * A transport over a `Readable` that is no socket of ours: a file, bytes made by a program, and
 * standard input, whatever that is. It can only be read.
 *
 * Standard input is the whole process's and outlives its channel: it is never destroyed. What its
 * channel had read ahead is put back for whoever reads next.
 *
 * The listeners are shared by all streams and find their transport by a symbol on the stream.
 */
import { fstatSync } from "node:fs";
import type { Readable } from "node:stream";

import type { Transport, TransportSink } from "../network.ts";
import { closedOutside, streamError } from "./connection-error.ts";

const TRANSPORT = Symbol("iomux.transport");

type Tagged = Readable & {
  [TRANSPORT]?: StreamTransport | undefined;
  ref?(): void;
  unref?(): void;
};

export class StreamTransport implements Transport {
  readonly connecting = false;
  readonly localAddress = null;
  readonly remoteAddress = null;
  readonly readOnly = true;
  readonly name: string;
  protected readonly stream: Tagged;
  protected sink: TransportSink | null = null;
  readonly #endCertain: boolean;
  #ended = false;

  constructor(stream: Readable, name: string) {
    this.stream = stream;
    this.name = name;
    this.#endCertain = endIsCertain(stream);
    this.stream[TRANSPORT] = this;
    stream.on("error", onError);
  }

  attach(sink: TransportSink): void {
    this.sink = sink;
    const stream = this.stream;
    stream.on("end", onEnd);
    stream.on("close", onClose);
    stream.on("data", onData);
    stream.resume();
    // The reactor's clock keeps the process alive; only sockets and terminals would do so too.
    stream.unref?.();
  }

  write(): boolean {
    return false;
  }

  pause(): void {
    this.stream.pause();
  }

  resume(): void {
    this.stream.resume();
  }

  shutdown(): void {
    return;
  }

  destroy(): void {
    this.sink = null;
    this.stream.destroy();
  }

  reset(): void {
    this.destroy();
  }

  /** Takes the listeners off. */
  protected detach(): void {
    this.sink = null;
    const stream = this.stream;
    stream[TRANSPORT] = undefined;
    stream.off("data", onData);
    stream.off("end", onEnd);
    stream.off("close", onClose);
    stream.off("error", onError);
  }

  // What the stream tells, by the functions below.

  bytes(chunk: Buffer): void {
    this.sink?.onBytes(chunk);
  }

  end(): void {
    this.#ended = true;
    this.sink?.onEnd(this.#endCertain);
  }

  error(error: Error): void {
    const sink = this.sink;
    this.destroy();
    sink?.onFailed(streamError(error, this.name));
  }

  close(): void {
    const sink = this.sink;
    if (this.#ended || sink === null) return;
    this.sink = null;
    sink.onFailed(closedOutside("stream", "channel"));
  }
}

/** Standard input, which nothing of ours destroys. */
export class StdinTransport extends StreamTransport {
  constructor(stdin: Readable) {
    super(stdin, "stdin");
  }

  override destroy(): void {
    this.sink = null;
  }

  /**
   * Paused last, and after a resume(): what was put back makes Node read ahead, which would keep
   * the process alive, and a "pause" that is told makes `process.stdin` stop that.
   */
  release(unread: readonly Buffer[]): void {
    this.detach();
    const { stream } = this;
    if (stream.destroyed) return;
    for (const chunk of unread.toReversed()) if (!stream.readableEnded) stream.unshift(chunk);
    stream.resume();
    stream.pause();
    stream.ref?.();
  }
}

/**
 * What a file, a pipe or a terminal has held is all there when it ends. A socket that ends may have
 * been reset (see socket-transport.ts), and one that cannot be written to cannot be asked.
 */
function endIsCertain(stream: Readable): boolean {
  const { fd } = stream as { fd?: unknown };
  if (typeof fd !== "number") return true;
  try {
    return !fstatSync(fd).isSocket();
  } catch {
    return false;
  }
}

function onData(this: Tagged, chunk: Buffer): void {
  this[TRANSPORT]!.bytes(chunk);
}

function onEnd(this: Tagged): void {
  this[TRANSPORT]!.end();
}

function onError(this: Tagged, error: Error): void {
  this[TRANSPORT]!.error(error);
}

function onClose(this: Tagged): void {
  this[TRANSPORT]!.close();
}
