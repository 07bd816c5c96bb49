/**
 * What lies between two hosts, or between a host and itself: a wire in each direction, which all
 * streams and datagrams share. What is sent leaves as the bandwidth allows, in the order of sending.
 */

/** How far it is. */
export interface RouteSettings {
  /** What a segment takes at least, one way. */
  readonly latencyMs: number;
  /** Bandwidth: bytes in a millisecond, in each direction, for all together. */
  readonly bytesPerMs: number;
}

/**
 * A network card tells of what has come this often, and not of each packet: what was sent at one
 * moment arrives together, and a turn finds several that are ready. A power of two: times are exact.
 */
export const TELL_MS = 1 / 16;

export class Route {
  readonly latencyMs: number;
  readonly bytesPerMs: number;
  /** What was sent while nothing passes, in its order; null while all does. */
  #held: (() => void)[] | null = null;
  /** When the wire is free again, by the host that sends. */
  readonly #freeAt = new Map<string, number>();

  constructor({ latencyMs, bytesPerMs }: RouteSettings) {
    this.latencyMs = latencyMs;
    this.bytesPerMs = bytesPerMs;
  }

  /** When `bytes` that `from` sends at `now` are there, behind all that it has sent before. */
  arrival(from: string, bytes: number, now: number): number {
    const left = Math.max(now, this.#freeAt.get(from) ?? 0) + bytes / this.bytesPerMs;
    this.#freeAt.set(from, left);
    return Math.ceil((left + this.latencyMs) / TELL_MS) * TELL_MS;
  }

  get partitioned(): boolean {
    return this.#held !== null;
  }

  /** Sends now, or once the partition is healed: streams repeat what was lost. */
  pass(send: () => void): void {
    if (this.#held === null) send();
    else this.#held.push(send);
  }

  partition(): void {
    this.#held ??= [];
  }

  heal(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const send of held) send();
  }
}
