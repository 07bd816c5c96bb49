/** Heads of answers: text that nobody can put a line of his own into. */
import { FORBIDDEN_TRAILERS } from "./forbidden-trailers.ts";
import { phraseOf } from "./status.ts";
import { isToken, VALUE } from "./syntax.ts";

/** Names and values of an answer, in order; several of one name are several lines. */
export type ResponseFields = readonly (readonly [name: string, value: string])[];

/** The same, or as lines. */
export type AnswerFields = ResponseFields | FieldLines;

/**
 * How an answer's body is framed: so many bytes, chunks (up to the end of the connection for a 1.0
 * client), or none at all.
 */
export type ResponseBody = number | "chunked" | "none";

/** What the protocol says itself: nobody else may. */
const OWN = new Set(["content-length", "transfer-encoding", "connection", "date", "keep-alive"]);

/** A name that was checked. */
interface Name {
  readonly lower: string;
  /** What its line begins with. */
  readonly start: string;
  readonly isUpgrade: boolean;
}

/** Names as they were written; a program has few. */
const names = new Map<string, Name>();
const MAX_NAMES = 512;

function checkName(name: string): Name {
  const known = names.get(name);
  if (known !== undefined) return known;
  if (typeof name !== "string" || !isToken(name)) {
    throw new TypeError(`field name ${JSON.stringify(name)}: give a token`);
  }
  const lower = name.toLowerCase();
  if (OWN.has(lower)) throw new TypeError(`field ${name}: leave it to the protocol`);
  const checked = { lower, start: `${name}: `, isUpgrade: lower === "upgrade" };
  if (names.size < MAX_NAMES) names.set(name, checked);
  return checked;
}

/** A line end in a value would split the answer in two (RFC 9110 section 5.5). */
function checkValue(name: string, value: string): void {
  if (typeof value !== "string") throw new TypeError(`field ${name}: give its value as text`);
  for (let at = 0; at < value.length; at++) {
    if (VALUE[value.charCodeAt(at)] === 1) continue;
    const code = value.charCodeAt(at).toString(16);
    throw new TypeError(
      `field ${name}: its value has U+${code} at ${at}: give Latin-1 without controls`,
    );
  }
}

interface Line {
  readonly name: Name;
  /** With CR LF. */
  readonly text: string;
}

const NO_LINES: readonly Line[] = [];

/** Fields of an answer, as the lines that they are sent as; what is no field throws at once. */
export class FieldLines {
  #lines: readonly Line[] = NO_LINES;

  /** Those that are given, unless they are such lines already. */
  static of(fields: AnswerFields): FieldLines {
    if (fields instanceof FieldLines) return fields;
    const lines = new FieldLines();
    for (const [name, value] of fields) lines.add(name, value);
    return lines;
  }

  /** One more, also if there is one of that name. */
  add(name: string, value: string): void {
    const checked = checkName(name);
    checkValue(name, value);
    const line = { name: checked, text: `${checked.start}${value}\r\n` };
    // An array that grows takes room for many: an answer has few, and there are many answers.
    this.#lines = this.#lines === NO_LINES ? [line] : [...this.#lines, line];
  }

  has(name: string): boolean {
    const { lower } = checkName(name);
    return this.#lines.some((line) => line.name.lower === lower);
  }

  /** Adds the lines of `others`, but for names that are there. */
  fill(others: FieldLines): void {
    if (others.#lines === NO_LINES) return;
    const missing = others.#lines.filter(
      ({ name }) => !this.#lines.some((line) => line.name.lower === name.lower),
    );
    if (missing.length > 0) this.#lines = [...this.#lines, ...missing];
  }

  remove(name: string): void {
    if (!this.has(name)) return;
    const { lower } = checkName(name);
    this.#lines = this.#lines.filter((line) => line.name.lower !== lower);
  }

  clear(): void {
    this.#lines = NO_LINES;
  }

  /** Connection must name Upgrade too (RFC 9110 section 7.8). */
  get hasUpgrade(): boolean {
    return this.#lines.some((line) => line.name.isUpgrade);
  }

  get text(): string {
    let text = "";
    for (const line of this.#lines) text += line.text;
    return text;
  }
}

/** The trailer section of an answer, with the empty line. Throws for what none may have. */
export function trailerLines(trailers: ResponseFields): string {
  for (const [name] of trailers) {
    if (!FORBIDDEN_TRAILERS.has(name.toLowerCase())) continue;
    throw new TypeError(`trailer field ${name}: it comes too late there, so give it with the head`);
  }
  return `${FieldLines.of(trailers).text}\r\n`;
}

const statusLines = new Map<number, string>();

/** Throws for what is no status from `least` to 599. */
export function statusLine(status: number, least: number): string {
  if (!Number.isInteger(status) || status < least || status > 599) {
    throw new RangeError(`status ${status}: give a whole number from ${least} to 599`);
  }
  let line = statusLines.get(status);
  if (line === undefined) {
    line = `HTTP/1.1 ${status} ${phraseOf(status)}\r\n`;
    statusLines.set(status, line);
  }
  return line;
}
