/**
 * One connection of an HTTP/1.1 server (RFC 9112): what the client says goes in as bytes and comes
 * out as events, and what is answered comes out as bytes.
 */
import type { DateWriter } from "./http-date.ts";
import type { Fields } from "./fields.ts";
import type { ProtocolLimits } from "./http-limits.ts";
import type { Refusal } from "./refusal.ts";
import type { RequestHead } from "./request-head.ts";
import type { ResponseBody, ResponseFields } from "./response-head.ts";

export type HttpEvent =
  /** With `bodyBytes` 0 nothing more comes of it, also no "end". */
  | { readonly kind: "request"; readonly head: RequestHead }
  /** A view of what came. */
  | { readonly kind: "body"; readonly bytes: Buffer }
  /** Behind a body. */
  | { readonly kind: "end"; readonly trailers: Fields }
  /** The last one: answer it if no answer has begun, and close. */
  | { readonly kind: "refused"; readonly refusal: Refusal };

const todo = (): never => {
  throw new Error("not yet");
};

export class ServerProtocol {
  /** The most that the body of this request may have, in bytes; null: any. From limits for each. */
  maxBodyBytes: number | null;

  constructor(limits: ProtocolLimits, _date: DateWriter) {
    this.maxBodyBytes = limits.maxBodyBytes;
  }

  /** Bytes that came. They are kept and handed on as views: leave them alone. */
  receive(_bytes: Buffer): void {
    todo();
  }

  /** The client has ended its side. */
  receiveEnd(): void {
    todo();
  }

  /** What has come, one at a time; null if more bytes are needed, or an answer (`waiting`). */
  next(): HttpEvent | null {
    return todo();
  }

  /** Bytes of a next request wait for this one's answer: nothing should be read. */
  get waiting(): boolean {
    return todo();
  }

  /** Bytes that came and are in no event yet. */
  get buffered(): number {
    return todo();
  }

  /** A head has begun and is not whole. */
  get inHead(): boolean {
    return todo();
  }

  /** A body has begun and is not whole. */
  get inBody(): boolean {
    return todo();
  }

  /** The answer to the request is not whole. */
  get answering(): boolean {
    return todo();
  }

  /** The connection ends with this answer, or, if none is due, now. */
  get mustClose(): boolean {
    return todo();
  }

  /** The connection ends with this answer, whatever the client wants. Before its head. */
  closeAfter(): void {
    todo();
  }

  /** An interim answer (RFC 9110 section 15.2); no bytes for a 1.0 client, which knows none. */
  informational(_status: 100 | 102 | 103, _fields?: ResponseFields): Buffer {
    return todo();
  }

  /** The head of the answer, with Date, Connection and the framing of `body`. */
  head(_status: number, _fields: ResponseFields, _body: ResponseBody): Buffer {
    return todo();
  }

  /** A whole answer. Text is UTF-8. */
  whole(_status: number, _fields: ResponseFields, _body: Buffer | string): Buffer {
    return todo();
  }

  /** Bytes of the body, framed; nothing where no body is allowed (HEAD, 304). */
  data(_bytes: Uint8Array): Uint8Array[] {
    return todo();
  }

  /** The end of the body; null if it needs no bytes. */
  end(_trailers?: ResponseFields): Buffer | null {
    return todo();
  }

  /** After a 101, or a 2xx to CONNECT: what came behind the head, for the new protocol. */
  upgrade(): Buffer {
    return todo();
  }
}
