/**
 * The body of a request while it comes. Nothing is kept here: a piece is fetched from the protocol
 * when somebody asks for it, and until then the connection is not read.
 */
import type { Fields } from "../fields.ts";
import { HeldBytes } from "../held-bytes.ts";
import type { RequestHead } from "../request-head.ts";
import { HttpError } from "./http-error.ts";
import type { BodyLimit, RequestBody } from "./http-request.ts";
import { ignorable } from "./ignorable.ts";

/** Who fetches what comes. */
export interface BodyHome {
  /** Bytes that the body may have; null: any number. */
  maxBodyBytes: number | null;
  /** A piece is wanted: it may be taken from inside this call. */
  bodyWanted(): void;
  /** The peer waits for a 100. */
  sendContinue(): void;
}

interface Waiter {
  readonly resolve: (bytes: Buffer | null) => void;
  readonly reject: (error: Error) => void;
}

export class ServedBody implements RequestBody {
  trailers: Fields | null = null;
  /** Bytes that came so far. */
  received = 0;
  /** Whether anybody has asked for it. */
  asked = false;
  /** Whether it is read and dropped, whoever asked before. */
  dropping = false;
  readonly length: number | null;
  readonly #home: BodyHome;
  #continueDue: boolean;
  #isWhole: boolean;
  #failure: Error | null = null;
  #waiter: Waiter | null = null;

  constructor(home: BodyHome, { bodyBytes, expectsContinue }: RequestHead) {
    this.#home = home;
    this.length = bodyBytes;
    this.#continueDue = expectsContinue;
    this.#isWhole = bodyBytes === 0;
  }

  /** Whether all of it came. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** Whether it will not come any more. */
  get over(): boolean {
    return this.#isWhole || this.#failure !== null;
  }

  /** Whether the next piece is wanted now. */
  get hungry(): boolean {
    return !this.over && (this.dropping || this.#waiter !== null);
  }

  /** Whether the peer may be waiting for a 100 that was not sent. */
  get continueDue(): boolean {
    return this.#continueDue;
  }

  // What the connection tells.

  take(bytes: Buffer): void {
    this.received += bytes.length;
    this.#continueDue = false;
    this.#answer()?.resolve(bytes);
  }

  finish(trailers: Fields): void {
    this.trailers = trailers;
    this.#isWhole = true;
    this.#answer()?.resolve(null);
  }

  /** It will not come. */
  fail(error: Error): void {
    if (this.over) return;
    this.#failure = error;
    this.#answer()?.reject(error);
  }

  #answer(): Waiter | null {
    const waiter = this.#waiter;
    this.#waiter = null;
    return waiter;
  }

  // What handlers ask for.

  allow(maxBytes: number | null): void {
    this.#home.maxBodyBytes = maxBytes;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void, void> {
    for (let bytes = await this.#next(); bytes !== null; bytes = await this.#next()) yield bytes;
  }

  bytes(limit: BodyLimit = {}): Promise<Buffer> {
    return ignorable(this.#bytes(limit));
  }

  text(limit: BodyLimit = {}): Promise<string> {
    return ignorable(this.#text(limit));
  }

  json(limit: BodyLimit = {}): Promise<unknown> {
    return ignorable(this.#json(limit));
  }

  discard(): Promise<void> {
    return ignorable(this.#discard());
  }

  async #bytes({ maxBytes }: BodyLimit): Promise<Buffer> {
    if (maxBytes !== undefined) this.allow(maxBytes);
    // Not as many pieces: a peer could make each a byte long, and each costs a hundred.
    const held = new HeldBytes();
    for (let bytes = await this.#next(); bytes !== null; bytes = await this.#next()) {
      held.push(bytes);
    }
    return held.take(held.length);
  }

  async #text(limit: BodyLimit): Promise<string> {
    return (await this.#bytes(limit)).toString();
  }

  async #json(limit: BodyLimit): Promise<unknown> {
    const text = await this.#text(limit);
    try {
      return JSON.parse(text) as unknown;
    } catch (error) {
      throw new HttpError(400, "The body is not JSON", { cause: error });
    }
  }

  async #discard(): Promise<void> {
    while ((await this.#next()) !== null);
  }

  #next(): Promise<Buffer | null> {
    if (this.#waiter !== null) {
      return Promise.reject(new Error("the body is being read already: one reader at a time"));
    }
    this.asked = true;
    if (this.#isWhole) return Promise.resolve(null);
    if (this.#failure !== null) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiter = { resolve, reject };
      if (this.#continueDue) this.#home.sendContinue();
      this.#continueDue = false;
      this.#home.bodyWanted();
    });
  }
}
