/** A raw socket in memory: a peer without a reactor. It writes, and records what it hears. */
import { IomuxError, type SocketAddress, type TransportSink } from "iomux";

import type { MemoryTransport } from "./memory-transport.ts";

export class MemorySocket implements TransportSink {
  /** Whether the connection stands or stood. */
  connected: boolean;
  /** Whether the other side has ended. */
  ended = false;
  /** Why it is broken, if it is: `ECONNRESET`, `ECONNREFUSED`, ... */
  error: Error | null = null;
  /** Whether both sides have ended, or it was destroyed. */
  closed = false;
  readonly #transport: MemoryTransport;
  #received: Buffer[] = [];
  #waiting: Uint8Array[] = [];
  #inFlight = false;
  #ending = false;

  constructor(transport: MemoryTransport) {
    this.#transport = transport;
    this.connected = !transport.connecting;
    transport.attach(this);
  }

  /** Its own end. */
  get localAddress(): SocketAddress {
    return this.#transport.localAddress;
  }

  /** The other end. */
  get remoteAddress(): SocketAddress {
    return this.#transport.remoteAddress;
  }

  /** Everything received so far. */
  get received(): Buffer {
    if (this.#received.length > 1) this.#received = [Buffer.concat(this.#received)];
    return this.#received[0] ?? Buffer.alloc(0);
  }

  /** Bytes that could not be sent yet. */
  get queued(): number {
    return this.#waiting.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  /** Sends; what does not fit yet waits, see `queued`. Throws after `end()`, as nothing arrives. */
  write(bytes: Uint8Array | string): void {
    if (this.#ending) {
      throw new IomuxError("IOMUX_CLOSED", "write() after end(): write first, or end(bytes)");
    }
    this.#waiting.push(typeof bytes === "string" ? Buffer.from(bytes) : Buffer.from(bytes));
    this.#flush();
  }

  /** Ends this side after what was written. */
  end(bytes?: Uint8Array | string): void {
    if (bytes !== undefined) this.write(bytes);
    this.#ending = true;
    this.#flush();
  }

  /** Stops reading. */
  pause(): void {
    this.#transport.pause();
  }

  /** Reads again. */
  resume(): void {
    this.#transport.resume();
  }

  /** Resets the connection (SO_LINGER 0 and close). */
  reset(): void {
    this.closed = true;
    this.#transport.reset();
  }

  /** Closes both sides at once, as a process that dies. */
  destroy(): void {
    this.closed = true;
    this.#transport.destroy();
  }

  /** Gives the stream away, with the bytes that were received and not taken. */
  release(): MemoryTransport {
    this.#transport.unread(this.received);
    this.#received = [];
    this.closed = true;
    this.#transport.takeFrom(this);
    return this.#transport;
  }

  /** It has the stream again, and does not read it yet. */
  takeBack(): void {
    this.closed = false;
    this.#transport.attach(this);
    this.#transport.pause();
  }

  #flush(): void {
    if (!this.connected || this.#inFlight || this.closed) return;
    if (this.#waiting.length > 0) {
      const chunks = this.#waiting;
      this.#waiting = [];
      this.#inFlight = !this.#transport.write(chunks);
    }
    if (this.#ending && !this.#inFlight) this.#transport.shutdown();
  }

  /** For its transport. */
  onOpen(): void {
    this.connected = true;
    this.#flush();
  }

  /** For its transport. */
  onBytes(chunk: Buffer): void {
    this.#received.push(chunk);
  }

  onEnd(): void {
    this.ended = true;
  }

  onWritten(): void {
    this.#inFlight = false;
    this.#flush();
  }

  onFailed(error: Error): void {
    this.error = error;
    this.closed = true;
  }

  onFinished(): void {
    this.closed = true;
  }
}
