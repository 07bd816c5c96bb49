/** A request, as handlers see it. */
import type { SocketAddress } from "iomux";

import type { Fields } from "../fields.ts";
import type { RequestHead } from "../request-head.ts";

/** What stood for the parameters of a pattern, each decoded once. */
export type Params = Readonly<Record<string, string>>;

/** The names in a pattern: `"/users/:id"` has `id`; of `"/files/*"` the rest is `"*"`. */
export type ParamsOf<Pattern extends string> = string extends Pattern
  ? Params
  : Readonly<Record<NamesOf<Pattern>, string>>;

type NamesOf<Pattern extends string> = Pattern extends `${infer First}/${infer Rest}`
  ? NameOf<First> | NamesOf<Rest>
  : NameOf<Pattern>;

type NameOf<Segment extends string> = Segment extends `:${infer Name}`
  ? Name
  : Segment extends "*"
    ? "*"
    : never;

export interface BodyLimit {
  /** More bytes are answered 413. Default: as `allow()` said, or the limit `maxBodyBytes`. */
  readonly maxBytes?: number;
}

/**
 * The body of a request, read once: what nobody asks for is not read, and stops the peer by its own
 * window. The first asking sends 100 Continue to a peer that waits for it (RFC 9110 section 10.1.1).
 *
 * What is awaited here rejects with an `HttpError` for what the peer did wrong, and with
 * `signal.reason` of the request once the peer is gone.
 */
export interface RequestBody extends AsyncIterable<Buffer> {
  /** Bytes, as announced; 0: there is none; null: nobody knows (chunked). */
  readonly length: number | null;
  /** What came behind a chunked body, once all of it was read (RFC 9112 section 7.1.2). */
  readonly trailers: Fields | null;
  /**
   * In place of the limit `maxBodyBytes`, before any of it is asked for: a body with more bytes is
   * answered 413. Null: any number.
   */
  allow(maxBytes: number | null): void;
  /** All of it. */
  bytes(limit?: BodyLimit): Promise<Buffer>;
  /** All of it, as UTF-8. */
  text(limit?: BodyLimit): Promise<string>;
  /** All of it, as JSON; what is none is answered 400. */
  json(limit?: BodyLimit): Promise<unknown>;
  /** Reads and drops it: resolves at its end. */
  discard(): Promise<void>;
}

export interface HttpRequest<P = Params> {
  /** As it came: methods have case (RFC 9110 section 9.1). */
  readonly method: string;
  /** The path without its query, decoded once. `head.target.path` is what came. */
  readonly path: string;
  readonly params: P;
  readonly query: URLSearchParams;
  readonly head: RequestHead;
  readonly fields: Fields;
  /** Whom it is for; null: HTTP/1.0 need not say. */
  readonly host: string | null;
  /** The descriptor of its connection. */
  readonly fd: number;
  /** Where the connection comes from. */
  readonly remoteAddress: SocketAddress | null;
  /** Whether it came by TLS. */
  readonly secure: boolean;
  /**
   * Aborted when the peer has ended its side or is lost, and when the answer takes longer than
   * `answerMs`. Made when it is first asked for.
   */
  readonly signal: AbortSignal;
  /** Who asks: a slot for handlers. A name of it goes to the access log. */
  account: { readonly name: string } | null;
  readonly body: RequestBody;
}
