/** An HTTP/1.1 server on the reactor. `docs/http-server.md` tells how to use it. */
import { serve } from "iomux";
import type { Channel, CloseOptions, Reactor, ServeAddress, Server } from "iomux";
import type { ServerCloseResult, SocketAddress, TurnedAway } from "iomux";

import { AnswerWriter } from "../answer-writer.ts";
import { DateWriter } from "../http-date.ts";
import { FieldLines, type ResponseFields } from "../response-head.ts";
import type { Target } from "../target.ts";
import { recordOfNoRequest, type AccessRecord } from "./access-log.ts";
import { hostCheck, MISDIRECTED, type AllowedHosts } from "./allowed-hosts.ts";
import type { Handler } from "./handler.ts";
import { HttpConnection } from "./http-connection.ts";
import { HttpError } from "./http-error.ts";
import type { HttpRequest, ParamsOf } from "./http-request.ts";
import { DEFAULT_HTTP_LIMITS, type HttpLimits } from "./limits.ts";
import { highWaterMark } from "./outbox.ts";
import { ANY, Router, type Found } from "./router.ts";
import type { ServedRequest } from "./served-request.ts";
import type { ServedResponse } from "./served-response.ts";
import { ServerClock, type Served, type ServerHome } from "./server-home.ts";

export interface HttpServerOptions {
  /** In place of some of `DEFAULT_HTTP_LIMITS`. */
  readonly limits?: Partial<HttpLimits>;
  /**
   * The hosts that are served; requests for others are answered 421. A server for its own machine
   * gives `LOOPBACK_HOSTS`: else a page of any site may read what it shows. Default: every host.
   */
  readonly allowedHosts?: AllowedHosts;
  /** Fields of every answer, also of refusals; what a handler says in place of one is sent. */
  readonly fields?: ResponseFields;
  /**
   * Where programs ask: refusals of paths that begin so are JSON, `{status, why}`, whatever the peer
   * accepts. Default: all refusals are as it accepts.
   */
  readonly jsonUnder?: string;
  /** Lets the process end though the server listens. Default: it goes on. */
  readonly unref?: boolean;
  /** Hears of every answer, once it is given. Default: nobody. */
  readonly onAnswer?: (record: AccessRecord) => void;
  /** Hears what is thrown by handlers and is not meant for the peer. Default: it goes to stderr. */
  readonly onError?: (error: unknown, request: HttpRequest) => void;
  /** Tells milliseconds since 1970. Default: `Date.now`. */
  readonly wallMs?: () => number;
  /** The label of its listeners and connections. Default `http`. */
  readonly label?: string;
}

export interface HttpServerStats {
  /** Connections that stand. */
  readonly connections: number;
  /** Requests that are being answered. */
  readonly running: number;
  /** Requests so far. */
  readonly requests: number;
}

export class HttpServer {
  readonly #router = new Router();
  readonly #home: Home;
  readonly #serving: { readonly label: string; readonly unref: boolean };
  readonly #serves: ((host: string | null) => boolean) | null;
  #server: Server<Buffer, HttpConnection> | null = null;
  #fallback: Handler | null = null;

  /** Throws for limits, hosts and fields that are none. */
  constructor(reactor: Reactor, options: HttpServerOptions = {}) {
    const { limits = {}, allowedHosts, onAnswer, onError, wallMs = Date.now } = options;
    this.#serving = { label: options.label ?? "http", unref: options.unref === true };
    this.#serves = allowedHosts === undefined ? null : hostCheck(allowedHosts);
    this.#home = {
      reactor,
      clock: new ServerClock(reactor),
      limits: { ...DEFAULT_HTTP_LIMITS, ...limits },
      date: new DateWriter(wallMs),
      fields: FieldLines.of(options.fields ?? []),
      jsonUnder: options.jsonUnder ?? null,
      closing: false,
      requests: 0,
      handle: (request, response) => this.#handle(request, response),
      onAnswer: onAnswer ?? null,
      onError: onError ?? complain,
      wallMs,
    };
  }

  /**
   * Requests with this method and a path of this pattern go to `handler`. A pattern is a path, with
   * `:name` for a segment that is a parameter, and with `*` at its end for all that follows. Throws
   * for what is no pattern, and for one that has this method already.
   */
  route<P extends string>(method: string, pattern: P, handler: Handler<ParamsOf<P>>): this {
    this.#router.add(method, pattern, handler);
    return this;
  }

  /** GET; and HEAD, unless that has a handler of its own: what is written is then dropped. */
  get<P extends string>(pattern: P, handler: Handler<ParamsOf<P>>): this {
    return this.route("GET", pattern, handler);
  }

  head<P extends string>(pattern: P, handler: Handler<ParamsOf<P>>): this {
    return this.route("HEAD", pattern, handler);
  }

  post<P extends string>(pattern: P, handler: Handler<ParamsOf<P>>): this {
    return this.route("POST", pattern, handler);
  }

  put<P extends string>(pattern: P, handler: Handler<ParamsOf<P>>): this {
    return this.route("PUT", pattern, handler);
  }

  delete<P extends string>(pattern: P, handler: Handler<ParamsOf<P>>): this {
    return this.route("DELETE", pattern, handler);
  }

  /** Without a handler OPTIONS is answered with the methods that there are. */
  options<P extends string>(pattern: P, handler: Handler<ParamsOf<P>>): this {
    return this.route("OPTIONS", pattern, handler);
  }

  /** Methods that have no handler of their own. */
  any<P extends string>(pattern: P, handler: Handler<ParamsOf<P>>): this {
    return this.route(ANY, pattern, handler);
  }

  /** What no pattern has. Default: 404. */
  fallback(handler: Handler): this {
    this.#fallback = handler;
    return this;
  }

  /** Resolves once all addresses are bound; rejects if one cannot be, and then none is. */
  async listen(address: ServeAddress | readonly ServeAddress[]): Promise<void> {
    if (this.#server !== null) throw new Error("the server listens already: give all addresses");
    const { reactor, limits } = this.#home;
    const home = this.#home;
    const options = {
      listen: address,
      maxConnections: limits.maxConnections,
      maxConnectionsPerAddress: limits.maxConnectionsPerAddress,
      maxOutputBytes: limits.maxOutputBytes,
      highWaterMark: highWaterMark(limits.maxOutputBytes),
      // A writer's bytes are its own again when it may go on.
      lowWaterMark: 0,
      writeProgressMs: limits.writeProgressMs,
      ...this.#serving,
    };
    this.#server = await serve<Buffer, HttpConnection>(reactor, options, {
      open: (connection) => {
        connection.data = new HttpConnection(connection, home);
      },
      frame: receive,
      drain: drained,
      busy: isBusy,
      end: receiveEnd,
      close: closed,
      turnedAway: (why, address, channel) => {
        this.#turnAway(why, address, channel);
      },
    });
  }

  /** Where it listens, with the ports that the system chose. */
  get addresses(): readonly SocketAddress[] {
    return this.#server?.addresses ?? [];
  }

  stats(): HttpServerStats {
    let running = 0;
    for (const { data } of this.#connections) if (data.running) running++;
    return { connections: this.#connections.size, running, requests: this.#home.requests };
  }

  get #connections(): ReadonlySet<Served> {
    return this.#server?.connections ?? new Set();
  }

  /**
   * Stops listening, closes idle connections at once, and the others behind the answer that they
   * wait for; what is left at `drainMs` is cut off.
   */
  async close(options: CloseOptions = {}): Promise<ServerCloseResult> {
    this.#home.closing = true;
    return this.#server?.close(options) ?? { cutOff: [] };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Throws if the tables contradict each other. For tests and simulations. */
  assertInvariants(): void {
    this.#server?.assertInvariants();
  }

  /** The farewell of those who may not come in. */
  #turnAway(why: TurnedAway, address: SocketAddress | null, channel: Channel): void {
    const { date, fields, onAnswer } = this.#home;
    const status = why === "max-connections-per-address" ? 429 : 503;
    const lines = FieldLines.of([["Retry-After", "1"]]);
    lines.fill(fields);
    const answer = new AnswerWriter(date);
    answer.begin(null, false);
    channel.write(Buffer.from(answer.whole(status, lines, "", true) as string, "latin1"));
    const startedMs = this.#home.wallMs();
    onAnswer?.(recordOfNoRequest(address, { requestLine: null, status, bodyBytes: 0, startedMs }));
  }

  #handle(request: ServedRequest, response: ServedResponse): void | Promise<void> {
    const { method } = request;
    if (this.#serves?.(request.host) === false) {
      response.refuse(421, MISDIRECTED);
      return;
    }
    const { target } = request.head;
    // Nobody here can be a tunnel (RFC 9110 section 9.3.6).
    if (target.form === "authority") {
      response.refuse(501);
      return;
    }
    if (wantsTls(target) && !request.secure) {
      response.refuse(421, "an https target is served over TLS only");
      return;
    }
    const { path } = target;
    if (path === "*") {
      // What the fallback serves, only it knows.
      if (this.#fallback === null) this.#allow(response, this.#router.allow);
      else response.status(204).send();
      return;
    }
    const found = this.#find(method, path);
    if (found?.kind === "handler") {
      if (found.params !== null) request.params = found.params;
      return found.handler(request, response);
    }
    if (found !== null) this.#refuseMethod(method, response, found.allow);
    else if (this.#fallback !== null) return this.#fallback(request, response);
    else response.refuse(this.#router.knows(method) ? 404 : 501);
  }

  #find(method: string, path: string): Found {
    try {
      return this.#router.find(method, path);
    } catch (error) {
      throw new HttpError(400, "The path is not percent-encoded UTF-8", { cause: error });
    }
  }

  #refuseMethod(method: string, response: ServedResponse, allow: string): void {
    if (method === "OPTIONS") this.#allow(response, allow);
    else if (this.#router.knows(method)) response.field("Allow", allow).refuse(405);
    else response.refuse(501);
  }

  #allow(response: ServedResponse, allow: string): void {
    response.status(204).field("Allow", allow).send();
  }
}

interface Home extends ServerHome {
  closing: boolean;
}

// Callbacks of all connections.

function receive({ data }: Served, bytes: Buffer): void {
  data.receive(bytes);
}

function drained({ data }: Served): void {
  data.drained();
}

function isBusy({ data }: Served): boolean {
  return data.busy;
}

function receiveEnd({ data }: Served): void {
  data.receiveEnd();
}

function closed({ data }: Served): void {
  data.closed();
}

/** RFC 9110 section 7.4: such a request is rejected on a plain connection. */
function wantsTls({ form, raw }: Target): boolean {
  return form === "absolute" && /^https:/i.test(raw);
}

function complain(error: unknown, { method, head }: HttpRequest): void {
  console.error(`${method} ${JSON.stringify(head.target.raw)} failed:`, error);
}
