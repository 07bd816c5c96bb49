/**
 * One connection of an HTTP/1.1 server (RFC 9112): what the client says goes in as bytes and comes
 * out as events, and what is answered comes out as bytes.
 *
 *   receive(bytes) -> RequestReader -> next()      one request at a time: the next one is read
 *   whole(), head(), ... -> AnswerWriter -> bytes  when the answer to this one is whole
 *
 * What bytes say never throws: they are events, or refused once. What the driver does wrong throws
 * a TypeError or RangeError, and changes nothing.
 */
import { AnswerWriter } from "./answer-writer.ts";
import type { DateWriter } from "./http-date.ts";
import type { ProtocolLimits } from "./http-limits.ts";
import { RequestReader, type HttpEvent } from "./request-reader.ts";
import type { AnswerFields, ResponseBody, ResponseFields } from "./response-head.ts";
import { isSuccess } from "./status.ts";

export type { HttpEvent };

const NO_FIELDS: ResponseFields = [];

export class ServerProtocol {
  readonly #request: RequestReader;
  readonly #answer: AnswerWriter;

  constructor(limits: ProtocolLimits, date: DateWriter) {
    this.#request = new RequestReader(limits);
    this.#answer = new AnswerWriter(date);
  }

  /** Bytes that came. They are kept and handed on as views: leave them alone. */
  receive(bytes: Buffer): void {
    const { state } = this.#request;
    if (bytes.length === 0 || state === "refused" || state === "over") return;
    this.#request.held.push(bytes);
  }

  /** The client has ended its side. */
  receiveEnd(): void {
    this.#request.ended = true;
  }

  /** What has come, one at a time; null if more bytes are needed, or an answer (`waiting`). */
  next(): HttpEvent | null {
    const event = this.#request.next();
    if (event === null) return null;
    if (event.kind === "request") {
      // Behind a CONNECT that is refused, bytes may be meant for the tunnel.
      this.#answer.closing ||= !event.head.keepAlive || event.head.method === "CONNECT";
      this.#answer.begin(event.head, this.#request.isForHead);
    } else if (event.kind === "refused") {
      this.#answer.closing = true;
      if (this.#answer.state === "idle") this.#answer.begin(null, this.#request.isForHead);
      this.#settle();
    } else if (event.kind === "end") this.#settle();
    return event;
  }

  /** The most that the body of this request may have, in bytes; null: any. From limits for each. */
  get maxBodyBytes(): number | null {
    return this.#request.maxBodyBytes;
  }

  set maxBodyBytes(bytes: number | null) {
    this.#request.maxBodyBytes = bytes;
  }

  /** Bytes of a next request wait for this one's answer: nothing should be read. */
  get waiting(): boolean {
    return this.#request.state === "done" && this.#request.held.length > 0;
  }

  /** Bytes that came and are in no event yet. */
  get buffered(): number {
    return this.#request.held.length;
  }

  /** A head has begun and is not whole. */
  get inHead(): boolean {
    return this.#request.state === "idle" && this.#request.held.length > 0;
  }

  /** A body has begun and is not whole. */
  get inBody(): boolean {
    return this.#request.state === "body";
  }

  /** The request is for HEAD, if so much of it could be read: its answer has no body. */
  get isForHead(): boolean {
    return this.#request.isForHead;
  }

  /**
   * The first line of a head that was refused or given up, as far as it had come, and as it came:
   * any bytes, as Latin-1, up to the limits of a line. Null: no head was, or nothing had come.
   */
  get refusedLine(): string | null {
    return this.#request.refusedLine;
  }

  /** The client may wait for a 100 before it sends the body. */
  get awaitsContinue(): boolean {
    return this.#request.awaitsContinue;
  }

  /** The answer to the request is due, or not whole. */
  get answering(): boolean {
    const { state } = this.#answer;
    return state === "due" || state === "body";
  }

  /** The connection ends with this answer, or, if none is due, now. */
  get mustClose(): boolean {
    return this.#answer.closing || this.#isLast;
  }

  /** The connection ends with this answer, whatever the client wants. Before its head. */
  closeAfter(): void {
    this.#answer.closing = true;
  }

  /** The head that has begun is waited for no longer: an answer is due (408), and the last one. */
  giveUpHead(): void {
    if (!this.inHead) throw new TypeError("no head has begun: there is nothing to be answered");
    this.#request.giveUpHead();
    this.#answer.closing = true;
    this.#answer.begin(null, this.#request.isForHead);
  }

  /**
   * An interim answer (RFC 9110 section 15.2). No bytes for a 1.0 client, which knows none, and for
   * a 100 that nobody waits for.
   */
  informational(status: 100 | 102 | 103, fields: AnswerFields = NO_FIELDS): Buffer {
    const wanted = status !== 100 || this.#request.awaitsContinue;
    const bytes = this.#answer.informational(status, fields);
    if (status === 100) this.#request.continued = true;
    return wanted ? bytes : bytes.subarray(0, 0);
  }

  /** The head of the answer, with Date, Connection and the framing of `body`. */
  head(status: number, fields: AnswerFields, body: ResponseBody): Buffer {
    if (this.#switchesWith(status)) return this.#switch(status, fields);
    return this.#answer.head(status, fields, body, this.#endsWithAnswer);
  }

  /**
   * A whole answer, in one: for small bodies. A body of text is UTF-8. Text that is answered is
   * Latin-1: several can become one buffer.
   */
  whole(status: number, fields: AnswerFields, body: Buffer | string): Buffer | string {
    if (this.#switchesWith(status)) {
      throw new TypeError(`a ${status} begins another protocol: send its head, then upgrade()`);
    }
    const bytes = this.#answer.whole(status, fields, body, this.#endsWithAnswer);
    this.#settle();
    return bytes;
  }

  /** Bytes of the body, framed; nothing where no body is allowed (HEAD, 304). */
  data(bytes: Uint8Array): Uint8Array[] {
    return this.#answer.data(bytes);
  }

  /** The end of the body; null if it needs no bytes. */
  end(trailers: ResponseFields = NO_FIELDS): Buffer | null {
    const bytes = this.#answer.end(trailers);
    this.#settle();
    return bytes;
  }

  /** After a 101, or a 2xx to CONNECT: what came behind the head, for the new protocol. */
  upgrade(): Buffer {
    if (this.#answer.state !== "switched") {
      throw new TypeError(`no other protocol is spoken while the answer is ${this.#answer.state}`);
    }
    return this.#request.held.take(this.#request.held.length);
  }

  /** After it HTTP is over (RFC 9110 sections 7.8 and 9.3.6). */
  #switchesWith(status: number): boolean {
    return status === 101 || (isSuccess(status) && this.#request.head?.method === "CONNECT");
  }

  #switch(status: number, fields: AnswerFields): Buffer {
    const { head, state } = this.#request;
    if (status === 101 && ((head?.upgrade ?? null) === null || state !== "done")) {
      throw new TypeError("no 101 can be sent: no upgrade was asked for, or the body is not read");
    }
    const bytes = this.#answer.switch(status, fields);
    this.#request.step("switch");
    return bytes;
  }

  /**
   * It ends behind this answer also if nothing more comes; and if the client may or may not send a
   * body that it holds back, since then nobody knows what comes (RFC 9110 section 10.1.1).
   */
  get #endsWithAnswer(): boolean {
    return this.mustClose || this.#request.awaitsContinue;
  }

  get #isLast(): boolean {
    return this.#request.ended && this.#request.held.length === 0;
  }

  /** When both sides are done the next request begins, if there is one. */
  #settle(): void {
    const request = this.#request;
    if (this.#answer.state !== "done" || request.state === "body") return;
    const event = request.state === "refused" || this.mustClose ? "close" : "next request";
    request.step(event);
    this.#answer.step(event);
  }
}
