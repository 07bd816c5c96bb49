/**
 * One connection: bytes to the protocol, its events to requests and handlers, answers back. Requests
 * are answered one after the other: the next one is looked at when the one before is answered, and
 * whatever nobody wants yet is not read.
 *
 *   bytes -> ServerProtocol -> request -> router -> handler
 *                           -> body    -> whoever reads it
 *   handler -> ServedResponse -> ServerProtocol -> Outbox -> connection
 */
import type { Connection, Reactor, SocketAddress } from "iomux";

import type { DateWriter } from "../http-date.ts";
import { FieldLines } from "../response-head.ts";
import type { Refusal } from "../refusal.ts";
import type { RequestHead } from "../request-head.ts";
import { ServerProtocol, type HttpEvent } from "../server-protocol.ts";
import { hostOf, recordOf, type AccessRecord } from "./access-log.ts";
import { ConnectionTimes, type Phase, type TimesHome } from "./connection-times.ts";
import { errorPage } from "./error-page.ts";
import { HandOver } from "./hand-over.ts";
import { HttpError } from "./http-error.ts";
import type { HttpRequest } from "./http-request.ts";
import type { Upgraded } from "./http-response.ts";
import type { HttpLimits } from "./limits.ts";
import { watchLingering } from "./lingering.ts";
import { Outbox } from "./outbox.ts";
import { RequestGone } from "./request-gone.ts";
import { ServedRequest, type RequestHome } from "./served-request.ts";
import { ServedResponse, type ResponseHome } from "./served-response.ts";

export type Served = Connection<Buffer, HttpConnection>;

/** What a connection knows of its server. */
export interface ServerHome {
  readonly reactor: Reactor;
  readonly limits: HttpLimits;
  readonly date: DateWriter;
  /** Of every answer. */
  readonly fields: FieldLines;
  /** Whether the answers that are given now are the last ones. */
  readonly closing: boolean;
  /** Requests so far. */
  requests: number;
  /** Calls the handler; a promise is its. */
  handle(request: ServedRequest, response: ServedResponse): void | Promise<void>;
  readonly onAnswer: ((record: AccessRecord) => void) | null;
  onError(error: unknown, request: HttpRequest): void;
  wallMs(): number;
}

export class HttpConnection implements RequestHome, ResponseHome, TimesHome {
  readonly protocol: ServerProtocol;
  readonly outbox: Outbox;
  readonly limits: HttpLimits;
  readonly fields: FieldLines;
  readonly #connection: Served;
  readonly #server: ServerHome;
  readonly #times: ConnectionTimes;
  /** Of the request that is being answered. */
  #response: ServedResponse | null = null;
  #requests = 0;
  /** How many there were when the present phase began. */
  #phaseRequests = 0;
  #pumping = false;
  /** Others have their turn. */
  #deferred = false;
  #paused = false;
  #peerEnded = false;
  /** No more requests: it ends once its output is handed on, or is somebody else's. */
  #over = false;
  #stopWatching: (() => void) | null = null;
  /** From the 101 on. */
  #handOver: HandOver | null = null;

  constructor(connection: Served, server: ServerHome) {
    this.#connection = connection;
    this.#server = server;
    this.limits = server.limits;
    this.fields = server.fields;
    this.protocol = new ServerProtocol(server.limits, server.date);
    this.outbox = new Outbox(connection, server.limits.maxOutputBytes);
    this.#times = new ConnectionTimes(this);
  }

  // What its server tells and asks.

  receive(bytes: Buffer): void {
    this.protocol.receive(bytes);
    this.#pump();
  }

  /** The peer has ended its side: what it has asked for is answered all the same. */
  receiveEnd(): void {
    this.protocol.receiveEnd();
    this.#peerEnded = true;
    this.#response?.request.giveUp(new RequestGone("the peer has ended its side"));
    this.#pump();
    if (this.#response === null) this.#end();
  }

  drained(): void {
    this.outbox.drained();
    if (this.#handOver !== null) this.#handOver.proceed();
    else if (!this.#over) this.#pump();
    else if (this.outbox.empty) this.#connection.end();
  }

  closed(): void {
    this.#over = true;
    this.#times.stop();
    this.#stopWatching?.();
    const why = new RequestGone("the peer is gone", { cause: this.#connection.error });
    this.#handOver?.fail(why);
    const response = this.#response;
    this.#response = null;
    if (response !== null) {
      if (!response.ended) this.#note(response, false);
      response.forsake();
      response.request.giveUp(why);
      response.request.coming?.fail(why);
    }
    this.outbox.clear();
  }

  /** Whether a request is being answered. */
  get running(): boolean {
    return this.#response !== null;
  }

  /** Whether a request is under way. */
  get busy(): boolean {
    return this.running || this.protocol.inHead;
  }

  // Events of the protocol.

  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    this.outbox.cork();
    for (let left = this.limits.pipelinedRequests; this.#mayTake(left);) {
      const event = this.protocol.next();
      if (event === null) break;
      if (event.kind === "request") left--;
      this.#take(event);
    }
    this.#pumping = false;
    this.outbox.uncork();
    this.#settle();
  }

  #mayTake(left: number): boolean {
    if (this.#over || this.#deferred) return false;
    if (this.#response !== null) return this.#response.request.coming?.hungry === true;
    if (this.outbox.full) return false;
    if (left > 0 || this.protocol.buffered === 0) return true;
    this.#deferred = true;
    this.#server.reactor.defer(() => {
      this.#deferred = false;
      this.#pump();
    });
    return false;
  }

  /** What is not wanted is not read, and what is waited for has a time. */
  #settle(): void {
    if (this.#over) return;
    const response = this.#response;
    const coming = response?.request.coming;
    const wants =
      response === null ? !this.#deferred && !this.outbox.full : coming?.hungry === true;
    const paused = !wants && this.protocol.buffered > 0;
    if (paused !== this.#paused) {
      this.#paused = paused;
      if (paused) this.#connection.pause();
      else this.#connection.resume();
    }
    const phase = this.#phaseOf(response, wants);
    if (phase === this.#times.phase && this.#phaseRequests === this.#requests) return;
    this.#phaseRequests = this.#requests;
    this.#times.enter(phase);
  }

  #phaseOf(response: ServedResponse | null, wants: boolean): Phase {
    if (response === null) {
      if (!wants) return "none";
      return this.protocol.inHead || this.#requests === 0 ? "head" : "idle";
    }
    const { coming } = response.request;
    if (coming !== null && (coming.asked || coming.dropping) && !coming.over) return "body";
    return response.headSent && !response.ended ? "none" : "answer";
  }

  #take(event: HttpEvent): void {
    switch (event.kind) {
      case "request":
        this.#begin(event.head);
        break;
      case "body":
        this.#response!.request.body.take(event.bytes);
        this.#proceed();
        break;
      case "end":
        this.#response!.request.body.finish(event.trailers);
        this.#proceed();
        break;
      case "refused":
        this.#refuse(event.refusal);
    }
  }

  #begin(head: RequestHead): void {
    const server = this.#server;
    const request = new ServedRequest(this, head);
    const response = new ServedResponse(this, request);
    if (server.onAnswer !== null) response.startedMs = server.wallMs();
    this.#response = response;
    this.#requests++;
    server.requests++;
    try {
      const pending = server.handle(request, response);
      if (pending === undefined) this.#handled(response);
      else void this.#await(response, pending);
    } catch (thrown) {
      this.#failed(response, thrown);
    }
  }

  async #await(response: ServedResponse, pending: Promise<void>): Promise<void> {
    try {
      await pending;
      if (!response.ended && !response.streams) {
        throw new Error("a handler was done before its answer was whole");
      }
      this.#handled(response);
    } catch (thrown) {
      this.#failed(response, thrown);
    }
  }

  #handled(response: ServedResponse): void {
    response.handled = true;
    if (response === this.#response) this.#proceed();
  }

  #failed(response: ServedResponse, thrown: unknown): void {
    const known = thrown instanceof HttpError ? thrown : null;
    const ours = known === null ? !(thrown instanceof RequestGone) : known.status >= 500;
    if (ours) this.#server.onError(thrown, response.request);
    if (!response.ended) {
      if (response.headSent) this.cutOff(asError(thrown));
      else response.refuseInstead(known?.status ?? 500, known?.message ?? null);
    }
    this.#handled(response);
  }

  /** What came is no request, or no body of one. */
  #refuse({ status, why }: Refusal): void {
    const response = this.#response;
    if (response === null) {
      this.#answerNoRequest(status, why);
      return;
    }
    response.request.body.fail(new HttpError(status, why));
    this.#proceed();
  }

  #answerNoRequest(status: number, why: string): void {
    const { type, body } = errorPage(status, why, null);
    const fields = FieldLines.of([["Content-Type", type]]);
    fields.fill(this.fields);
    this.outbox.push(this.protocol.whole(status, fields, body));
    const { onAnswer } = this.#server;
    const { remoteAddress } = this;
    onAnswer?.({
      ...{ startedMs: this.#server.wallMs(), tookMs: 0, host: hostOf(remoteAddress), user: null },
      ...{ requestLine: null, status, bodyBytes: body.length, referer: null, userAgent: null },
      isComplete: true,
    });
    this.#end();
  }

  /** An answer is whole, its handler is done, or something of its request's body came. */
  #proceed(): void {
    const response = this.#response;
    if (response?.ended !== true) return;
    const { coming } = response.request;
    if (coming === null) {
      this.#next(true);
      return;
    }
    const { discardBytes } = this.limits;
    if (this.#endsHere || coming.over) this.#next(false);
    else if (response.handled) {
      // Nobody wants the rest: it is read for the sake of the connection, if it is not too much.
      coming.dropping = true;
      if (coming.received > discardBytes) this.#next(false);
      else this.#pump();
    }
  }

  get #endsHere(): boolean {
    return this.protocol.mustClose || this.#peerEnded || this.#server.closing;
  }

  /** The request is over; `whole`: all of it came. */
  #next(whole: boolean): void {
    this.#response!.request.coming?.fail(new RequestGone("it was answered"));
    this.#response = null;
    if (!whole || this.#endsHere) this.#end();
    else this.#pump();
  }

  /** It ends once its output is handed on. What still comes is read and dropped for a while. */
  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#times.stop();
    this.outbox.flush();
    if (this.outbox.empty) this.#connection.end();
    // Who has ended its side sends no more.
    if (this.#peerEnded || this.#server.reactor.closing) return;
    this.#stopWatching = watchLingering(this.#connection, this.#server);
  }

  // What requests and answers ask and tell.

  get fd(): number {
    return this.#connection.fd;
  }

  get remoteAddress(): SocketAddress | null {
    return this.#connection.remoteAddress;
  }

  get secure(): boolean {
    return this.#connection.channel.tls !== null;
  }

  get maxBodyBytes(): number | null {
    return this.protocol.maxBodyBytes;
  }

  set maxBodyBytes(bytes: number | null) {
    this.protocol.maxBodyBytes = bytes;
  }

  bodyWanted(): void {
    this.#pump();
  }

  sendContinue(): void {
    // Who sends already does not wait for it.
    if (this.#response!.headSent || this.protocol.buffered > 0) return;
    this.outbox.push(this.protocol.informational(100));
  }

  beforeHead(): void {
    const { maxRequests, discardBytes } = this.limits;
    const last = maxRequests > 0 && this.#requests >= maxRequests;
    if (last || this.#peerEnded || this.#server.closing) {
      this.protocol.closeAfter();
      return;
    }
    const { coming } = this.#response!.request;
    if (coming === null) return;
    const unwanted = !coming.asked && (coming.length === null || coming.length > discardBytes);
    if (unwanted || coming.over || coming.continueDue) this.protocol.closeAfter();
  }

  answered(): void {
    this.#note(this.#response!, true);
    this.#proceed();
  }

  cutOff(error: Error | null): void {
    this.#connection.abort(error ?? undefined);
  }

  #note(response: ServedResponse, isComplete: boolean): void {
    const { onAnswer } = this.#server;
    if (onAnswer === null) return;
    onAnswer(recordOf(response, this.#server.wallMs(), isComplete));
  }

  upgrade(protocol: string): Promise<Upgraded> {
    const response = this.#response!;
    const { head, coming } = response.request;
    const offered = (head.upgrade ?? "").split(",").map((name) => name.trim().toLowerCase());
    if (!offered.includes(protocol.toLowerCase())) {
      throw new Error(`the request does not ask for an upgrade to ${protocol}`);
    }
    if (coming !== null) throw new Error("a request with a body is not upgraded: read it first");
    this.outbox.push(this.protocol.head(101, [["Upgrade", protocol]], "none"));
    response.handedOver();
    this.#note(response, true);
    this.#response = null;
    this.#over = true;
    this.#times.stop();
    this.#connection.pause();
    const { outbox } = this;
    this.#handOver = new HandOver({
      ...{ connection: this.#connection, outbox, reactor: this.#server.reactor },
      bytes: this.protocol.upgrade(),
    });
    return this.#handOver.upgraded;
  }

  // What its times ask and tell.

  now(): number {
    return this.#server.reactor.now();
  }

  later(delayMs: number, callback: () => void): (() => void) | null {
    const { reactor } = this.#server;
    if (reactor.closing) return null;
    const timer = reactor.setTimer(delayMs, callback).unref();
    return () => void timer.cancel();
  }

  get bodyReceived(): number {
    return this.#response?.request.coming?.received ?? 0;
  }

  get bodyHungry(): boolean {
    return this.#response?.request.coming?.hungry === true;
  }

  expired(phase: Phase): void {
    const response = this.#response;
    if (phase === "head" && this.protocol.inHead) {
      this.protocol.giveUpHead();
      this.#answerNoRequest(408, "The head did not come in time");
    } else if (phase === "body") {
      response!.request.coming!.fail(new HttpError(408, "The body came too slowly"));
      this.#proceed();
      this.#settle();
    } else if (phase === "answer") this.#giveUp(response!);
    else this.#end();
  }

  /** A handler that does not answer: somebody must. */
  #giveUp(response: ServedResponse): void {
    const { request } = response;
    const error = new Error(`${request.method} was not answered for ${this.limits.answerMs} ms`);
    this.#server.onError(error, request);
    request.giveUp(new RequestGone("it took longer than answerMs"));
    if (response.ended) this.#next(false);
    else {
      this.protocol.closeAfter();
      response.refuseInstead(503, null);
      response.forsake();
    }
  }
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
