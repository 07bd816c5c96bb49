/** Random tests that can be replayed: a failure names its seed, and `SEED=n` runs that one alone. */

/** Whole numbers from a seed (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** From 0 up to `below`, which it never is. */
  number(below: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  }

  /** From `least` to `most`, both included. */
  between(least: number, most: number): number {
    return least + this.number(most - least + 1);
  }

  pick<T>(values: readonly T[]): T {
    return values[this.number(values.length)]!;
  }
}

/** Runs `check` with `count` seeds, each time other ones. */
export function forSeeds(count: number, check: (random: Random) => void): void {
  const given = process.env.SEED;
  const first = given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given);
  for (let seed = first; seed < first + (given === undefined ? count : 1); seed++) {
    try {
      check(new Random(seed));
    } catch (error) {
      throw new Error(`failed with SEED=${seed}: ${String(error)}`, { cause: error });
    }
  }
}

/** `bytes` whole, byte by byte, and cut at random; each chunk has memory of its own. */
export function cuttings(bytes: Buffer, random: Random, count = 3): Buffer[][] {
  const single = Array.from(bytes, (byte) => Buffer.from([byte]));
  const cut = Array.from({ length: count }, () => cutAtRandom(bytes, random));
  return [[Buffer.from(bytes)], single, ...cut];
}

function cutAtRandom(bytes: Buffer, random: Random): Buffer[] {
  const longest = random.between(1, Math.max(1, bytes.length));
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = random.between(1, longest);
    chunks.push(Buffer.from(bytes.subarray(at, at + length)));
    at += length;
  }
  return chunks;
}
