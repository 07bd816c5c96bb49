/**
 * A transport over `net.Socket`.
 *
 * Node reports a reset that it collects together with data as a clean end of stream. So the end is
 * confirmed before it is told: while our side is open and idle, an empty write answers ECONNRESET
 * after a reset and succeeds after a FIN; while a write is in flight, that write fails before the
 * next immediate. Unix-domain sockets answer EPIPE either way: their end stays unconfirmed.
 *
 * The listeners are shared by all sockets and find their transport by a symbol on the socket,
 * which costs a connection no closures.
 */
import type { Socket } from "node:net";

import type { SocketAddress } from "../address.ts";
import type { Transport, TransportSink } from "../network.ts";
import { closedOutside, connectionError, setupError } from "./connection-error.ts";
import { addressOf } from "./socket-address.ts";

const TRANSPORT = Symbol("iomux.transport");
const EMPTY = Buffer.alloc(0);

type Tagged = Socket & { [TRANSPORT]?: SocketTransport };

export class SocketTransport implements Transport {
  readonly connecting: boolean;
  readonly #socket: Tagged;
  readonly #unix: boolean;
  readonly #target: string;
  #sink: TransportSink | null = null;
  #ended = false;
  #shut = false;
  /** Writes that completed at once; their callbacks come later and mean nothing. */
  #completedEarly = 0;
  #inFlight = false;
  #confirming = false;
  #open = false;
  #failure: Error | null = null;
  #onWritten: ((error?: Error | null) => void) | null = null;

  /** `target`: what is being connected to, for a message if that fails. */
  constructor(socket: Socket, unix: boolean, target = "") {
    this.#socket = socket;
    this.#unix = unix;
    this.#target = target;
    this.connecting = socket.connecting;
    this.#socket[TRANSPORT] = this;
    socket.on("error", onError);
    if (!this.connecting) this.#opened();
  }

  /** Node forgets the addresses after a reset unless they were asked for before. */
  #opened(): void {
    this.#open = true;
    void this.#socket.remoteAddress;
    void this.#socket.localAddress;
    this.#socket.unref();
  }

  get localAddress(): SocketAddress | null {
    return addressOf(this.#socket, "local", this.#unix);
  }

  get remoteAddress(): SocketAddress | null {
    return addressOf(this.#socket, "remote", this.#unix);
  }

  attach(sink: TransportSink): void {
    this.#sink = sink;
    if (this.#failure !== null || this.#socket.destroyed) {
      this.#fail(this.#failure ?? closedOutside());
      return;
    }
    const socket = this.#socket;
    if (this.connecting) socket.once("connect", onConnect);
    socket.on("end", onEnd);
    socket.on("close", onClose);
    socket.on("data", onData);
    if (socket.isPaused()) socket.resume();
  }

  write(chunks: readonly Uint8Array[]): boolean {
    const socket = this.#socket;
    if (socket.destroyed) return false;
    this.#onWritten ??= () => {
      this.#written();
    };
    this.#inFlight = true;
    if (chunks.length === 1) {
      socket.write(chunks[0]!, this.#onWritten);
    } else {
      socket.cork();
      const last = chunks.length - 1;
      for (let i = 0; i < last; i++) socket.write(chunks[i]!);
      socket.write(chunks[last]!, this.#onWritten);
      socket.uncork();
    }
    if (socket.writableLength !== 0 || socket.destroyed) return false;
    this.#inFlight = false;
    this.#completedEarly++;
    return true;
  }

  #written(): void {
    if (this.#completedEarly > 0) {
      this.#completedEarly--;
      return;
    }
    if (!this.#inFlight || this.#socket.destroyed) return;
    this.#inFlight = false;
    this.#sink?.onWritten();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  shutdown(): void {
    this.#shut = true;
    this.#socket.end();
  }

  destroy(): void {
    this.#sink = null;
    this.#socket.destroy();
  }

  /** A socket whose FIN is still to leave, and one of the Unix family, knows no reset. */
  reset(): void {
    this.#sink = null;
    const socket = this.#socket;
    const pendingFin = socket.writableEnded && !socket.writableFinished;
    if (this.#unix || socket.connecting || socket.destroyed || pendingFin) socket.destroy();
    else socket.resetAndDestroy();
  }

  // What the socket tells, by the listeners below.

  connected(): void {
    this.#opened();
    this.#sink?.onOpen();
  }

  data(chunk: Buffer): void {
    this.#sink?.onBytes(chunk);
  }

  end(): void {
    const socket = this.#socket;
    if (this.#unix || this.#shut || socket.writableEnded) this.#tellEnd(false);
    else if (socket.writableLength > 0) setImmediate(() => this.#tellEnd(true));
    else {
      this.#confirming = true;
      socket.write(EMPTY, (error) => {
        this.#confirming = false;
        if (error === null || error === undefined) this.#tellEnd(true);
      });
    }
  }

  #tellEnd(confirmed: boolean): void {
    this.#ended = true;
    this.#sink?.onEnd(confirmed);
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
    else sink.onFailed(closedOutside());
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

function onConnect(this: Tagged): void {
  this[TRANSPORT]!.connected();
}

function onData(this: Tagged, chunk: Buffer): void {
  this[TRANSPORT]!.data(chunk);
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
