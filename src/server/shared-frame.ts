/** A frame that waits for one connection or for many: its bytes are held, and counted, once. */
import type { Budget } from "../budget.ts";

/** Up to this many bytes are copied, as `channel.write` does: they are the caller's again. */
const COPY_BYTES = 1024;

export class SharedFrame {
  readonly length: number;
  /** Of the loop whose connections may hold it. */
  readonly budget: Budget;
  /** Whether channels may share its bytes: it is small, and more than one connection gets it. */
  readonly shareable: boolean;
  #bytes: Uint8Array;
  #holders = 0;
  /** Whether its bytes are those of the caller. */
  #lent = true;

  /** `many`: whether more than one connection gets it. */
  constructor(bytes: Uint8Array, budget: Budget, many = false) {
    this.#bytes = bytes;
    this.length = bytes.length;
    this.budget = budget;
    this.shareable = many && bytes.length <= COPY_BYTES;
  }

  /** Valid while it is held; before that while the caller of `send` has not been answered. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  hold(): void {
    if (this.#holders++ > 0) return;
    this.#own();
    this.budget.add(this.length);
  }

  /** Its bytes, which the caller may not change any more: small ones are copied, once. */
  share(): Uint8Array {
    this.#own();
    return this.#bytes;
  }

  #own(): void {
    if (this.#lent && this.length <= COPY_BYTES) this.#bytes = Buffer.from(this.#bytes);
    this.#lent = false;
  }

  release(): void {
    if (--this.#holders === 0) this.budget.remove(this.length);
  }
}
