/** The descriptors that the process keeps back: who must be refused so that these stay free. */
import type { Network } from "../network.ts";

/**
 * How many are left is probed when the first connection after a turn comes, then counted down, and
 * probed again for every connection while they are short.
 */
export class DescriptorReserve {
  readonly #network: Network;
  readonly #reserve: number;
  #left: number | null | undefined;

  constructor(network: Network, reserve: number) {
    this.#network = network;
    this.#reserve = reserve;
  }

  turnEnded(): void {
    this.#left = undefined;
  }

  /** Counts a connection that came. Answers whether it must be refused. */
  mustRefuse(): boolean {
    if (this.#reserve === 0) return false;
    this.#left ??= this.#network.descriptorsLeft();
    if (this.#left === null) return false;
    if (--this.#left >= this.#reserve) return false;
    const left = this.#network.descriptorsLeft();
    this.#left = left;
    return left !== null && left < this.#reserve;
  }
}
