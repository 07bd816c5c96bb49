/** Answers of a connection: statuses, fields and bodies in, bytes out. Misuse throws. */
import { formatChunk } from "./chunked.ts";
import type { DateWriter } from "./http-date.ts";
import type { RequestHead } from "./request-head.ts";
import {
  FieldLines,
  statusLine,
  trailerLines,
  type ResponseBody,
  type AnswerFields,
  type ResponseFields,
} from "./response-head.ts";
import { nextAnswerState, type AnswerEvent, type AnswerState } from "./state.ts";

const NO_BYTES = Buffer.alloc(0);

/** How the body that follows is framed. `dropped`: nothing of it is sent. */
type Framing = "length" | "chunked" | "up to the end" | "dropped";

export class AnswerWriter {
  state: AnswerState = "idle";
  /** The connection ends with this answer. */
  closing = false;
  readonly #date: DateWriter;
  /** Null if the request was refused. */
  #request: RequestHead | null = null;
  #isForHead = false;
  #framing: Framing = "dropped";
  #left = 0;

  constructor(date: DateWriter) {
    this.#date = date;
  }

  begin(request: RequestHead | null, isForHead: boolean): void {
    this.step("request");
    this.#request = request;
    this.#isForHead = isForHead;
  }

  step(event: AnswerEvent): void {
    this.state = nextAnswerState(this.state, event);
  }

  informational(status: 100 | 102 | 103, fields: AnswerFields): Buffer {
    const state = nextAnswerState(this.state, "interim answer");
    if (status > 103 || (status as number) === 101) {
      throw new RangeError(`status ${status} is no interim answer: give 100, 102 or 103`);
    }
    const text = `${statusLine(status, 100)}${FieldLines.of(fields).text}\r\n`;
    this.state = state;
    return this.#is10 ? NO_BYTES : Buffer.from(text, "latin1");
  }

  /** After it the connection speaks another protocol. */
  switch(status: number, fields: AnswerFields): Buffer {
    const state = nextAnswerState(this.state, "switch");
    const lines = FieldLines.of(fields);
    if (status === 101 && !lines.hasUpgrade) {
      throw new TypeError("a 101 says to what it switches: give the field upgrade");
    }
    const connection = status === 101 ? "Connection: upgrade\r\n" : "";
    const text = `${statusLine(status, 101)}${lines.text}${this.#date.line}${connection}\r\n`;
    this.state = state;
    return Buffer.from(text, "latin1");
  }

  /** `last`: the connection ends with it. */
  head(status: number, fields: AnswerFields, body: ResponseBody, last: boolean): Buffer {
    const state = nextAnswerState(this.state, "head");
    const closing = this.#closesWith(body, last);
    const text = this.#headText(status, fields, body, closing);
    this.state = state;
    this.closing = closing;
    this.#framing = this.#framingOf(status, body);
    this.#left = typeof body === "number" ? body : 0;
    return Buffer.from(text, "latin1");
  }

  /** Text: of Latin-1, and as many bytes as characters. */
  whole(
    status: number,
    fields: AnswerFields,
    body: Buffer | string,
    last: boolean,
  ): Buffer | string {
    const state = nextAnswerState(this.state, "whole answer");
    const isText = typeof body === "string";
    const bytes = isText ? Buffer.byteLength(body) : body.length;
    const closing = this.closing || last;
    // How long the 200 would be is not known then (RFC 9110 section 8.6).
    const framed = status === 304 && bytes === 0 ? "none" : bytes;
    const text = this.#headText(status, fields, framed, closing);
    this.state = state;
    this.closing = closing;
    if (bytes === 0 || this.#isForHead || status === 304) return text;
    // Text of as many bytes as characters is ASCII.
    if (isText && bytes === body.length) return text + body;
    const answer = Buffer.allocUnsafe(text.length + bytes);
    answer.write(text, "latin1");
    if (isText) answer.write(body, text.length);
    else answer.set(body, text.length);
    return answer;
  }

  data(bytes: Uint8Array): Uint8Array[] {
    this.step("data");
    const { length } = bytes;
    if (length === 0 || this.#framing === "dropped") return [];
    if (this.#framing === "chunked") return formatChunk(bytes);
    if (this.#framing === "length") {
      if (length > this.#left) {
        throw new RangeError(`${length} bytes of ${this.#left} that are left: keep to the length`);
      }
      this.#left -= length;
    }
    return [bytes];
  }

  end(trailers: ResponseFields): Buffer | null {
    const state = nextAnswerState(this.state, "end");
    if (this.#framing === "length" && this.#left > 0) {
      throw new RangeError(`${this.#left} bytes are missing: send them, or close the connection`);
    }
    const section = trailerLines(trailers);
    if (this.#framing === "length" && trailers.length > 0) {
      throw new TypeError("a body of known length has no trailers: send it in chunks");
    }
    this.state = state;
    return this.#framing === "chunked" ? Buffer.from(`0\r\n${section}`, "latin1") : null;
  }

  get #is10(): boolean {
    return this.#request?.version === "1.0";
  }

  #framingOf(status: number, body: ResponseBody): Framing {
    if (this.#isForHead || status === 304) return "dropped";
    if (body !== "chunked") return "length";
    return this.#is10 ? "up to the end" : "chunked";
  }

  /** A 1.0 client knows no chunks: what has no length goes up to the end of the connection. */
  #closesWith(body: ResponseBody, last: boolean): boolean {
    return this.closing || last || (body === "chunked" && this.#is10);
  }

  #headText(status: number, fields: AnswerFields, body: ResponseBody, closing: boolean): string {
    const first = statusLine(status, 200);
    const lines = FieldLines.of(fields);
    const framing = this.#framingLine(status, body);
    const connection = this.#connectionLine(lines.hasUpgrade, closing);
    return `${first}${lines.text}${this.#date.line}${connection}${framing}\r\n`;
  }

  /** RFC 9112 section 6, RFC 9110 section 8.6: what the field is that says where the body ends. */
  #framingLine(status: number, body: ResponseBody): string {
    if (typeof body === "number" && !(Number.isSafeInteger(body) && body >= 0)) {
      throw new RangeError(`a body of ${body} bytes: give a whole number, "chunked" or "none"`);
    }
    if (status === 204 || status === 205) {
      if (body !== 0 && body !== "none") {
        throw new RangeError(`a ${status} has no body: give it none, or another status`);
      }
      return status === 204 ? "" : "Content-Length: 0\r\n";
    }
    if (typeof body === "number") return `Content-Length: ${body}\r\n`;
    if (status === 304) return "";
    if (body === "none") return "Content-Length: 0\r\n";
    return this.#is10 ? "" : "Transfer-Encoding: chunked\r\n";
  }

  #connectionLine(hasUpgrade: boolean, closing: boolean): string {
    const upgrade = hasUpgrade ? "upgrade, " : "";
    if (closing) return `Connection: ${upgrade}close\r\n`;
    if (this.#is10) return `Connection: ${upgrade}keep-alive\r\n`;
    return hasUpgrade ? "Connection: upgrade\r\n" : "";
  }
}
