/** Standard input in memory: a test writes to it, a reactor adopts it, and it outlives that. */
import type { Transport, TransportSink } from "iomux";

import type { MemorySocket } from "./memory-socket.ts";
import type { MemoryTransport } from "./memory-transport.ts";

/** Standard input in memory, which `adopt` takes as it takes `process.stdin`. */
export class MemoryStdin {
  readonly #writer: MemorySocket;
  readonly #transport: MemoryTransport;
  #adopted = false;

  /** `transport` is read by who adopts it; `writer` is its other end. */
  constructor(transport: MemoryTransport, writer: MemorySocket) {
    this.#transport = transport;
    this.#writer = writer;
  }

  /** Bytes that are written and that nobody had room for. */
  get queued(): number {
    return this.#writer.queued;
  }

  /** Somebody types this. */
  write(bytes: Uint8Array | string): void {
    this.#writer.write(bytes);
  }

  /** The end of the input, after what was written. */
  end(bytes?: Uint8Array | string): void {
    this.#writer.end(bytes);
  }

  /** Whether a reactor reads it now. */
  get adopted(): boolean {
    return this.#adopted;
  }

  /** It is adopted. */
  take(): Transport {
    this.#adopted = true;
    return new StdinTransport(this.#transport, () => {
      this.#adopted = false;
    });
  }
}

class StdinTransport implements Transport {
  readonly connecting = false;
  readonly localAddress = null;
  readonly remoteAddress = null;
  readonly readOnly = true;
  readonly certainEnds = true;
  readonly name = "stdin";
  readonly #transport: MemoryTransport;
  readonly #released: () => void;

  constructor(transport: MemoryTransport, released: () => void) {
    this.#transport = transport;
    this.#released = released;
  }

  attach(sink: TransportSink): void {
    this.#transport.attach(sink);
  }

  write(): boolean {
    return false;
  }

  pause(): void {
    this.#transport.pause();
  }

  resume(): void {
    this.#transport.resume();
  }

  shutdown(): void {
    return;
  }

  destroy(): void {
    return;
  }

  reset(): void {
    return;
  }

  release(unread: readonly Buffer[]): void {
    this.#transport.detach();
    this.#transport.unread(Buffer.concat(unread));
    this.#released();
  }
}
