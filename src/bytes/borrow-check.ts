/** Debug mode: finds out whether bytes lent to `write()` were changed before they had left. */

interface Loan {
  readonly bytes: Uint8Array;
  readonly sum: number;
  /** Where in the stream the bytes end. */
  readonly end: number;
}

export class BorrowCheck {
  #loans: Loan[] = [];

  lend(bytes: Uint8Array, end: number): void {
    this.#loans.push({ bytes, sum: checksum(bytes), end });
  }

  /** Whether any loan that ends at `position` of the stream, or before, came back changed. */
  changedBefore(position: number): boolean {
    const back = this.#loans.filter((loan) => loan.end <= position);
    this.#loans = this.#loans.slice(back.length);
    return back.some((loan) => checksum(loan.bytes) !== loan.sum);
  }
}

/** FNV-1a, 32 bits. */
function checksum(bytes: Uint8Array): number {
  let sum = 0x811c9dc5;
  for (const byte of bytes) sum = Math.imul(sum ^ byte, 0x01000193);
  return sum;
}
