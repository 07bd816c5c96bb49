/**
 * Field sections (RFC 9112 section 5): of heads and of trailers.
 *
 * A line is judged when its LF is there, never before: so what is found does not depend on how the
 * bytes were cut. A line that came whole is passed over once; of one that came in pieces, the bytes
 * that were searched for LF are not searched again.
 */
import { REFUSALS, type Refusal, type RefusalCode } from "./refusal.ts";
import { COLON, CR, findLineEnd, LF, SPACE, TAB, TOKEN, VALUE } from "./syntax.ts";

/** Fields that mean something to the protocol itself; no two are of one length. */
export const HOST = 0;
export const CONTENT_LENGTH = 1;
export const TRANSFER_ENCODING = 2;
export const CONNECTION = 3;
export const EXPECT = 4;
export const UPGRADE = 5;

const NAMES = ["host", "content-length", "transfer-encoding", "connection", "expect", "upgrade"];

/** By the length of a name: which field it may be, or -1. */
const BY_LENGTH = Int8Array.from({ length: 18 }, (_, length) => {
  return NAMES.findIndex((name) => name.length === length);
});

const NAME_BYTES = NAMES.map((name) => Buffer.from(name));

/** What `read` answers, if not where the section ends. */
export const INCOMPLETE = 0;
export const REFUSED = -1;

export interface SectionLimits {
  readonly maxBytes: number;
  readonly maxFields: number;
  readonly tooLarge: RefusalCode;
  readonly tooMany: RefusalCode;
}

export class FieldSection {
  readonly #limits: SectionLimits;
  /** Where the line begins that is not judged yet, and how far it has no LF; from the start. */
  #line = 0;
  #searched = 0;
  #count = 0;
  refusal: Refusal = REFUSALS["bad-field-name"];
  /** Of the fields of `NAMES`: how many lines they have, and where the value of the last one is. */
  readonly times = new Uint8Array(NAMES.length);
  readonly from = new Int32Array(NAMES.length);
  readonly to = new Int32Array(NAMES.length);

  constructor(limits: SectionLimits) {
    this.#limits = limits;
  }

  /** A new section; its first line is at `line`, from the start of what is limited. */
  begin(line: number): void {
    this.#line = line;
    this.#searched = line;
    this.#count = 0;
    this.times.fill(0);
  }

  /**
   * Goes on with the section in `bytes`, of what begins at `start` and is here up to `end`. Answers
   * how many bytes there are from the start to behind the empty line; INCOMPLETE, or REFUSED.
   */
  read(bytes: Uint8Array, start: number, end: number): number {
    let line = start + this.#line;
    const searched = start + this.#searched;
    if (searched > line && findLineEnd(bytes, searched, end) === -1) {
      return this.#incomplete(line, start, end);
    }
    const { maxBytes, maxFields } = this.#limits;
    while (line < end) {
      let at = line;
      while (at < end && TOKEN[bytes[at]!] === 1) at++;
      if (at === end) break;
      if (bytes[at] !== COLON || at === line) {
        if (at === line && bytes[at] === CR) {
          if (at + 1 === end) break;
          if (bytes[at + 1] === LF) {
            const length = at + 2 - start;
            return length > maxBytes ? this.#refuse(this.#limits.tooLarge) : length;
          }
        }
        return this.#badLine(bytes, line, at, false, start, end);
      }
      const colon = at++;
      while (at < end && VALUE[bytes[at]!] === 1) at++;
      if (at === end || (bytes[at] === CR && at + 1 === end)) break;
      if (bytes[at] !== CR || bytes[at + 1] !== LF) {
        return this.#badLine(bytes, line, at, true, start, end);
      }
      if (at + 2 - start > maxBytes) return this.#refuse(this.#limits.tooLarge);
      if (++this.#count > maxFields) return this.#refuse(this.#limits.tooMany);
      const length = colon - line;
      if (length < BY_LENGTH.length && BY_LENGTH[length] !== -1) {
        this.#note(bytes, line, colon, at, start);
      }
      line = at + 2;
    }
    return this.#incomplete(line, start, end);
  }

  #incomplete(line: number, start: number, end: number): number {
    if (end - start > this.#limits.maxBytes) return this.#refuse(this.#limits.tooLarge);
    this.#line = line - start;
    this.#searched = end - start;
    return INCOMPLETE;
  }

  #refuse(code: RefusalCode): number {
    this.refusal = REFUSALS[code];
    return REFUSED;
  }

  /** The line is wrong from `at` on, if it ends within the limit. */
  #badLine(
    bytes: Uint8Array,
    line: number,
    at: number,
    inValue: boolean,
    start: number,
    end: number,
  ): number {
    const lineEnd = findLineEnd(bytes, at, end);
    if (lineEnd === -1) return this.#incomplete(line, start, end);
    if (lineEnd + 1 - start > this.#limits.maxBytes) return this.#refuse(this.#limits.tooLarge);
    const byte = bytes[at];
    if (byte === LF) return this.#refuse("bare-lf");
    if (byte === CR && lineEnd !== at + 1) return this.#refuse("bare-cr");
    if (inValue) return this.#refuse("bad-field-value");
    const folded = at === line && (byte === SPACE || byte === TAB);
    return this.#refuse(folded ? "folded-line" : "bad-field-name");
  }

  /** Keeps where the value is, without the blanks around it. */
  #note(bytes: Uint8Array, line: number, colon: number, lineEnd: number, start: number): void {
    const index = BY_LENGTH[colon - line]!;
    const name = NAME_BYTES[index]!;
    for (let at = 0; at < name.length; at++) {
      // Of the bytes of tokens, only a letter's two cases become one with this bit.
      if ((bytes[line + at]! | 0x20) !== name[at]) return;
    }
    let from = colon + 1;
    let to = lineEnd;
    // Some take no tab for a blank around what frames a body: there it stays, and is refused.
    const blank = index === CONTENT_LENGTH || index === TRANSFER_ENCODING ? SPACE : TAB;
    while (from < to && isBlank(bytes[from]!, blank)) from++;
    while (to > from && isBlank(bytes[to - 1]!, blank)) to--;
    this.from[index] = from - start;
    this.to[index] = to - start;
    if (this.times[index]! < 255) this.times[index]!++;
  }
}

function isBlank(byte: number, other: number): boolean {
  return byte === SPACE || byte === other;
}
