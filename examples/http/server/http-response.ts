/** An answer, as handlers give it. */
import type { Channel } from "iomux";

import type { EventStream, EventStreamOptions } from "./event-stream.ts";

export interface Upgraded {
  /**
   * Registered nowhere: register it with the reactor of the server. It still counts as a connection
   * of the server, whose `writeProgressMs` it keeps, and is ended when the server closes.
   */
  readonly channel: Channel;
  /** What came behind the request: the first of the new protocol. */
  readonly bytes: Buffer;
}

/** Fields of a trailer, by name. */
export type Trailers = Readonly<Record<string, string>>;

/**
 * Either `send()` and its like, or `start()`, `write()` as often as wanted, `end()`. What is not
 * allowed in this order, and status and fields once the head is sent, throws.
 *
 * Once the peer is gone, all of it does nothing, but `write()` rejects, so that loops end.
 *
 * The answer to HEAD is given as that to GET: its body is dropped here.
 */
export interface HttpResponse {
  /** Whether the head is sent: from then on an error can only break the answer off. */
  readonly headSent: boolean;
  /** Whether the answer is whole, or the peer is gone. */
  readonly ended: boolean;
  /** False for HEAD, 204 and 304: a body that is written is dropped, and need not be read at all. */
  readonly wantsBody: boolean;

  /** Default 200. */
  status(code: number): this;
  /**
   * Sets a field, in place of any of that name. Several values are so many fields (Set-Cookie).
   * Throws for what is no field: no answer can be split by a value.
   */
  field(name: string, value: string | readonly string[]): this;

  /**
   * The whole answer. A string is UTF-8, `text/plain` unless a field says otherwise. Bytes are to be
   * left alone for good.
   */
  send(body?: string | Uint8Array): void;
  /** The whole answer, as JSON. Throws for what JSON has not, such as undefined. */
  json(value: unknown): void;
  /** 302 unless `code` is given. `url` is what goes into Location, encoded. */
  redirect(url: string, code?: 301 | 302 | 303 | 307 | 308): void;
  /** A small page of this status, or JSON, as the peer accepts. Fields that were set stay. */
  refuse(code: number, why?: string): void;

  /** Sends the head. `bodyBytes`: how many are written; without it the body is chunked. */
  start(bodyBytes?: number): void;
  /**
   * Some of the body. A promise: too many bytes wait; it is fulfilled when all of them have left.
   * The bytes are the caller's again then, or at once where there is no promise. Who does not wait
   * for it is cut off at `maxOutputBytes`.
   */
  write(bytes: string | Uint8Array): Promise<void> | undefined;
  /** The end of the body; with trailers, if it is chunked. */
  end(trailers?: Trailers): void;
  /** Breaks the connection: what was sent cannot be taken for a whole answer. */
  abort(error?: Error): void;

  /** Server-sent events, from now on. */
  events(options?: EventStreamOptions): EventStream;
  /**
   * 101, and the connection is the caller's (RFC 9110 section 7.8). Resolves when everything before
   * it has left, and rejects if the peer is lost before. Throws unless the request asks for
   * `protocol`.
   */
  upgrade(protocol: string): Promise<Upgraded>;
}
