/** An HTTP/1.1 server on the reactor. */
import type { CloseOptions, Reactor, ServeAddress, ServerCloseResult, SocketAddress } from "iomux";

import type { AccessRecord } from "./access-log.ts";
import type { Handler } from "./handler.ts";
import type { HttpRequest, ParamsOf } from "./http-request.ts";
import type { HttpLimits } from "./limits.ts";

export interface HttpServerOptions {
  /** Default: those of `DEFAULT_HTTP_LIMITS`. */
  readonly limits?: Partial<HttpLimits>;
  /** Hears of every answer, once it is over. */
  readonly onAnswer?: (record: AccessRecord) => void;
  /** Hears what handlers throw that is no `HttpError`. Default: it goes to stderr. */
  readonly onError?: (error: unknown, request: HttpRequest) => void;
  /** Milliseconds since 1970. */
  readonly wallMs?: () => number;
}

export interface HttpServerStats {
  /** Connections that stand. */
  readonly connections: number;
  /** Requests that are being answered. */
  readonly running: number;
  /** Requests so far. */
  readonly requests: number;
}

/** What it will be: the class is being built. */
export declare class HttpServer {
  constructor(reactor: Reactor, options?: HttpServerOptions);
  /** A pattern is a path with `:name` for one segment, and perhaps `/*` for the rest, at its end. */
  route<P extends string>(method: string, pattern: P, handler: Handler<ParamsOf<P>>): this;
  get<P extends string>(pattern: P, handler: Handler<ParamsOf<P>>): this;
  head<P extends string>(pattern: P, handler: Handler<ParamsOf<P>>): this;
  post<P extends string>(pattern: P, handler: Handler<ParamsOf<P>>): this;
  put<P extends string>(pattern: P, handler: Handler<ParamsOf<P>>): this;
  delete<P extends string>(pattern: P, handler: Handler<ParamsOf<P>>): this;
  options<P extends string>(pattern: P, handler: Handler<ParamsOf<P>>): this;
  /** Any method. */
  any<P extends string>(pattern: P, handler: Handler<ParamsOf<P>>): this;
  /** What no route has. Default: 404. */
  fallback(handler: Handler): this;
  listen(address: ServeAddress | readonly ServeAddress[]): Promise<void>;
  get addresses(): readonly SocketAddress[];
  stats(): HttpServerStats;
  close(options?: CloseOptions): Promise<ServerCloseResult>;
  assertInvariants(): void;
}
