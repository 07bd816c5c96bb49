/**
 * Requests of one connection and their answers, one at a time: handlers are called, what they throw
 * is answered for them, and what they ask of the connection is done.
 */
import type { SocketAddress } from "iomux";

import type { RequestHead } from "../request-head.ts";
import type { FieldLines } from "../response-head.ts";
import type { ServerProtocol } from "../server-protocol.ts";
import { recordOf } from "./access-log.ts";
import { HttpError } from "./http-error.ts";
import type { Upgraded } from "./http-response.ts";
import type { Outbox } from "./outbox.ts";
import { RequestGone } from "./request-gone.ts";
import { ServedRequest, type RequestHome } from "./served-request.ts";
import { ServedResponse, type ResponseHome } from "./served-response.ts";
import type { Served, ServerClock, ServerHome } from "./server-home.ts";

/** What they ask of their connection. */
export interface ExchangesHome {
  readonly protocol: ServerProtocol;
  readonly outbox: Outbox;
  /** Whether the peer has ended its side. */
  readonly peerEnded: boolean;
  /** More may be wanted now: it goes on. */
  pump(): void;
  /** There was the last answer. */
  end(): void;
  /** The channel is somebody else's, once what was said has left. */
  handOver(): Promise<Upgraded>;
}

export class Exchanges implements RequestHome, ResponseHome {
  readonly protocol: ServerProtocol;
  readonly outbox: Outbox;
  readonly clock: ServerClock;
  /** Of every answer. */
  readonly fields: FieldLines;
  readonly jsonUnder: string | null;
  /** Requests so far. */
  count = 0;
  readonly #home: ExchangesHome;
  readonly #connection: Served;
  readonly #server: ServerHome;
  /** Of the request that is being answered. */
  #response: ServedResponse | null = null;

  constructor(home: ExchangesHome, connection: Served, server: ServerHome) {
    this.#home = home;
    this.#connection = connection;
    this.#server = server;
    this.protocol = home.protocol;
    this.outbox = home.outbox;
    this.clock = server.clock;
    this.fields = server.fields;
    this.jsonUnder = server.jsonUnder;
  }

  /** The answer that is being given, or waited for. */
  get response(): ServedResponse | null {
    return this.#response;
  }

  // What the connection tells.

  begin(head: RequestHead): void {
    const server = this.#server;
    const request = new ServedRequest(this, head);
    const response = new ServedResponse(this, request);
    if (server.onAnswer !== null) response.startedMs = server.wallMs();
    this.#response = response;
    this.count++;
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
    if (response === this.#response) this.proceed();
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

  /** An answer is whole, its handler is done, or something of its request's body came. */
  proceed(): void {
    const response = this.#response;
    if (response?.ended !== true) return;
    const { coming } = response.request;
    if (coming === null) {
      this.#next(true);
      return;
    }
    const { discardBytes } = this.#server.limits;
    if (this.#endsHere || coming.over) this.#next(false);
    else if (response.handled) {
      // Nobody wants the rest: it is read for the sake of the connection, if it is not too much.
      coming.dropping = true;
      if (coming.received > discardBytes) this.#next(false);
      else this.#home.pump();
    }
  }

  get #endsHere(): boolean {
    return this.protocol.mustClose || this.#home.peerEnded || this.#server.closing;
  }

  /** The request is over; `whole`: all of it came. */
  #next(whole: boolean): void {
    this.#response!.request.coming?.fail(new RequestGone("it was answered"));
    this.#response = null;
    if (!whole || this.#endsHere) this.#home.end();
    else this.#home.pump();
  }

  /** The body will not come, or not in time. */
  failBody(status: number, why: string): void {
    this.#response!.request.body.fail(new HttpError(status, why));
    this.proceed();
  }

  /** A handler that does not answer: somebody must. */
  giveUp(): void {
    const response = this.#response!;
    const { request } = response;
    const { answerMs } = this.#server.limits;
    const error = new Error(`${request.method} was not answered for ${answerMs} ms`);
    this.#server.onError(error, request);
    request.giveUp(new RequestGone("it took longer than answerMs"));
    if (response.ended) this.#next(false);
    else {
      this.protocol.closeAfter();
      response.refuseInstead(503, null);
      response.forsake();
    }
  }

  /** The connection is lost: nobody hears what is still said. */
  lose(why: RequestGone): void {
    const response = this.#response;
    this.#response = null;
    if (response === null) return;
    if (!response.ended) this.#note(response, false);
    response.forsake();
    response.request.giveUp(why);
    response.request.coming?.fail(why);
  }

  // What requests ask.

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
    this.#home.pump();
  }

  sendContinue(): void {
    // Who sends already does not wait for it.
    if (this.#response!.headSent || this.protocol.buffered > 0) return;
    this.outbox.push(this.protocol.informational(100));
  }

  // What answers ask and tell.

  beforeHead(): void {
    const { maxRequests, discardBytes } = this.#server.limits;
    const last = maxRequests > 0 && this.count >= maxRequests;
    if (last || this.#home.peerEnded || this.#server.closing) {
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
    this.proceed();
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
    return this.#home.handOver();
  }
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
