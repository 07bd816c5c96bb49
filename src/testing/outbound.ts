/** What an end of a stream sends: its send buffer, the link behind it, and the account of both. */
import type { EndSettings } from "./end-settings.ts";
import { KernelBuffer } from "./kernel-buffer.ts";
import { DIRECT, type Link, type Segment } from "./link.ts";
import type { Discard, StreamAccount } from "./stream-account.ts";

/** The most that one I/O event delivers, as libuv's reads. */
const READ_BYTES = 64 * 1024;
const NOTHING = Buffer.alloc(0);

export class Outbound {
  readonly account: StreamAccount;
  readonly #link: Link;
  readonly #capacity: number;
  readonly #buffer = new KernelBuffer();

  constructor({ account, link = DIRECT, sendCapacity = 0 }: EndSettings) {
    this.account = account;
    this.#link = link;
    this.#capacity = sendCapacity;
  }

  /** Bytes that have not left. */
  get length(): number {
    return this.#buffer.length;
  }

  /** Bytes on the link. */
  get travelling(): number {
    return this.account.travelling;
  }

  /** Whether a part of them is not the system's yet. */
  get overfull(): boolean {
    return this.#buffer.length > this.#capacity;
  }

  /** Copied, because what is in the send buffer is no longer the writer's. */
  push(chunks: readonly Uint8Array[]): void {
    for (const chunk of chunks) {
      this.account.send(chunk.length);
      this.#buffer.push(Buffer.from(chunk));
    }
  }

  /**
   * The least room that is used: for all that is left, a read's worth, or half the window. Who fills
   * every byte of it at once is left with segments of a byte (RFC 1122, 4.2.3.4: the silly window).
   */
  leastRoom(window: number): number {
    return Math.min(this.length, READ_BYTES, Math.ceil(window / 2));
  }

  /** Sends a segment of at most `room` bytes. There must be some. */
  sendData(room: number, arrive: (bytes: Buffer) => void): void {
    const most = Math.min(room, this.#buffer.first);
    const part = this.#buffer.take(this.#link.segment(most));
    const place = this.account.depart(part.length);
    this.#link.carry("data", part, (bytes) => {
      this.account.arrive(place, bytes.length);
      arrive(bytes);
    });
  }

  /** Sends what has no bytes. */
  send(what: Segment, arrive: () => void): void {
    this.#link.carry(what, NOTHING, arrive);
  }

  /** Whether the network breaks the connection in place of carrying the next segment. */
  breaks(): boolean {
    return this.#link.breaks();
  }

  /** What is not the system's yet does not leave. */
  dropExcess(cause: Discard): void {
    this.account.discard(cause, this.#buffer.cut(this.#capacity));
  }

  /** Nothing leaves any more. */
  drop(cause: Discard): void {
    this.account.discard(cause, this.#buffer.cut(0));
  }

  /** The end is reset: what is on its way may be lost too. */
  abandon(): void {
    this.drop("unsent at reset");
    if (this.#link.cut()) this.account.lose();
  }
}
