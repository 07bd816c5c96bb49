/** Keys and values, in memory, bounded. Both are any bytes; a number is written in decimal. */

const MOST = 2n ** 63n - 1n;
const NUMBER = /^(0|-?[1-9]\d{0,18})$/;

export interface StoreLimits {
  readonly keys: number;
  readonly storeBytes: number;
}

export class Store {
  /** By the key's bytes, one character each. */
  readonly #values = new Map<string, Buffer>();
  readonly #limits: StoreLimits;
  #bytes = 0;

  constructor(limits: StoreLimits) {
    this.#limits = limits;
  }

  get keys(): number {
    return this.#values.size;
  }

  /** Of keys and values. */
  get bytes(): number {
    return this.#bytes;
  }

  get(key: Buffer): Buffer | null {
    return this.#values.get(key.toString("latin1")) ?? null;
  }

  /** False: it is full, and nothing has changed. */
  set(key: Buffer, value: Buffer): boolean {
    const name = key.toString("latin1");
    const before = this.#values.get(name);
    const more = value.length - (before?.length ?? -key.length);
    const isFull = before === undefined && this.#values.size >= this.#limits.keys;
    if (isFull || (more > 0 && this.#bytes + more > this.#limits.storeBytes)) return false;
    // A copy: what comes is part of a larger buffer, which would be kept whole.
    this.#values.set(name, Buffer.from(value));
    this.#bytes += more;
    return true;
  }

  /** False: there is none. */
  delete(key: Buffer): boolean {
    const name = key.toString("latin1");
    const before = this.#values.get(name);
    if (before === undefined) return false;
    this.#values.delete(name);
    this.#bytes -= key.length + before.length;
    return true;
  }

  /** Adds 1 to a number of 64 bits, signed; what is not there is 0. */
  increment(key: Buffer): bigint | "not-a-number" | "out-of-range" | "full" {
    const text = this.get(key)?.toString("latin1") ?? "0";
    if (!NUMBER.test(text)) return "not-a-number";
    const number = BigInt(text) + 1n;
    if (number > MOST || number < -MOST) return "out-of-range";
    return this.set(key, Buffer.from(`${number}`)) ? number : "full";
  }

  assertInvariants(): void {
    let bytes = 0;
    for (const [key, value] of this.#values) bytes += key.length + value.length;
    if (bytes !== this.#bytes) throw new Error(`store: ${bytes} bytes, counted ${this.#bytes}`);
  }
}
