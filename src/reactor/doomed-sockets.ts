/** The sockets that are to be let go, at most `closesPerTurn` in one turn. */
import type { Severable } from "../network.ts";

export class DoomedSockets {
  readonly #perTurn: number;
  #doomed: { socket: Severable; reset: boolean }[] = [];

  constructor(perTurn: number) {
    this.#perTurn = perTurn;
  }

  get size(): number {
    return this.#doomed.length;
  }

  add(socket: Severable, reset: boolean): void {
    this.#doomed.push({ socket, reset });
  }

  letGo(): void {
    const count = Math.min(this.#doomed.length, this.#perTurn);
    for (let i = 0; i < count; i++) {
      const { socket, reset } = this.#doomed[i]!;
      if (reset) socket.reset();
      else socket.destroy();
    }
    if (count > 0) this.#doomed = this.#doomed.slice(count);
  }
}
