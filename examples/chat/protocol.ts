/**
 * The chat's protocol: bytes in, lines out.
 *
 * A line ends with LF or CR LF; what stands before the end of the stream is a line too. It is
 * UTF-8, checked strictly, and at most `maxBytes` long without its ending. A longer one is refused
 * once, when it gets too long, and the rest of it is thrown away as it comes: what is held never
 * exceeds the limit by more than the one CR that may belong to the ending.
 *
 * How the bytes were cut into packets makes no difference to the events.
 */

export type LineEvent =
  | { readonly kind: "line"; readonly text: string }
  | { readonly kind: "refused"; readonly reason: "too-long"; readonly maxBytes: number }
  | { readonly kind: "refused"; readonly reason: "not-utf8" };

const LF = 0x0a;
const CR = 0x0d;
const FIRST_BYTES = 128;

const decoder = new TextDecoder("utf-8", { fatal: true });

export class LineReader {
  readonly maxBytes: number;
  #held = new Uint8Array(0);
  #length = 0;
  #discarding = false;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /** Bytes of memory held for the line that is not complete. */
  get heldBytes(): number {
    return this.#held.length;
  }

  feed(bytes: Uint8Array): LineEvent[] {
    const events: LineEvent[] = [];
    let from = 0;
    for (let lf = bytes.indexOf(LF); lf !== -1; lf = bytes.indexOf(LF, from)) {
      this.#hold(bytes.subarray(from, lf), events);
      this.#finish(events);
      from = lf + 1;
    }
    this.#hold(bytes.subarray(from), events);
    return events;
  }

  /** The stream has ended: a last line needs no LF. */
  end(): LineEvent[] {
    const events: LineEvent[] = [];
    if (this.#length > 0) this.#finish(events);
    this.#discarding = false;
    return events;
  }

  #hold(piece: Uint8Array, events: LineEvent[]): void {
    if (this.#discarding || piece.length === 0) return;
    const length = this.#length + piece.length;
    const mayBeEnding = length === this.maxBytes + 1 && piece.at(-1) === CR;
    if (length > this.maxBytes && !mayBeEnding) {
      this.#discarding = true;
      this.#release();
      events.push({ kind: "refused", reason: "too-long", maxBytes: this.maxBytes });
      return;
    }
    this.#reserve(length);
    this.#held.set(piece, this.#length);
    this.#length = length;
  }

  /** Grows by doubling, so that a line that comes byte by byte is not copied for each of them. */
  #reserve(length: number): void {
    if (length <= this.#held.length) return;
    const wanted = Math.max(length, 2 * this.#held.length, FIRST_BYTES);
    const grown = new Uint8Array(Math.min(wanted, this.maxBytes + 1));
    grown.set(this.#held.subarray(0, this.#length));
    this.#held = grown;
  }

  #release(): void {
    this.#held = new Uint8Array(0);
    this.#length = 0;
  }

  #finish(events: LineEvent[]): void {
    if (this.#discarding) {
      this.#discarding = false;
      return;
    }
    const end = this.#length > 0 && this.#held[this.#length - 1] === CR ? 1 : 0;
    const text = decode(this.#held.subarray(0, this.#length - end));
    this.#length = 0;
    if (text === null) events.push({ kind: "refused", reason: "not-utf8" });
    else events.push({ kind: "line", text: printable(text) });
  }
}

function decode(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}

/*
 * Escape sequences as in ECMA-48, in their 7-bit and 8-bit forms: a control string (which a
 * terminal takes up to its terminator, or for ever), CSI, and the short ones. No two parts of an
 * alternative can take the same character, so matching is linear.
 */
/* eslint-disable no-control-regex -- they are what is looked for */
const ESCAPE_SEQUENCES = new RegExp(
  [
    /(?:\x1b[PX\]^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?/,
    /(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?/,
    /\x1b[ -/]*[0-~]?/,
  ]
    .map((part) => part.source)
    .join("|"),
  "g",
);
/* eslint-enable no-control-regex */

/** Controls, line and paragraph separators, and what turns the direction of the text around it. */
const CONTROLS = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** `text` without anything that a terminal would obey. A tab becomes a space. */
export function printable(text: string): string {
  return text.replace(ESCAPE_SEQUENCES, "").replaceAll("\t", " ").replace(CONTROLS, "");
}
