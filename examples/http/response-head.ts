/** Heads of answers: text that nobody can put a line of his own into. */
import { FORBIDDEN_TRAILERS } from "./forbidden-trailers.ts";
import { phraseOf } from "./status.ts";
import { isToken, VALUE } from "./syntax.ts";

/** Names and values of an answer, in order; several of one name are several lines. */
export type ResponseFields = readonly (readonly [name: string, value: string])[];

/**
 * How an answer's body is framed: so many bytes, chunks (up to the end of the connection for a 1.0
 * client), or none at all.
 */
export type ResponseBody = number | "chunked" | "none";

/** What the protocol says itself: nobody else may. */
const OWN = new Set(["content-length", "transfer-encoding", "connection", "date", "keep-alive"]);

const PLAIN = 0;
const UPGRADE = 1;
type Kind = typeof PLAIN | typeof UPGRADE;

/** Names that were checked, as they were written; a program has few. */
const checked = new Map<string, Kind>();
const MAX_CHECKED = 512;

function checkName(name: string): Kind {
  const known = checked.get(name);
  if (known !== undefined) return known;
  if (typeof name !== "string" || !isToken(name)) {
    throw new TypeError(`field name ${JSON.stringify(name)}: give a token`);
  }
  const lower = name.toLowerCase();
  if (OWN.has(lower)) throw new TypeError(`field ${name}: leave it to the protocol`);
  const kind = lower === "upgrade" ? UPGRADE : PLAIN;
  if (checked.size < MAX_CHECKED) checked.set(name, kind);
  return kind;
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

/** Throws for what no field of an answer may be. */
export function checkField(name: string, value: string): void {
  checkName(name);
  checkValue(name, value);
}

/** Field lines of an answer, each with CR LF. Throws for what no field may be. */
export class FieldLines {
  text = "";
  /** Connection must name Upgrade too (RFC 9110 section 7.8). */
  hasUpgrade = false;

  constructor(fields: ResponseFields) {
    for (let index = 0; index < fields.length; index++) {
      const [name, value] = fields[index]!;
      if (checkName(name) === UPGRADE) this.hasUpgrade = true;
      checkValue(name, value);
      this.text += `${name}: ${value}\r\n`;
    }
  }
}

/** The trailer section of an answer, with the empty line. Throws for what none may have. */
export function trailerLines(trailers: ResponseFields): string {
  for (const [name] of trailers) {
    if (!FORBIDDEN_TRAILERS.has(name.toLowerCase())) continue;
    throw new TypeError(`trailer field ${name}: it comes too late there, so give it with the head`);
  }
  return `${new FieldLines(trailers).text}\r\n`;
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
