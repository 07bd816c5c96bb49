/** Debug mode: finds out whether bytes that were lent were changed before they had left. */

export class BorrowCheck {
  /** With the place in the stream where each ends. */
  #loans: { readonly loan: Loan; readonly end: number }[] = [];

  lend(bytes: Uint8Array, end: number): void {
    this.#loans.push({ loan: new Loan(bytes), end });
  }

  /** Whether any loan that ends at `position` of the stream, or before, came back changed. */
  changedBefore(position: number): boolean {
    const back = this.#loans.filter(({ end }) => end <= position);
    this.#loans = this.#loans.slice(back.length);
    return back.some(({ loan }) => loan.changed);
  }
}

/** Bytes that wait as they were given, and what they were then. */
class Loan {
  readonly #bytes: Uint8Array;
  readonly #sum: number;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#sum = checksum(bytes);
  }

  get changed(): boolean {
    return checksum(this.#bytes) !== this.#sum;
  }
}

/** As `BorrowCheck`, for things that wait in an order of their own: frames of a server. */
export class Loans<K> {
  readonly #loans = new Map<K, Loan>();
  readonly #onChanged: () => void;

  constructor(onChanged: () => void) {
    this.#onChanged = onChanged;
  }

  lend(key: K, bytes: Uint8Array): void {
    this.#loans.set(key, new Loan(bytes));
  }

  /** Calls back, once for each, if it was changed. */
  check(key: K): void {
    if (this.#loans.get(key)?.changed !== true) return;
    this.#loans.delete(key);
    this.#onChanged();
  }

  giveBack(key: K): void {
    this.#loans.delete(key);
  }

  clear(): void {
    this.#loans.clear();
  }
}

/** FNV-1a, 32 bits. */
function checksum(bytes: Uint8Array): number {
  let sum = 0x811c9dc5;
  for (const byte of bytes) sum = Math.imul(sum ^ byte, 0x01000193);
  return sum;
}
