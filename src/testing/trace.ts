/** What happened in a simulation, line by line. The same seed gives the same lines. */
import { formatAddress, formatMask, type Channel, type Descriptor, type Registration } from "iomux";

import type { SimulatedClock } from "./simulated-clock.ts";

/** The lines, and a digest of all of them. */
export class Trace {
  /** A number that every line goes into: equal traces have equal digests. */
  digest = 0x811c9dc5;
  /** Lines so far. */
  count = 0;
  readonly #clock: SimulatedClock;
  readonly #keep: number;
  #lines: string[] = [];

  /** Keeps at least the last `keep` lines, and at most twice as many. 0: it makes none at all. */
  constructor(clock: SimulatedClock, keep: number) {
    this.#clock = clock;
    this.#keep = keep;
  }

  /** Whether lines are made. */
  get on(): boolean {
    return this.#keep > 0;
  }

  /** Adds a line, with the time before it. A function is called for it only if lines are made. */
  note(what: string | (() => string)): void {
    if (this.#keep === 0) return;
    const line = `${this.#clock.now().toFixed(3)} ${typeof what === "string" ? what : what()}`;
    this.count++;
    for (let i = 0; i < line.length; i++) {
      this.digest = Math.imul(this.digest ^ line.charCodeAt(i), 0x01000193) >>> 0;
    }
    this.#lines.push(line);
    if (this.#lines.length >= 2 * this.#keep) this.#lines = this.#lines.slice(-this.#keep);
  }

  /** The last lines. */
  last(count: number): readonly string[] {
    return this.#lines.slice(Math.max(0, this.#lines.length - count));
  }
}

/** A call of a handler: which descriptor, and what it is ready for. */
export function dispatchOf({ fd, descriptor }: Registration, ready: number): string {
  return `fd ${fd} ${formatMask(ready)} (${nameOf(descriptor)})`;
}

/** By its peer, or by where it is bound. */
function nameOf(descriptor: Descriptor): string {
  const { kind, localAddress } = descriptor;
  const address = kind === "channel" ? (descriptor as Channel).remoteAddress : localAddress;
  return address === null ? kind : `${kind} ${formatAddress(address)}`;
}
