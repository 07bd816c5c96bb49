/** Heads of requests: bytes in, what they say or why they are refused out. */
import { bodyLength } from "./body-length.ts";
import {
  CONNECTION,
  CONTENT_LENGTH,
  EXPECT,
  FieldSection,
  HOST,
  INCOMPLETE,
  REFUSED,
  TRANSFER_ENCODING,
  UPGRADE,
} from "./field-section.ts";
import { Fields } from "./fields.ts";
import type { ProtocolLimits } from "./http-limits.ts";
import { REFUSALS, type Refusal, type RefusalCode } from "./refusal.ts";
import { findLineEnd, isAll, isToken, listOf, SPACE, TARGET, TOKEN } from "./syntax.ts";
import { isHost, readTarget, type Target } from "./target.ts";

export interface RequestHead {
  /** Any token, in its own case: methods are case-sensitive. */
  readonly method: string;
  readonly target: Target;
  /** A later 1.x is read as 1.1 (RFC 9110 section 2.5). */
  readonly version: "1.0" | "1.1";
  readonly fields: Fields;
  /** Host and port that the request is for, in its own case; null if it names none. */
  readonly host: string | null;
  /** What the client asks for (RFC 9112 section 9.3). */
  readonly keepAlive: boolean;
  /** It waits for a 100 before it sends the body. */
  readonly expectsContinue: boolean;
  /** The Upgrade field, if Connection names it too and the version is 1.1. */
  readonly upgrade: string | null;
  /** 0: none; null: chunked, and nobody knows. */
  readonly bodyBytes: number | null;
}

/** Bytes of `HTTP/1.1 CR LF`, and of a request line beside its method and target. */
const VERSION_LINE = Buffer.from("HTTP/1.1\r\n");
const LINE_REST = VERSION_LINE.length + 2;
/** Where the minor version is in it. */
const MINOR = 7;
const DIGIT_0 = 0x30;

export class HeadReader {
  readonly #limits: ProtocolLimits;
  readonly #section: FieldSection;
  /** Where the first field line begins; 0: the request line is not whole. */
  #firstField = 0;
  #searched = 0;
  #methodEnd = 0;
  #targetEnd = 0;
  #later = true;
  /** A connection's requests nearly always name the same one. */
  #checkedHost = "";
  refusal: Refusal = REFUSALS["bad-request-line"];
  /** What `read` has found. */
  head: RequestHead | null = null;

  constructor(limits: ProtocolLimits) {
    this.#limits = limits;
    this.#section = new FieldSection({
      maxBytes: limits.maxHeadBytes,
      maxFields: limits.maxFields,
      tooLarge: "head-too-large",
      tooMany: "too-many-fields",
    });
  }

  begin(): void {
    this.#firstField = 0;
    this.#searched = 0;
    this.head = null;
  }

  /** Whether a request line has come, and it was for HEAD. */
  isForHead(bytes: Buffer, start: number): boolean {
    return this.#firstField > 0 && bytes.toString("latin1", start, start + 5) === "HEAD ";
  }

  /** The first line of what begins at `start`, right or wrong, and no longer than lines may be. */
  lineOf(bytes: Buffer, start: number, end: number): string {
    const most = Math.min(end, start + this.#maxLineBytes);
    const lineFeed = findLineEnd(bytes, start, most);
    return bytes.toString("latin1", start, lineFeed === -1 ? most : lineFeed).replace(/\r$/, "");
  }

  /**
   * Goes on with the head that begins at `start` and is here up to `end`. Answers how long it is,
   * INCOMPLETE, or REFUSED.
   */
  read(bytes: Buffer, start: number, end: number): number {
    if (this.#firstField === 0) {
      const length = this.#requestLine(bytes, start, end);
      if (length <= 0) return length;
      this.#firstField = length;
      this.#section.begin(length);
    }
    const length = this.#section.read(bytes, start, end);
    if (length === REFUSED) this.refusal = this.#section.refusal;
    if (length <= 0) return length;
    const made = this.#make(bytes.toString("latin1", start, start + length));
    if (typeof made === "string") return this.#refuse(made);
    this.head = made;
    return length;
  }

  #refuse(code: RefusalCode): number {
    this.refusal = REFUSALS[code];
    return REFUSED;
  }

  /** The length of the line; a line as nearly all are is known in one pass. */
  #requestLine(bytes: Uint8Array, start: number, end: number): number {
    // What is no HTTP at all, such as TLS, has no lines that could be waited for.
    if (TOKEN[bytes[start]!] !== 1) return this.#refuse("bad-method");
    if (this.#searched > 0 && findLineEnd(bytes, start + this.#searched, end) === -1) {
      return this.#incompleteLine(bytes, start, end);
    }
    let at = start;
    while (at < end && TOKEN[bytes[at]!] === 1) at++;
    const methodEnd = at - start;
    if (at < end && bytes[at] === SPACE) at++;
    const targetStart = at;
    while (at < end && TARGET[bytes[at]!] === 1) at++;
    const targetEnd = at - start;
    const lineEnd = at + 1 + VERSION_LINE.length;
    if (
      targetStart - start > methodEnd &&
      at > targetStart &&
      lineEnd <= end &&
      bytes[at] === SPACE &&
      methodEnd <= this.#limits.maxMethodBytes &&
      at - targetStart <= this.#limits.maxTargetBytes &&
      isVersionLine(bytes, at + 1)
    ) {
      this.#methodEnd = methodEnd;
      this.#targetEnd = targetEnd;
      this.#later = bytes[at + 1 + MINOR] !== DIGIT_0;
      return lineEnd - start;
    }
    const lineFeed = findLineEnd(bytes, start, end);
    if (lineFeed === -1) return this.#incompleteLine(bytes, start, end);
    return this.#oddLine(bytes, start, lineFeed + 1 - start);
  }

  get #maxLineBytes(): number {
    const { maxMethodBytes, maxTargetBytes } = this.#limits;
    return maxMethodBytes + maxTargetBytes + LINE_REST;
  }

  #incompleteLine(bytes: Uint8Array, start: number, end: number): number {
    if (end - start > this.#maxLineBytes) return this.#longLine(bytes, start);
    this.#searched = end - start;
    return INCOMPLETE;
  }

  /** A line that is longer than its limit: of what part of it this is, its beginning tells. */
  #longLine(bytes: Uint8Array, start: number): number {
    let length = 0;
    while (TOKEN[bytes[start + length]!] === 1 && length <= this.#limits.maxMethodBytes) length++;
    if (length > this.#limits.maxMethodBytes) return this.#refuse("method-too-long");
    return this.#refuse(bytes[start + length] === SPACE ? "target-too-long" : "bad-method");
  }

  /** A line that is not as nearly all are: a later 1.x, or it is refused. */
  #oddLine(bytes: Uint8Array, start: number, length: number): number {
    if (length > this.#maxLineBytes) return this.#longLine(bytes, start);
    const { maxMethodBytes, maxTargetBytes } = this.#limits;
    const line = Buffer.from(bytes.subarray(start, start + length)).toString("latin1");
    const text = line.slice(0, line.endsWith("\r\n") ? -2 : -1);
    if (text.includes("\r")) return this.#refuse("bare-cr");
    if (text.length === length - 1) return this.#refuse("bare-lf");
    const [method = "", target, version, ...more] = text.split(" ");
    if (!isToken(method)) return this.#refuse("bad-method");
    if (method.length > maxMethodBytes) return this.#refuse("method-too-long");
    if (!target || version === undefined || more.length > 0) {
      return this.#refuse("bad-request-line");
    }
    if (!isAll(target, TARGET)) return this.#refuse("bad-target");
    if (target.length > maxTargetBytes) return this.#refuse("target-too-long");
    const match = /^HTTP\/(\d)\.\d$/.exec(version);
    if (match === null) return this.#refuse("bad-version");
    if (match[1] !== "1") return this.#refuse("version-unsupported");
    this.#methodEnd = method.length;
    this.#targetEnd = method.length + 1 + target.length;
    this.#later = true;
    return length;
  }

  /** Of a whole head, whose lines are right. */
  #make(text: string): RequestHead | RefusalCode {
    const method = text.slice(0, this.#methodEnd);
    const target = readTarget(method, text.slice(this.#methodEnd + 1, this.#targetEnd));
    if (typeof target === "string") return target;
    const version = this.#later ? "1.1" : "1.0";
    const fields = new Fields(text, this.#firstField, text.length - 2);
    const host = this.#host(text, version);
    if (typeof host === "object" && host !== null) return host.problem;
    const { times } = this.#section;
    if (times[CONTENT_LENGTH]! > 1) return "length-twice";
    const coding = this.#list(text, fields, TRANSFER_ENCODING, "transfer-encoding");
    const bodyBytes = bodyLength(version, { length: this.#value(text, CONTENT_LENGTH), coding });
    if (typeof bodyBytes === "string") return bodyBytes;
    if (method === "CONNECT" && bodyBytes !== 0) return "connect-with-body";
    const expect = this.#list(text, fields, EXPECT, "expect");
    // HTTP/1.0 has no expectations: there it means nothing.
    const expects = expect !== null && version === "1.1";
    if (expects && expect.toLowerCase() !== "100-continue") return "unknown-expectation";
    const connection = this.#list(text, fields, CONNECTION, "connection");
    const options = connection === null ? NO_OPTIONS : readOptions(connection);
    const upgrades = version === "1.1" && options.upgrade && times[UPGRADE]! > 0;
    return {
      method,
      target,
      version,
      fields,
      host: target.authority ?? host,
      keepAlive: !options.close && (version === "1.1" || options.keepAlive),
      expectsContinue: expects && bodyBytes !== 0,
      upgrade: upgrades ? this.#list(text, fields, UPGRADE, "upgrade") : null,
      bodyBytes,
    };
  }

  /** The Host field, checked whether or not it is what counts; null if it names none. */
  #host(text: string, version: "1.0" | "1.1"): string | null | { problem: RefusalCode } {
    const times = this.#section.times[HOST]!;
    if (times === 0) return version === "1.1" ? { problem: "host-missing" } : null;
    if (times > 1) return { problem: "host-twice" };
    const host = this.#value(text, HOST)!;
    if (host !== this.#checkedHost) {
      if (!isHost(host)) return { problem: "bad-host" };
      this.#checkedHost = host;
    }
    return host === "" ? null : host;
  }

  /** The value of the last line of this field. */
  #value(text: string, index: number): string | null {
    if (this.#section.times[index] === 0) return null;
    return text.slice(this.#section.from[index], this.#section.to[index]);
  }

  /** The values of all its lines. */
  #list(text: string, fields: Fields, index: number, name: string): string | null {
    return this.#section.times[index]! > 1 ? fields.get(name) : this.#value(text, index);
  }
}

function isVersionLine(bytes: Uint8Array, from: number): boolean {
  for (let at = 0; at < VERSION_LINE.length; at++) {
    const byte = bytes[from + at];
    if (byte !== VERSION_LINE[at] && !(at === MINOR && byte === DIGIT_0)) return false;
  }
  return true;
}

interface Options {
  readonly close: boolean;
  readonly keepAlive: boolean;
  readonly upgrade: boolean;
}

const NO_OPTIONS: Options = { close: false, keepAlive: false, upgrade: false };
const KEEP_ALIVE: Options = { close: false, keepAlive: true, upgrade: false };

/** Options of Connection (RFC 9110 section 7.6.1). */
function readOptions(value: string): Options {
  if (value === "keep-alive") return KEEP_ALIVE;
  const options = listOf(value);
  return {
    close: options.includes("close"),
    keepAlive: options.includes("keep-alive"),
    upgrade: options.includes("upgrade"),
  };
}
