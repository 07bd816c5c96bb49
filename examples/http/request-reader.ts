/** Requests of a connection: bytes in, events out; the next one when it is told so. */
import { ChunkReader } from "./chunked.ts";
import { INCOMPLETE, REFUSED } from "./field-section.ts";
import { Fields } from "./fields.ts";
import { HeldBytes } from "./held-bytes.ts";
import type { ProtocolLimits } from "./http-limits.ts";
import { REFUSALS, type Refusal } from "./refusal.ts";
import { HeadReader, type RequestHead } from "./request-head.ts";
import { nextRequestState, type RequestEvent, type RequestState } from "./state.ts";
import { CR, LF } from "./syntax.ts";

export type HttpEvent =
  /** With `bodyBytes` 0 nothing more comes of it, also no "end". */
  | { readonly kind: "request"; readonly head: RequestHead }
  /** A view of what came. */
  | { readonly kind: "body"; readonly bytes: Buffer }
  /** Behind a body. */
  | { readonly kind: "end"; readonly trailers: Fields }
  /** The last one: answer it if no answer has begun, and close. */
  | { readonly kind: "refused"; readonly refusal: Refusal };

export class RequestReader {
  state: RequestState = "idle";
  /** Of this request; null: any. */
  maxBodyBytes: number | null;
  /** The request that was read last. */
  head: RequestHead | null = null;
  /** The request is for HEAD, if so much of it could be read. */
  isForHead = false;
  /** Of a head that was refused: its first line, as far as it had come; null: nothing had. */
  refusedLine: string | null = null;
  /** The client has ended its side. */
  ended = false;
  /** A 100 was sent. */
  continued = false;
  readonly held = new HeldBytes();
  readonly #limits: ProtocolLimits;
  readonly #heads: HeadReader;
  #chunks: ChunkReader | null = null;
  #emptyLines = 0;
  #headBegun = false;
  /** Something of the body has been taken up. */
  #bodyBegun = false;
  /** Of a body of known length. */
  #left = 0;

  constructor(limits: ProtocolLimits) {
    this.#limits = limits;
    this.#heads = new HeadReader(limits);
    this.maxBodyBytes = limits.maxBodyBytes;
  }

  /** The client may wait for a 100 before it sends the body. */
  get awaitsContinue(): boolean {
    if (this.state !== "body" || this.continued || this.#bodyBegun) return false;
    return this.head!.expectsContinue && this.held.length === 0;
  }

  next(): HttpEvent | null {
    if (this.state === "idle") return this.#readHead();
    return this.state === "body" ? this.#readBody() : null;
  }

  /** Goes on to the next request, or to no more. What no request is read from is let go. */
  step(event: RequestEvent): void {
    this.state = nextRequestState(this.state, event);
    if (this.state === "idle") {
      this.#emptyLines = 0;
      this.head = null;
      this.isForHead = false;
    } else if (this.state === "refused" || this.state === "over") this.held.clear();
  }

  /** The head that has begun is waited for no longer. */
  giveUpHead(): void {
    const { held } = this;
    this.isForHead = this.#headBegun && this.#heads.isForHead(held.bytes, held.at);
    this.#noteLine();
    this.step("refusal");
  }

  #refuse(refusal: Refusal): HttpEvent {
    this.step("refusal");
    return { kind: "refused", refusal };
  }

  #readHead(): HttpEvent | null {
    const { held } = this;
    if (!this.#headBegun) {
      const found = this.#skipEmptyLines();
      if (found === "nothing") return null;
      if (found !== "head") {
        this.#noteLine();
        return this.#refuse(found);
      }
      this.#heads.begin();
      this.#headBegun = true;
    }
    const { bytes, at } = held;
    const length = this.#heads.read(bytes, at, held.end);
    if (length === INCOMPLETE && !this.ended) return null;
    this.#headBegun = false;
    if (length === INCOMPLETE || length === REFUSED) {
      this.isForHead = this.#heads.isForHead(bytes, at);
      this.#noteLine();
      return this.#refuse(length === REFUSED ? this.#heads.refusal : REFUSALS["incomplete-head"]);
    }
    held.skip(length);
    const head = this.#heads.head!;
    this.head = head;
    this.isForHead = head.method === "HEAD";
    this.maxBodyBytes = this.#limits.maxBodyBytes;
    this.#bodyBegun = false;
    this.continued = false;
    if (head.bodyBytes !== 0) this.#beginBody(head.bodyBytes);
    else this.step("head without body");
    return { kind: "request", head };
  }

  #noteLine(): void {
    const { bytes, at, end } = this.held;
    const line = this.#heads.lineOf(bytes, at, end);
    this.refusedLine = line === "" ? null : line;
  }

  /** RFC 9112 section 2.2: a few are ignored. A CR alone may still become one. */
  #skipEmptyLines(): "head" | "nothing" | Refusal {
    const { held } = this;
    while (held.length > 0) {
      const first = held.bytes[held.at];
      if (first === LF) return REFUSALS["bare-lf"];
      if (first !== CR) return "head";
      if (held.length === 1) return this.ended ? REFUSALS["bare-cr"] : "nothing";
      if (held.bytes[held.at + 1] !== LF) return REFUSALS["bare-cr"];
      if (++this.#emptyLines > this.#limits.maxEmptyLines) return REFUSALS["empty-lines"];
      held.skip(2);
    }
    return "nothing";
  }

  #beginBody(bytes: number | null): void {
    this.step("head with body");
    if (bytes !== null) this.#left = bytes;
    else {
      this.#chunks ??= new ChunkReader(this.#limits);
      this.#chunks.begin();
    }
  }

  #readBody(): HttpEvent | null {
    const { held } = this;
    const { bodyBytes } = this.head!;
    if (!this.#bodyBegun && bodyBytes !== null && bodyBytes > (this.maxBodyBytes ?? Infinity)) {
      return this.#refuse(REFUSALS["content-too-large"]);
    }
    if (held.length > 0) this.#bodyBegun = true;
    const result = bodyBytes === null ? this.#readChunks() : this.#readLength();
    if (result === null) {
      return this.ended ? this.#refuse(REFUSALS["incomplete-body"]) : null;
    }
    if (Buffer.isBuffer(result)) return { kind: "body", bytes: result };
    if (!(result instanceof Fields)) return this.#refuse(result);
    this.step("end of body");
    return { kind: "end", trailers: result };
  }

  #readChunks(): Buffer | Fields | Refusal | null {
    return this.#chunks!.read(this.held, this.maxBodyBytes);
  }

  #readLength(): Buffer | Fields | null {
    if (this.#left === 0) return Fields.NONE;
    const { held } = this;
    if (held.length === 0) return null;
    const bytes = held.take(Math.min(this.#left, held.length));
    this.#left -= bytes.length;
    return bytes;
  }
}
