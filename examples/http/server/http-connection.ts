/**
 * One connection: bytes to the protocol, its events to requests and handlers, answers back. Requests
 * are answered one after the other: the next one is looked at when the one before is answered, and
 * whatever nobody wants yet is not read.
 *
 *   bytes -> ServerProtocol -> request -> Exchanges -> router -> handler
 *                           -> body    -> whoever reads it
 *   handler -> ServedResponse -> ServerProtocol -> Outbox -> connection
 */
import { FieldLines } from "../response-head.ts";
import { ServerProtocol, type HttpEvent } from "../server-protocol.ts";
import { recordOfNoRequest } from "./access-log.ts";
import { ConnectionTimes, type Phase, type TimesHome } from "./connection-times.ts";
import { errorPage } from "./error-page.ts";
import { Exchanges, type ExchangesHome } from "./exchanges.ts";
import { HandOver } from "./hand-over.ts";
import type { Upgraded } from "./http-response.ts";
import type { HttpLimits } from "./limits.ts";
import { watchLingering } from "./lingering.ts";
import { Outbox } from "./outbox.ts";
import { RequestGone } from "./request-gone.ts";
import type { ServedBody } from "./served-body.ts";
import type { Served, ServerClock, ServerHome } from "./server-home.ts";

export class HttpConnection implements ExchangesHome, TimesHome {
  readonly protocol: ServerProtocol;
  readonly outbox: Outbox;
  readonly limits: HttpLimits;
  readonly clock: ServerClock;
  readonly #connection: Served;
  readonly #server: ServerHome;
  readonly #exchanges: Exchanges;
  readonly #times: ConnectionTimes;
  /** How many requests there were when the present phase began. */
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
    this.clock = server.clock;
    this.protocol = new ServerProtocol(server.limits, server.date);
    this.outbox = new Outbox(connection, server.limits.maxOutputBytes);
    this.#exchanges = new Exchanges(this, connection, server);
    this.#times = new ConnectionTimes(this);
  }

  // What its server tells and asks.

  receive(bytes: Buffer): void {
    this.protocol.receive(bytes);
    this.pump();
  }

  /** The peer has ended its side: what it has asked for is answered all the same. */
  receiveEnd(): void {
    this.protocol.receiveEnd();
    this.#peerEnded = true;
    this.#exchanges.response?.request.giveUp(new RequestGone("the peer has ended its side"));
    this.pump();
    if (!this.running) this.end();
  }

  drained(): void {
    this.outbox.drained();
    if (this.#handOver !== null) this.#handOver.proceed();
    else if (!this.#over) this.pump();
    else if (this.outbox.empty) this.#connection.end();
  }

  closed(): void {
    this.#over = true;
    this.#times.stop();
    this.#stopWatching?.();
    const why = new RequestGone("the peer is gone", { cause: this.#connection.error });
    this.#handOver?.fail(why);
    this.#exchanges.lose(why);
    this.outbox.clear();
  }

  /** Whether a request is being answered. */
  get running(): boolean {
    return this.#exchanges.response !== null;
  }

  /** Whether a request is under way. */
  get busy(): boolean {
    return this.running || this.protocol.inHead;
  }

  // What is read, and when.

  /** Takes what came and is wanted, and waits for the rest. */
  pump(): void {
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
    if (this.running) return this.bodyHungry;
    if (this.outbox.full) return false;
    if (left > 0 || this.protocol.buffered === 0) return true;
    this.#deferred = true;
    this.#server.reactor.defer(() => {
      this.#deferred = false;
      this.pump();
    });
    return false;
  }

  /** What is not wanted is not read, and what is waited for has a time. */
  #settle(): void {
    if (this.#over) return;
    const wants = this.running ? this.bodyHungry : !this.#deferred && !this.outbox.full;
    const paused = !wants && this.protocol.buffered > 0;
    if (paused !== this.#paused) {
      this.#paused = paused;
      if (paused) this.#connection.pause();
      else this.#connection.resume();
    }
    const phase = this.#phaseOf(wants);
    const { count } = this.#exchanges;
    if (phase === this.#times.phase && this.#phaseRequests === count) return;
    this.#phaseRequests = count;
    this.#times.enter(phase);
  }

  #phaseOf(wants: boolean): Phase {
    const { response, count } = this.#exchanges;
    if (response === null) {
      if (!wants) return "none";
      return this.protocol.inHead || count === 0 ? "head" : "idle";
    }
    const { coming } = response.request;
    if (coming !== null && (coming.asked || coming.dropping) && !coming.over) return "body";
    return response.headSent && !response.ended ? "none" : "answer";
  }

  #take(event: HttpEvent): void {
    switch (event.kind) {
      case "request":
        this.#exchanges.begin(event.head);
        break;
      case "body":
        this.#exchanges.response!.request.body.take(event.bytes);
        this.#exchanges.proceed();
        break;
      case "end":
        this.#exchanges.response!.request.body.finish(event.trailers);
        this.#exchanges.proceed();
        break;
      case "refused": {
        // What came is no request, or no body of one.
        const { status, why } = event.refusal;
        if (this.running) this.#exchanges.failBody(status, why);
        else this.#answerNoRequest(status, why);
      }
    }
  }

  #answerNoRequest(status: number, why: string): void {
    const { type, body } = errorPage(status, why, null);
    const fields = FieldLines.of([["Content-Type", type]]);
    fields.fill(this.#server.fields);
    this.outbox.push(this.protocol.whole(status, fields, body));
    const { onAnswer } = this.#server;
    if (onAnswer !== null) {
      const bodyBytes = this.protocol.isForHead ? 0 : body.length;
      const requestLine = this.protocol.refusedLine;
      const answer = { requestLine, status, bodyBytes, startedMs: this.#server.wallMs() };
      onAnswer(recordOfNoRequest(this.#connection.remoteAddress, answer));
    }
    this.end();
  }

  // What requests and answers ask.

  get peerEnded(): boolean {
    return this.#peerEnded;
  }

  /** It ends once its output is handed on. What still comes is read and dropped for a while. */
  end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#times.stop();
    this.outbox.flush();
    if (this.outbox.empty) this.#connection.end();
    // Who has ended its side sends no more.
    if (this.#peerEnded || this.#server.reactor.closing) return;
    this.#stopWatching = watchLingering(this.#connection, this.#server);
  }

  handOver(): Promise<Upgraded> {
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

  get #coming(): ServedBody | null {
    return this.#exchanges.response?.request.coming ?? null;
  }

  get bodyReceived(): number {
    return this.#coming?.received ?? 0;
  }

  get bodyHungry(): boolean {
    return this.#coming?.hungry === true;
  }

  expired(phase: Phase): void {
    if (phase === "head" && this.protocol.inHead) {
      this.protocol.giveUpHead();
      this.#answerNoRequest(408, "The head did not come in time");
    } else if (phase === "body") {
      this.#exchanges.failBody(408, "The body came too slowly");
      this.#settle();
    } else if (phase === "answer") this.#exchanges.giveUp();
    else this.end();
  }
}
