/**
 * Bytes in, lines out, for what the server says and for what a pipe brings.
 *
 * A line ends with LF or CR LF; what stands before the end of the stream is a line too. Of a line
 * that is longer than `maxBytes` only the start is kept: what is held exceeds the limit by at most
 * the one CR that may belong to the ending. How the bytes were cut into packets makes no difference.
 * What is not UTF-8 becomes U+FFFD.
 */
import { printable } from "./protocol.ts";

export interface Line {
  readonly text: string;
  /** It was longer than the limit, and this is its start. */
  readonly cut: boolean;
}

const LF = 0x0a;
const CR = 0x0d;

export class LineSplitter {
  readonly maxBytes: number;
  #pieces: Uint8Array[] = [];
  #held = 0;
  /** Bytes of the line so far, those included that were thrown away. */
  #length = 0;
  #lastByte = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /** Bytes held for the line that is not complete. */
  get heldBytes(): number {
    return this.#held;
  }

  feed(bytes: Uint8Array): Line[] {
    const lines: Line[] = [];
    let from = 0;
    for (let lf = bytes.indexOf(LF); lf !== -1; lf = bytes.indexOf(LF, from)) {
      this.#hold(bytes.subarray(from, lf));
      lines.push(this.#finish());
      from = lf + 1;
    }
    this.#hold(bytes.subarray(from));
    return lines;
  }

  /** The stream has ended: a last line needs no LF. */
  end(): Line[] {
    return this.#length > 0 ? [this.#finish()] : [];
  }

  #hold(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.#length += piece.length;
    this.#lastByte = piece[piece.length - 1]!;
    // One more than the limit, for the CR that may belong to the ending.
    const kept = piece.subarray(0, this.maxBytes + 1 - this.#held);
    if (kept.length === 0) return;
    this.#pieces.push(new Uint8Array(kept));
    this.#held += kept.length;
    if (this.#pieces.length >= MAX_PIECES) this.#pieces = [Buffer.concat(this.#pieces)];
  }

  #finish(): Line {
    const ending = this.#length > 0 && this.#lastByte === CR ? 1 : 0;
    const length = this.#length - ending;
    const bytes = Buffer.concat(this.#pieces).subarray(0, Math.min(length, this.maxBytes));
    const cut = length > this.maxBytes;
    this.#pieces = [];
    this.#held = 0;
    this.#length = 0;
    // A stream's decoder keeps half a character back: a cut must not add a U+FFFD of its own.
    return {
      text: new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes, { stream: cut }),
      cut,
    };
  }
}

/** Pieces of one line that are held apart; then they are joined, so that bytes one by one are cheap. */
const MAX_PIECES = 256;

/** A line as it may stand on a terminal: nothing in it is obeyed. */
export function shown({ text, cut }: Line): string {
  return printable(text) + (cut ? " [...]" : "");
}
