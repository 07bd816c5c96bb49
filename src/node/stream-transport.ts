/**
 * A transport over a stream that is no socket of ours: a file, a child's stdin, bytes made by a
 * program, zlib and any other `Duplex`, and the standard streams of the process, whatever those are.
 * It may have a side to read, a side to write, or both; each ends by itself.
 *
 * Standard input and output are the whole process's and outlive their channels: they are neither
 * ended nor destroyed. What the channel of standard input had read ahead is put back for whoever
 * reads next.
 *
 * The listeners are shared by all streams and find their transport by a symbol on the stream.
 */
import { fstatSync } from "node:fs";
import { Socket } from "node:net";
import { finished, type Duplex, type Readable, type Writable } from "node:stream";

import { asError } from "../errors.ts";
import type { Transport, TransportSink } from "../network.ts";
import { closedOutside, encodingSet, readerGone, streamError } from "./connection-error.ts";

const TRANSPORT = Symbol("iomux.transport");

/** Which sides it has, and what it is called. */
export interface StreamSides {
  readonly readable: boolean;
  readonly writable: boolean;
  readonly name: string;
}

type Tagged = Duplex & {
  [TRANSPORT]?: StreamTransport | undefined;
  ref?(): void;
  unref?(): void;
};

export class StreamTransport implements Transport {
  readonly connecting = false;
  readonly localAddress = null;
  readonly remoteAddress = null;
  readonly name: string;
  readonly readOnly: boolean;
  readonly writeOnly: boolean;
  readonly certainEnds: boolean;
  protected readonly stream: Tagged;
  protected sink: TransportSink | null = null;
  readonly #what: string;
  readonly #halfOpenBefore: boolean;
  #shut = false;
  /** Whether its readable side has ended, or was never there; the same for the writable one. */
  #ended: boolean;
  #finished: boolean;

  constructor(stream: Readable | Writable, { readable, writable, name }: StreamSides) {
    this.stream = stream as Tagged;
    this.name = name;
    this.#what = !writable ? `reading ${name}` : !readable ? `writing to ${name}` : name;
    this.readOnly = !writable;
    this.writeOnly = !readable;
    this.#ended = !readable;
    this.#finished = !writable;
    this.certainEnds = endIsCertain(stream);
    this.#halfOpenBefore = this.stream.allowHalfOpen;
    if (readable && writable) this.stream.allowHalfOpen = true;
    this.stream[TRANSPORT] = this;
    stream.on("error", onError);
  }

  attach(sink: TransportSink): void {
    this.sink = sink;
    const stream = this.stream;
    stream.on("close", onClose);
    if (!this.readOnly) stream.on("finish", onFinish);
    if (!this.writeOnly) {
      stream.on("end", onEnd);
      stream.on("data", onData);
      stream.resume();
    }
    // The reactor's clock keeps the process alive; only sockets and terminals would do so too.
    stream.unref?.();
  }

  /**
   * The bytes are copied: a stream may keep what it was given for as long as it likes, and hand on
   * the very same memory, as a PassThrough does.
   */
  write(bytes: Uint8Array | readonly Uint8Array[]): boolean {
    const copy = bytes instanceof Uint8Array ? Buffer.from(bytes) : Buffer.concat(bytes);
    try {
      this.stream.write(copy, (error) => {
        if (error === null || error === undefined) this.sink?.onWritten();
      });
    } catch (thrown) {
      // A stream whose `_write` throws, as that of a stdout that is a full file does.
      process.nextTick(() => {
        this.error(asError(thrown));
      });
    }
    return false;
  }

  pause(): void {
    this.stream.pause();
  }

  resume(): void {
    this.stream.resume();
  }

  shutdown(): void {
    this.#shut = true;
    this.stream.end();
  }

  destroy(): void {
    this.sink = null;
    this.stream.destroy();
  }

  reset(): void {
    this.destroy();
  }

  putBack(unread: readonly Buffer[]): boolean {
    const stream = this.stream;
    if (this.writeOnly) return true;
    if (unread.length > 0 && stream.readableEnded) return false;
    stream.off("data", onData);
    stream.off("end", onEnd);
    stream.pause();
    for (const chunk of unread.toReversed()) stream.unshift(chunk);
    return true;
  }

  handOver(): Readable | Writable {
    this.sink = null;
    const stream = this.stream;
    stream[TRANSPORT] = undefined;
    stream.off("data", onData);
    stream.off("end", onEnd);
    stream.off("finish", onFinish);
    stream.off("close", onClose);
    stream.off("error", onError);
    if (!this.readOnly && !this.writeOnly) stream.allowHalfOpen = this.#halfOpenBefore;
    stream.ref?.();
    return stream;
  }

  // What the stream tells, by the functions below.

  bytes(chunk: Buffer | string): void {
    if (typeof chunk === "string") this.#fail(encodingSet(this.#what));
    else this.sink?.onBytes(chunk);
  }

  end(): void {
    this.#ended = true;
    this.sink?.onEnd(this.certainEnds);
    this.#endBoth();
  }

  finish(): void {
    this.#finished = true;
    if (this.#shut) this.#endBoth();
    else this.#fail(closedOutside("stream", "channel"));
  }

  /**
   * A stream that is closed late, as a file may be, can still fail then. Only of its writable side
   * does Node know that it waits for a close that is never told.
   */
  #endBoth(): void {
    if (this.readOnly || !this.#ended || !this.#finished) return;
    finished(this.stream, { readable: false }, (error) => {
      if (error) this.error(error);
      const sink = this.sink;
      this.sink = null;
      sink?.onFinished();
    });
    this.stream.destroy();
  }

  error(error: Error): void {
    this.#drain();
    this.#fail(streamError(error, this.#what));
  }

  #fail(error: Error): void {
    const sink = this.sink;
    this.destroy();
    sink?.onFailed(error);
  }

  /** Bytes that the stream held back when it failed are still there. */
  #drain(): void {
    while (this.sink !== null && this.stream.readableLength > 0) {
      const chunk = this.stream.read() as Buffer | string | null;
      if (chunk === null) return;
      this.bytes(chunk);
    }
  }

  /** A child's stdin is closed by Node when the child ends. */
  close(): void {
    if (this.sink === null || (this.#ended && this.#finished)) return;
    const { stream } = this;
    const pipe = this.writeOnly && stream instanceof Socket;
    this.#fail(pipe ? readerGone(this.#what) : closedOutside("stream", "channel"));
  }
}

/** Standard input, which nothing of ours destroys. */
export class StdinTransport extends StreamTransport {
  constructor(stdin: Readable) {
    super(stdin, { readable: true, writable: false, name: "stdin" });
  }

  override destroy(): void {
    this.sink = null;
  }

  /**
   * Paused last, and after a resume(): what was put back makes Node read ahead, which would keep
   * the process alive, and a "pause" that is told makes `process.stdin` stop that.
   */
  override putBack(unread: readonly Buffer[]): boolean {
    if (!super.putBack(unread)) return false;
    this.stream.resume();
    this.stream.pause();
    return true;
  }

  /** Bytes that came before an end that has passed cannot be put back. */
  release(unread: readonly Buffer[]): void {
    const { stream } = this;
    if (!stream.destroyed) this.putBack(stream.readableEnded ? [] : unread);
    this.handOver();
  }
}

/** Standard output or standard error, which nothing of ours ends or destroys. */
export class StdoutTransport extends StreamTransport {
  constructor(stdout: Writable, name: string) {
    super(stdout, { readable: false, writable: true, name });
  }

  override shutdown(): void {
    process.nextTick(() => {
      const sink = this.sink;
      this.sink = null;
      sink?.onFinished();
    });
  }

  override destroy(): void {
    this.sink = null;
  }

  release(): void {
    this.handOver();
  }
}

/**
 * What a file, a pipe, a terminal or a program has held is all there when it ends. A socket that
 * ends may have been reset (see socket-transport.ts), and one that cannot be written to cannot be
 * asked.
 */
function endIsCertain(stream: object): boolean {
  const { fd } = stream as { fd?: unknown };
  if (typeof fd !== "number") return !(stream instanceof Socket);
  try {
    return !fstatSync(fd).isSocket();
  } catch {
    return false;
  }
}

function onData(this: Tagged, chunk: Buffer | string): void {
  this[TRANSPORT]!.bytes(chunk);
}

function onEnd(this: Tagged): void {
  this[TRANSPORT]!.end();
}

function onFinish(this: Tagged): void {
  this[TRANSPORT]!.finish();
}

function onError(this: Tagged, error: Error): void {
  this[TRANSPORT]!.error(error);
}

function onClose(this: Tagged): void {
  this[TRANSPORT]!.close();
}
