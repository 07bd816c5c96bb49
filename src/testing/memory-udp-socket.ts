/** A raw datagram socket in memory: a peer without a reactor. It sends, and records what comes. */
import type { DatagramAddress, DatagramSink, DatagramSource, ReceivedDatagram } from "iomux";

import type { MemoryDatagram } from "./memory-datagram.ts";

export class MemoryUdpSocket implements DatagramSink {
  /** Everything received so far. */
  readonly received: ReceivedDatagram[] = [];
  /** What the system said of what it has sent. */
  readonly errors: Error[] = [];
  readonly #transport: MemoryDatagram;
  #released = false;

  /** @hidden */
  constructor(transport: MemoryDatagram) {
    this.#transport = transport;
    transport.attach(this);
  }

  /** Where it is bound. */
  get localAddress(): DatagramSource {
    return this.#transport.localAddress;
  }

  /** Whether it is closed, or was given away. */
  get closed(): boolean {
    return this.#released || this.#transport.closed;
  }

  /** Sends one datagram. */
  send(bytes: Uint8Array | string, to: DatagramAddress): void {
    this.#transport.send(Buffer.from(bytes as Uint8Array), to);
  }

  /** Joins a multicast group. */
  joinGroup(group: string): void {
    this.#transport.joinGroup(group);
  }

  /** Closes it, also if a reactor has taken it over. */
  close(): void {
    if (this.#released) this.#transport.closeOutside();
    else this.#transport.close();
  }

  /**
   * Gives the socket away.
   * @hidden
   */
  release(): MemoryDatagram {
    this.#released = true;
    this.#transport.detach();
    return this.#transport;
  }

  onDatagram(bytes: Buffer, from: DatagramSource): void {
    this.received.push({ bytes, from });
  }

  onError(error: Error): void {
    this.errors.push(error);
  }

  onSent(): void {
    return;
  }

  onClosed(): void {
    return;
  }
}
