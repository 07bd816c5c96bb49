/** What lies between two hosts, or between a host and itself. */

/** How far it is. */
export interface RouteSettings {
  /** What a segment takes at least, one way. */
  readonly latencyMs: number;
  /** Bandwidth: bytes in a millisecond. */
  readonly bytesPerMs: number;
}

export class Route {
  readonly latencyMs: number;
  readonly bytesPerMs: number;
  /** What was sent while nothing passes, in its order; null while all does. */
  #held: (() => void)[] | null = null;

  constructor({ latencyMs, bytesPerMs }: RouteSettings) {
    this.latencyMs = latencyMs;
    this.bytesPerMs = bytesPerMs;
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
