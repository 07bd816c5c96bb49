/**
 * A transport over `net.Socket`.
 *
 * Node reports a reset that it collects together with data as a clean end of stream. So the end is
 * confirmed before it is told: while our side is open and idle, an empty write answers ECONNRESET
 * after a reset and succeeds after a FIN; while a write is in flight, that write fails before the
 * next immediate. Unix-domain sockets answer EPIPE either way: their end stays unconfirmed.
 *
 * The channel above has bounded queues of its own, so the ones of Node's streams are passed by:
 * `push`, which the socket calls with what it has read, is answered here, and `_read`, `_write` and
 * `_writev` are called as the stream machinery would. It saves a third of the time spent in
 * JavaScript for a small message, and makes stopping to read exact: there is no second buffer.
 * Where the machinery holds bytes already (an adopted socket), or the socket is still connecting,
 * it is used until it is empty. See docs/decisions/ and test/node/node-facts.test.ts.
 *
 * The listeners are shared by all sockets and find their transport by a symbol on the socket,
 * which costs a connection no closures.
 */
import { Readable } from "node:stream";
import type { Socket } from "node:net";

import type { SocketAddress } from "../address.ts";
import type { Transport, TransportSink } from "../network.ts";
import { closedOutside, connectionError, setupError } from "./connection-error.ts";
import { readAsWithoutBuffer, readIntoSharedBuffer, SMALL_READ_BYTES } from "./read-buffer.ts";
import { addressOf } from "./socket-address.ts";
import { nextImmediate } from "./system-clock.ts";

const TRANSPORT = Symbol("iomux.transport");
const EMPTY = Buffer.alloc(0);

/** So many small reads in a row make a connection one of small messages. */
const SMALL_READS = 16;

type Tagged = Socket & { [TRANSPORT]?: SocketTransport | undefined };

export class SocketTransport implements Transport {
  readonly connecting: boolean;
  readonly securable: boolean = true;
  localAddress: SocketAddress | null = null;
  /** What `allowHalfOpen` of the socket was, for when it is given back. */
  halfOpenBefore = true;
  readonly #socket: Tagged;
  readonly #target: string;
  #unix: boolean;
  #sink: TransportSink | null = null;
  #reading = false;
  #ended = false;
  #shut = false;
  #inFlight = false;
  /** Small reads in a row, up to `SMALL_READS`. */
  #smallReads = 0;
  /** Whether the machinery may still hold bytes to write. */
  #behind = true;
  /** Inside the call that writes: a completion that comes now is the call's answer. */
  #writing = false;
  #confirming = false;
  #open = false;
  #failure: Error | null = null;
  /** On TLS: whether the peer has said that this is the end. */
  protected closeNotify: boolean | null = null;

  /**
   * `unix`: whether it is known to be of the Unix family; `target`: what is being connected to, for
   * a message if that fails; `local`: the near address, where it is known and can be shared.
   */
  constructor(socket: Socket, unix: boolean, target = "", local: SocketAddress | null = null) {
    this.#socket = socket;
    this.#unix = unix;
    this.#target = target;
    this.localAddress = local;
    this.connecting = socket.connecting;
    this.#socket[TRANSPORT] = this;
    socket.on("error", onError);
    if (!this.connecting) this.#opened();
  }

  /**
   * Node forgets the addresses of a socket that is reset or closed. Only the near end's
   * tells the families apart: a reset that came before has taken the far end's.
   */
  #opened(): void {
    this.#open = true;
    if (this.localAddress === null) this.#unix ||= this.#socket.localAddress === undefined;
    this.localAddress ??= addressOf(this.#socket, "local", this.#unix);
    // Asked for once, Node keeps the far address for good.
    void addressOf(this.#socket, "remote", this.#unix);
    this.#socket.unref();
  }

  get remoteAddress(): SocketAddress | null {
    return addressOf(this.#socket, "remote", this.#unix);
  }

  attach(sink: TransportSink): void {
    this.#sink = sink;
    const socket = this.#socket;
    if (this.#failure !== null || socket.destroyed) {
      this.#fail(this.#failure ?? closedOutside("socket", "channel"));
      return;
    }
    this.#reading = true;
    if (this.connecting) socket.once("connect", onConnect);
    socket.on("end", onEnd);
    socket.on("close", onClose);
    socket.on("data", onData);
    if (socket.readableLength === 0) socket.push = push;
    if (socket.isPaused()) socket.resume();
    // A TLS socket is read before it is attached; one that is empty tells of its end at once.
    if (socket.readableEnded) {
      nextImmediate(() => {
        this.end();
      });
    }
  }

  write(bytes: Uint8Array | readonly Uint8Array[]): boolean {
    const socket = this.#socket;
    // A new one each time, so that a connection that is idle has none.
    const onWritten = (error?: Error | null): void => {
      this.#written(error ?? null);
    };
    this.#inFlight = true;
    this.#writing = true;
    if (this.#behind) this.#behind = socket.writableLength > 0;
    if (this.#behind) writeBehind(socket, bytes, onWritten);
    else if (bytes instanceof Uint8Array) socket._write(bytes, BYTES, onWritten);
    else socket._writev!(bytes.map(toEntry), onWritten);
    this.#writing = false;
    return !this.#inFlight;
  }

  #written(error: Error | null): void {
    if (error !== null) {
      this.#socket.destroy(error);
      return;
    }
    if (!this.#inFlight) return;
    this.#inFlight = false;
    if (!this.#writing) this.#sink?.onWritten();
  }

  pause(): void {
    this.#reading = false;
    if (this.#socket.push !== push) this.#socket.pause();
  }

  resume(): void {
    if (this.#reading) return;
    this.#reading = true;
    const socket = this.#socket;
    if (socket.push !== push) socket.resume();
    else if (!socket.destroyed) socket._read(0);
  }

  shutdown(): void {
    this.#shut = true;
    this.#socket.end();
  }

  destroy(): void {
    this.#sink = null;
    this.#socket.destroy();
  }

  /** The socket that is the connection. */
  protected get wire(): Socket {
    return this.#socket;
  }

  /** Called at the very moment at which the socket learns of the end. */
  noteEnd(): void {
    return;
  }

  /** A socket whose FIN is still to leave, and what is no TCP underneath, knows no reset. */
  reset(): void {
    this.#sink = null;
    const socket = this.#socket;
    const pendingFin = socket.writableEnded && !socket.writableFinished;
    if (this.#unix || socket.connecting || socket.destroyed || pendingFin) {
      socket.destroy();
      return;
    }
    try {
      this.wire.resetAndDestroy();
    } catch {
      socket.destroy();
    }
  }

  /**
   * The machinery takes over from `push`. It believes that it waits for what `_read` was asked for;
   * an empty piece ends that, else it would never read again.
   */
  putBack(unread: readonly Buffer[]): boolean {
    const socket = this.#socket;
    if (unread.length > 0 && socket.readableEnded) return false;
    socket.off("data", onData);
    socket.off("end", onEnd);
    socket.pause();
    if (socket.push === push) {
      delete (socket as Partial<Tagged>).push;
      socket.push(EMPTY);
    }
    for (const chunk of unread.toReversed()) socket.unshift(chunk);
    return true;
  }

  handOver(): Socket {
    this.#sink = null;
    const socket = this.#socket;
    socket.off("close", onClose);
    socket.off("error", onError);
    socket[TRANSPORT] = undefined;
    socket.allowHalfOpen = this.halfOpenBefore;
    readAsWithoutBuffer(socket);
    socket.ref();
    return socket;
  }

  // What the socket tells, by the functions below.

  connected(): void {
    this.#opened();
    this.#sink?.onOpen();
  }

  /** Bytes from the network. False stops the reading. */
  bytes(chunk: Buffer): boolean {
    // Before anybody hears of it: in a turn that this begins the socket may get another owner.
    if (this.#smallReads < SMALL_READS) this.#noteRead(chunk.length);
    this.#sink?.onBytes(chunk);
    return this.#reading;
  }

  #noteRead(size: number): void {
    if (size > SMALL_READ_BYTES || !this.securable) this.#smallReads = 0;
    else if (++this.#smallReads === SMALL_READS) readIntoSharedBuffer(this.#socket);
  }

  end(): void {
    const unknowable = this.#unix || this.#shut || this.#socket.writableEnded;
    if (unknowable || this.closeNotify === true) this.#tellEnd(false);
    else if (this.#inFlight || this.#socket.writableLength > 0) {
      nextImmediate(() => {
        this.#tellEnd(true);
      });
    } else this.#confirmEnd();
  }

  #confirmEnd(): void {
    this.#confirming = true;
    this.wire._write(EMPTY, BYTES, (error) => {
      if (error !== null && error !== undefined) {
        this.#socket.destroy(error);
        return;
      }
      this.#confirming = false;
      this.#tellEnd(true);
    });
  }

  #tellEnd(confirmed: boolean): void {
    this.#ended = true;
    this.#sink?.onEnd(this.closeNotify ?? confirmed);
  }

  error(error: Error): void {
    this.#failure ??= error;
    this.#drain();
    this.#fail(error);
  }

  close(): void {
    const sink = this.#sink;
    this.#sink = null;
    if (sink === null) return;
    if (this.#ended && this.#shut) sink.onFinished();
    else sink.onFailed(closedOutside("socket", "channel"));
  }

  /** Bytes that Node had taken from the kernel, and not told of, are still there when it fails. */
  #drain(): void {
    const socket = this.#socket;
    while (this.#sink !== null && socket.readableLength > 0) {
      const chunk = socket.read() as Buffer | null;
      if (chunk === null) return;
      this.#sink.onBytes(chunk);
    }
  }

  #fail(error: Error): void {
    const sink = this.#sink;
    this.#sink = null;
    sink?.onFailed(
      this.#open
        ? connectionError(error, this.remoteAddress, this.#confirming)
        : setupError(error, "connect to", this.#target),
    );
  }
}

/** The machinery's name for "these are bytes"; its type only knows the encodings of strings. */
const BYTES = "buffer" as BufferEncoding;

function toEntry(chunk: Uint8Array): { chunk: Uint8Array; encoding: BufferEncoding } {
  return { chunk, encoding: BYTES };
}

/** Writes behind what the stream machinery still holds. */
function writeBehind(
  socket: Socket,
  bytes: Uint8Array | readonly Uint8Array[],
  done: (error?: Error | null) => void,
): void {
  const chunks = bytes instanceof Uint8Array ? [bytes] : bytes;
  const last = chunks.length - 1;
  chunks.forEach((chunk, place) => socket.write(chunk, place === last ? done : undefined));
}

/** In place of `Readable.push`: bytes go to the transport, the end takes the usual way. */
function push(this: Tagged, chunk: Buffer | null, encoding?: BufferEncoding): boolean {
  if (chunk === null) {
    this[TRANSPORT]!.noteEnd();
    return Readable.prototype.push.call(this, null, encoding);
  }
  return this[TRANSPORT]!.bytes(chunk);
}

function onConnect(this: Tagged): void {
  this[TRANSPORT]!.connected();
}

/** What the machinery held when the socket was adopted; once it is empty, it is passed by. */
function onData(this: Tagged, chunk: Buffer): void {
  this[TRANSPORT]!.bytes(chunk);
  if (this.readableLength === 0 && !this.isPaused()) this.push = push;
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
