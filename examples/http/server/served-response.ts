/** An answer that is being given: what is said in which order, and what is left of it for HEAD. */
import { FieldLines } from "../response-head.ts";
import type { ServerProtocol } from "../server-protocol.ts";
import { errorPage } from "./error-page.ts";
import { ServedEventStream } from "./served-event-stream.ts";
import type { EventStream, EventStreamOptions } from "./event-stream.ts";
import type { HttpResponse, Trailers, Upgraded } from "./http-response.ts";
import { ignorable } from "./ignorable.ts";
import type { Outbox } from "./outbox.ts";
import type { ServedRequest } from "./served-request.ts";
import type { ServerClock } from "./server-home.ts";

/** What an answer asks of its connection. */
export interface ResponseHome {
  readonly protocol: ServerProtocol;
  readonly outbox: Outbox;
  /** Of every answer that does not say otherwise. */
  readonly fields: FieldLines;
  /** Refusals of paths that begin so are JSON. Null: all are as the peer accepts. */
  readonly jsonUnder: string | null;
  /** Before the head: says so if the connection is to end with this answer. */
  beforeHead(): void;
  /** The answer is whole. */
  answered(): void;
  /** Breaks the connection. */
  cutOff(error: Error | null): void;
  upgrade(protocol: string): Promise<Upgraded>;
  readonly clock: ServerClock;
}

/** Bytes of a whole body which become one piece with their head. */
const COPIED_BYTES = 16 * 1024;

type Stage = "waiting" | "started" | "ended";

/** Statuses whose answers have no body (RFC 9110 section 6.4.1). */
function hasNoBody(status: number): boolean {
  return status === 204 || status === 304 || status < 200;
}

export class ServedResponse implements HttpResponse {
  /** The status that was sent, or will be. */
  statusCode = 200;
  /** Bytes of the body that were given to the connection. */
  bodyBytes = 0;
  /** Whether callbacks go on with it, after the handler is done. */
  streams = false;
  /** Whether the handler is done: its promise is fulfilled, or it answered none. */
  handled = false;
  /** When its request came, if anybody wants to know. */
  startedMs = 0;
  readonly request: ServedRequest;
  readonly #home: ResponseHome;
  readonly #fields = new FieldLines();
  #stage: Stage = "waiting";
  /** Nobody is there to hear it, or somebody else has answered. */
  #forsaken = false;

  constructor(home: ResponseHome, request: ServedRequest) {
    this.#home = home;
    this.request = request;
  }

  get headSent(): boolean {
    return this.#stage !== "waiting";
  }

  get ended(): boolean {
    return this.#stage === "ended" || this.#forsaken;
  }

  get wantsBody(): boolean {
    return this.request.method !== "HEAD" && !hasNoBody(this.statusCode);
  }

  /** Bytes that have not left this process. */
  get waitingBytes(): number {
    return this.#home.outbox.bytes;
  }

  /** Null: nobody need wait. A promise: fulfilled when all that waits has left, or is lost. */
  drained(): Promise<void> | null {
    const { outbox } = this.#home;
    return outbox.full ? outbox.sent() : null;
  }

  /** Whatever the handler still says is not heard. */
  forsake(): void {
    this.#forsaken = true;
  }

  // Before the head.

  status(code: number): this {
    if (!Number.isInteger(code) || code < 200 || code > 599) {
      throw new RangeError(`status is ${code}: give one from 200 to 599`);
    }
    this.#mustWait("status");
    this.statusCode = code;
    return this;
  }

  field(name: string, value: string | readonly string[]): this {
    this.#mustWait("a field");
    this.#fields.remove(name);
    if (typeof value === "string") this.#fields.add(name, value);
    else for (const one of value) this.#fields.add(name, one);
    return this;
  }

  #default(name: string, value: string): void {
    if (!this.#fields.has(name)) this.#fields.add(name, value);
  }

  #mustWait(what: string): void {
    if (this.#stage === "waiting") return;
    throw new Error(`${what} comes too late: the head of the answer is sent`);
  }

  // Whole answers.

  send(body: string | Uint8Array = ""): void {
    this.#mustWait("send()");
    if (this.#forsaken) return;
    if (body.length > 0 && typeof body === "string") {
      this.#default("Content-Type", "text/plain; charset=utf-8");
    }
    if (body.length > COPIED_BYTES && typeof body !== "string") {
      this.start(body.length);
      void this.write(body);
      this.end();
      return;
    }
    const { outbox, protocol, fields } = this.#home;
    this.#home.beforeHead();
    this.#fields.fill(fields);
    const bytes = typeof body === "string" ? body : bufferOf(body);
    const answer = protocol.whole(this.statusCode, this.#fields, bytes);
    if (this.wantsBody) {
      this.bodyBytes = typeof body === "string" ? Buffer.byteLength(body) : body.length;
    }
    this.#stage = "ended";
    outbox.push(answer);
    this.#home.answered();
  }

  json(value: unknown): void {
    // Its type does not say so, but for some values it answers nothing.
    const text = JSON.stringify(value) as string | undefined;
    if (text === undefined) throw new TypeError(`json(): JSON has no ${typeof value}`);
    this.#default("Content-Type", "application/json; charset=utf-8");
    this.send(text);
  }

  redirect(url: string, code: 301 | 302 | 303 | 307 | 308 = 302): void {
    this.status(code).field("Location", encodeURI(url).replaceAll("%25", "%"));
    this.send();
  }

  refuse(code: number, why?: string): void {
    this.#mustWait("refuse()");
    const { fields, head } = this.request;
    const { jsonUnder } = this.#home;
    const isJson = jsonUnder !== null && head.target.path.startsWith(jsonUnder);
    const page = errorPage(code, why ?? null, isJson ? "application/json" : fields.get("accept"));
    this.status(code).field("Content-Type", page.type);
    // RFC 9110 section 12.5.5: beside what else the answer may depend on.
    if (!isJson) this.#fields.add("Vary", "Accept");
    this.send(page.body);
  }

  /** What was said so far does not count. */
  refuseInstead(code: number, why: string | null): void {
    this.#fields.clear();
    this.refuse(code, why ?? undefined);
  }

  // Answers in pieces.

  start(bodyBytes?: number): void {
    this.#mustWait("start()");
    if (this.#forsaken) return;
    const { outbox, protocol, fields } = this.#home;
    this.#fields.fill(fields);
    const framing = hasNoBody(this.statusCode) ? "none" : (bodyBytes ?? "chunked");
    this.#home.beforeHead();
    const head = protocol.head(this.statusCode, this.#fields, framing);
    this.#stage = "started";
    outbox.push(head);
  }

  write(bytes: string | Uint8Array): Promise<void> | undefined {
    const { outbox, protocol } = this.#home;
    if (this.#forsaken) {
      return ignorable(Promise.reject(this.request.gone ?? new Error("it is over")));
    }
    this.#mustBeStarted("write()");
    const piece = typeof bytes === "string" ? Buffer.from(bytes) : bytes;
    if (outbox.overfull) {
      const error = new Error("write() was called on and on without waiting for its promise");
      this.#home.cutOff(error);
      return ignorable(Promise.reject(error));
    }
    // What nobody waits for must not be the caller's any more.
    const copied = outbox.hasRoomFor(piece.length) && typeof bytes !== "string";
    for (const part of protocol.data(copied ? Buffer.from(piece) : piece)) outbox.push(part);
    if (this.wantsBody) this.bodyBytes += piece.length;
    return outbox.full ? ignorable(this.#sent()) : undefined;
  }

  async #sent(): Promise<void> {
    await this.#home.outbox.sent();
    if (this.#forsaken && this.request.gone !== null) throw this.request.gone;
  }

  end(trailers?: Trailers): void {
    if (this.#forsaken) return;
    this.#mustBeStarted("end()");
    const last = this.#home.protocol.end(trailers && Object.entries(trailers));
    this.#stage = "ended";
    if (last !== null) this.#home.outbox.push(last);
    this.#home.answered();
  }

  abort(error?: Error): void {
    if (!this.ended) this.#home.cutOff(error ?? null);
  }

  #mustBeStarted(what: string): void {
    if (this.#stage === "started") return;
    const why = this.#stage === "ended" ? "the answer is whole" : "call start() first";
    throw new Error(`${what} has no place: ${why}`);
  }

  // What is no body.

  events(options: EventStreamOptions = {}): EventStream {
    this.#mustWait("events()");
    return new ServedEventStream(this, this.request, this.#home.clock, options);
  }

  upgrade(protocol: string): Promise<Upgraded> {
    this.#mustWait("upgrade()");
    return this.#home.upgrade(protocol);
  }

  /** The head of an upgrade is sent; what follows is no answer. */
  handedOver(): void {
    this.statusCode = 101;
    this.#stage = "ended";
  }
}

function bufferOf(bytes: Uint8Array): Buffer {
  if (Buffer.isBuffer(bytes)) return bytes;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
