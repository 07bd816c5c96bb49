/**
 * What became of the bytes of one direction of a stream:
 *
 *   sent --> send buffer --> link --> receive buffer --> delivered
 *                 |            |            |
 *                 +------------+------------+--> discarded, with a cause
 *
 * Each place says what it takes and what it gives, so that what one has lost or invented shows.
 */
import type { SocketAddress } from "iomux";

import { streamLabel } from "./memory-addresses.ts";
import type { Trace } from "./trace.ts";

/** Why bytes that were sent are not delivered: where they were, and what happened. */
export const DISCARDS = [
  "unsent at close",
  "unsent at reset",
  "unsent at failure",
  "lost at reset",
  "late after close",
  "late after reset",
  "unread at close",
  "unread at reset",
  "unread at failure",
] as const;

/** One of `DISCARDS`. */
export type Discard = (typeof DISCARDS)[number];

/** The bytes of one direction of a stream. Two of them belong to each. */
export class StreamAccount {
  /** Who sends. */
  readonly from: SocketAddress;
  /** Who receives. */
  readonly to: SocketAddress;
  /** Whether an end is closed: then nothing may stay in flight. */
  over = false;
  #sent = 0;
  /** Given to the link, and taken from it. */
  #departed = 0;
  #arrived = 0;
  #delivered = 0;
  readonly #discarded = new Map<Discard, number>();
  readonly #trace: Trace | undefined;

  constructor(from: SocketAddress, to: SocketAddress, trace?: Trace) {
    this.from = from;
    this.to = to;
    this.#trace = trace;
  }

  /** Taken by the system from who writes. */
  get sent(): number {
    return this.#sent;
  }

  /** Read by the other end. */
  get delivered(): number {
    return this.#delivered;
  }

  /** By cause, in the order in which the causes came up. */
  get discarded(): ReadonlyMap<Discard, number> {
    return this.#discarded;
  }

  /** In the send buffer, on the link, and in the receive buffer. */
  get inFlight(): number {
    const discarded = [...this.#discarded.values()].reduce((sum, bytes) => sum + bytes, 0);
    return this.#sent - this.#delivered - discarded;
  }

  /** On the link. */
  get travelling(): number {
    return this.#departed - this.#arrived;
  }

  /** The send buffer takes some. */
  send(bytes: number): void {
    this.#sent += bytes;
  }

  /** The link takes some. Answers the place of the first one in the stream. */
  depart(bytes: number): number {
    const place = this.#departed;
    this.#departed += bytes;
    return place;
  }

  /** They come from the link. Throws unless they are those that follow. */
  arrive(place: number, bytes: number): void {
    if (place !== this.#arrived) {
      throw new Error(
        `${this.#label}: bytes from ${place} on arrived where those from ${this.#arrived} on are ` +
          "due: the network has lost, doubled or swapped some",
      );
    }
    this.#arrived += bytes;
  }

  /** The other end reads some; fewer than none: it puts some back. */
  deliver(bytes: number): void {
    this.#delivered += bytes;
  }

  /** They are gone. */
  discard(cause: Discard, bytes: number): void {
    if (bytes === 0) return;
    this.#discarded.set(cause, (this.#discarded.get(cause) ?? 0) + bytes);
    this.note(() => `${bytes} bytes discarded: ${cause}`);
  }

  /** Something happens to this direction of the stream. */
  note(what: () => string): void {
    this.#trace?.note(() => `${this.#label} ${what()}`);
  }

  /** What is on the link does not arrive. */
  lose(): void {
    this.discard("lost at reset", this.travelling);
    this.#arrived = this.#departed;
  }

  /** Throws if it is over, and bytes are neither delivered nor discarded, or were never sent. */
  assertBalanced(): void {
    const { inFlight } = this;
    if (!this.over || inFlight === 0) return;
    const what = inFlight > 0 ? `${inFlight} bytes are lost` : `${-inFlight} bytes are invented`;
    const discarded = [...this.#discarded].map(([cause, bytes]) => `, ${bytes} ${cause}`).join("");
    throw new Error(
      `${this.#label}: ${what}: ${this.#sent} sent, ${this.#delivered} delivered${discarded}`,
    );
  }

  get #label(): string {
    return streamLabel(this.from, this.to);
  }
}
