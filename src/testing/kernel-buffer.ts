/** Bytes in a kernel's buffer, in the pieces in which they came. */

export class KernelBuffer {
  /** Bytes. */
  length = 0;
  #pieces: Buffer[] = [];

  push(piece: Buffer): void {
    if (piece.length === 0) return;
    this.#pieces.push(piece);
    this.length += piece.length;
  }

  /** Puts bytes back, before all others. */
  unshift(piece: Buffer): void {
    if (piece.length === 0) return;
    this.#pieces.unshift(piece);
    this.length += piece.length;
  }

  /** Bytes of the first piece; 0 if there is none. */
  get first(): number {
    return this.#pieces[0]?.length ?? 0;
  }

  /** The first piece, or its beginning of `most` bytes. There must be one. */
  take(most: number): Buffer {
    const head = this.#pieces[0]!;
    const taken = head.subarray(0, most);
    if (taken.length === head.length) this.#pieces.shift();
    else this.#pieces[0] = head.subarray(taken.length);
    this.length -= taken.length;
    return taken;
  }

  /** Forgets all but the first `most` bytes. Answers how many it has forgotten. */
  cut(most: number): number {
    const { length } = this;
    if (length <= most) return 0;
    const kept = Buffer.concat(this.#pieces).subarray(0, most);
    this.#pieces = [];
    this.length = 0;
    this.push(kept);
    return length - most;
  }
}
