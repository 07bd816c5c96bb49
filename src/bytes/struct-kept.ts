/** What was made for a key, kept for the next time; of the keys over a limit the oldest goes first. */
export class Kept<T> {
  readonly #limit: number;
  readonly #make: (key: string) => T;
  readonly #values = new Map<string, T>();

  constructor(limit: number, make: (key: string) => T) {
    this.#limit = limit;
    this.#make = make;
  }

  get size(): number {
    return this.#values.size;
  }

  get(key: string): T {
    const known = this.#values.get(key);
    if (known !== undefined) return known;
    const value = this.#make(key);
    if (this.#values.size === this.#limit) this.#values.delete(this.#values.keys().next().value!);
    this.#values.set(key, value);
    return value;
  }
}
