/**
 * A field section: names and values, in the order in which they came (RFC 9110 section 5).
 *
 * It is cut from the text of its head when somebody asks for the first time: most heads are never
 * asked for more than what the parser has found already.
 */

const COLON = 0x3a;
const TAB = 0x09;
const SPACE = 0x20;

/** How many numbers of `#cuts` a field has: where its name begins and ends, and its value. */
const CUTS = 4;

/** The fields of a head or a trailer section. Bytes beyond ASCII are told as Latin-1. */
export class Fields {
  static readonly NONE: Fields = new Fields("", 0, 0);

  /** Field lines, each with CR LF; checked by whoever made it. */
  readonly #text: string;
  readonly #from: number;
  readonly #to: number;
  #cuts: number[] | null = null;

  /** Lines of `text` from `from` up to `to`, each "name:value CR LF", of checked bytes. */
  constructor(text: string, from: number, to: number) {
    this.#text = text;
    this.#from = from;
    this.#to = to;
  }

  /** Fields of these names and values, which are not checked. */
  static of(entries: Iterable<readonly [name: string, value: string]>): Fields {
    const text = Array.from(entries, ([name, value]) => `${name}: ${value}\r\n`).join("");
    return new Fields(text, 0, text.length);
  }

  /** How many field lines there are. */
  get count(): number {
    return this.#cut().length / CUTS;
  }

  has(name: string): boolean {
    return this.#find(name.toLowerCase(), 0) !== -1;
  }

  /** The values of all lines of this name, joined by ", " (RFC 9110 section 5.3), or null. */
  get(name: string): string | null {
    const sought = name.toLowerCase();
    const first = this.#find(sought, 0);
    if (first === -1) return null;
    let value = this.#value(first);
    for (let at = this.#find(sought, first + CUTS); at !== -1; at = this.#find(sought, at + CUTS)) {
      value += `, ${this.#value(at)}`;
    }
    return value;
  }

  /** The value of each line of this name. */
  all(name: string): string[] {
    const sought = name.toLowerCase();
    const values: string[] = [];
    for (let at = this.#find(sought, 0); at !== -1; at = this.#find(sought, at + CUTS)) {
      values.push(this.#value(at));
    }
    return values;
  }

  /** Names and values as they came. */
  *[Symbol.iterator](): Generator<readonly [name: string, value: string]> {
    const cuts = this.#cut();
    for (let at = 0; at < cuts.length; at += CUTS) yield [this.#name(at), this.#value(at)];
  }

  #name(at: number): string {
    const cuts = this.#cut();
    return this.#text.slice(cuts[at], cuts[at + 1]);
  }

  #value(at: number): string {
    const cuts = this.#cut();
    return this.#text.slice(cuts[at + 2], cuts[at + 3]);
  }

  /** The field of this lower-case name, from `at` on, or -1. */
  #find(name: string, from: number): number {
    const cuts = this.#cut();
    for (let at = from; at < cuts.length; at += CUTS) {
      if (cuts[at + 1]! - cuts[at]! !== name.length) continue;
      if (this.#name(at).toLowerCase() === name) return at;
    }
    return -1;
  }

  #cut(): number[] {
    if (this.#cuts !== null) return this.#cuts;
    const text = this.#text;
    const cuts: number[] = [];
    for (let start = this.#from; start < this.#to;) {
      const end = text.indexOf("\r\n", start);
      let colon = start;
      while (text.charCodeAt(colon) !== COLON) colon++;
      let first = colon + 1;
      let last = end;
      while (first < last && isBlank(text.charCodeAt(first))) first++;
      while (last > first && isBlank(text.charCodeAt(last - 1))) last--;
      cuts.push(start, colon, first, last);
      start = end + 2;
    }
    this.#cuts = cuts;
    return cuts;
  }
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}
