/** A message port in memory: for a reactor that adopts it, or by itself, as the other end. */
import type { MessageSink, MessageTransport } from "iomux";

import type { SimulatedClock } from "./simulated-clock.ts";

const UNREADABLE = Symbol("unreadable");

export class MemoryPort implements MessageTransport {
  readonly name = "port";
  /** Whether this end was closed, or has heard that the other one was. */
  closed = false;
  readonly #clock: SimulatedClock;
  #peer!: MemoryPort;
  #sink: MessageSink | null = null;
  #waiting: unknown[] = [];
  #peerClosed = false;
  #paused = false;

  private constructor(clock: SimulatedClock) {
    this.#clock = clock;
  }

  /** Two ports that are connected with each other. */
  static pair(clock: SimulatedClock): [MemoryPort, MemoryPort] {
    const left = new MemoryPort(clock);
    const right = new MemoryPort(clock);
    left.#peer = right;
    right.#peer = left;
    return [left, right];
  }

  /** Whether a reactor has it. */
  get adopted(): boolean {
    return this.#sink !== null;
  }

  /** What came and was not told to a reactor. */
  get received(): readonly unknown[] {
    return this.#waiting;
  }

  attach(sink: MessageSink): void {
    this.#sink = sink;
    this.#tellLater();
  }

  post(value: unknown, transfer: readonly unknown[] = []): void {
    const copy = structuredClone(value, { transfer: transfer as ArrayBuffer[] });
    if (this.closed) return;
    this.#peer.#waiting.push(copy);
    this.#peer.#tellLater();
  }

  /** A message that the other end cannot read. */
  postUnreadable(): void {
    this.#peer.#waiting.push(UNREADABLE);
    this.#peer.#tellLater();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#tellLater();
  }

  close(): void {
    this.closed = true;
    this.#sink = null;
    this.#peer.#peerClosed = true;
    this.#peer.#tellLater();
  }

  #tellLater(): void {
    this.#clock.post(() => {
      this.#tell();
    });
  }

  #tell(): void {
    while (this.#sink !== null && !this.#paused && this.#waiting.length > 0) {
      const value = this.#waiting.shift();
      if (value === UNREADABLE) this.#sink.onBadMessage(new Error("it could not be copied"));
      else this.#sink.onMessage(value);
    }
    const behind = this.#paused || (this.#sink !== null && this.#waiting.length > 0);
    if (!this.#peerClosed || this.closed || behind) return;
    this.closed = true;
    this.#sink?.onFinished();
  }
}
