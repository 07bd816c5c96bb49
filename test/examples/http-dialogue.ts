/** A client's bytes at the protocol, with a driver that answers at once and holds it to its promises. */
import { expect } from "vitest";

import { DateWriter } from "../../examples/http/http-date.ts";
import { DEFAULT_PROTOCOL_LIMITS, type ProtocolLimits } from "../../examples/http/http-limits.ts";
import type { RefusalCode } from "../../examples/http/refusal.ts";
import type { RequestHead } from "../../examples/http/request-head.ts";
import { ServerProtocol, type HttpEvent } from "../../examples/http/server-protocol.ts";

/** 1994-11-06, as in the RFC. */
export const NOW = 784_111_777_000;
export const DATE = "Sun, 06 Nov 1994 08:49:37 GMT";

export function protocol(limits: Partial<ProtocolLimits> = {}): ServerProtocol {
  return new ServerProtocol({ ...DEFAULT_PROTOCOL_LIMITS, ...limits }, new DateWriter(() => NOW));
}

/** What was heard of one request. */
export interface Heard {
  readonly head: RequestHead;
  /** As Latin-1. */
  body: string;
  trailers: readonly (readonly [string, string])[] | null;
}

export interface Dialogue {
  readonly requests: Heard[];
  readonly refused: RefusalCode | null;
  /** Requests that came whole. */
  readonly whole: number;
  readonly mustClose: boolean;
}

/** Where events may come, and what is held: asserted behind every step. */
class Judge {
  readonly protocol: ServerProtocol;
  readonly requests: Heard[] = [];
  refused: RefusalCode | null = null;
  whole = 0;
  readonly #limits: ProtocolLimits;
  #open: Heard | null = null;
  /** Behind an answer that closes. */
  #over = false;
  /** Behind a CONNECT, from where on nothing is HTTP. */
  #tunnel = false;

  constructor(limits: Partial<ProtocolLimits> = {}) {
    this.protocol = protocol(limits);
    this.#limits = { ...DEFAULT_PROTOCOL_LIMITS, ...limits };
  }

  receive(bytes: Buffer): void {
    this.protocol.receive(bytes);
    this.pull();
  }

  end(): void {
    this.protocol.receiveEnd();
    this.pull();
    expect(this.protocol.inHead || this.protocol.inBody, "the end leaves nothing open").toBe(false);
  }

  pull(): void {
    for (let event = this.protocol.next(); event !== null; event = this.protocol.next()) {
      this.#take(event);
      this.assertInvariants();
      if (this.#open === null && this.protocol.answering) this.#answer();
      this.assertInvariants();
    }
    if (this.#tunnel) this.protocol.upgrade();
  }

  #take(event: HttpEvent): void {
    expect(this.refused, "nothing comes behind a refusal").toBeNull();
    expect(this.#over, "nothing comes behind an answer that closes").toBe(false);
    const open = this.#open;
    switch (event.kind) {
      case "request": {
        expect(open, "one request at a time").toBeNull();
        const heard = { head: event.head, body: "", trailers: null };
        this.requests.push(heard);
        if (event.head.bodyBytes === 0) this.whole++;
        else this.#open = heard;
        return;
      }
      case "body":
        expect(event.bytes.length).toBeGreaterThan(0);
        open!.body += event.bytes.toString("latin1");
        return;
      case "end":
        open!.trailers = [...event.trailers];
        if (open!.head.bodyBytes !== null) expect(open!.body).toHaveLength(open!.head.bodyBytes);
        this.whole++;
        this.#open = null;
        return;
      case "refused":
        this.refused = event.refusal.code;
        this.#open = null;
    }
  }

  #answer(): void {
    if (this.refused === null && this.requests.at(-1)!.head.method === "CONNECT") {
      this.protocol.head(200, [], "none");
      this.#tunnel = true;
    } else this.protocol.whole(this.refused === null ? 200 : 400, [], "");
    this.#over = this.protocol.mustClose;
  }

  assertInvariants(): void {
    const { inHead, inBody, waiting, buffered, mustClose, answering } = this.protocol;
    expect(Number(inHead) + Number(inBody) + Number(waiting)).toBeLessThanOrEqual(1);
    if (waiting) expect(buffered).toBeGreaterThan(0);
    if (inBody) expect(this.#open).not.toBeNull();
    if (inHead) expect(answering).toBe(false);
    if (this.refused !== null) expect([mustClose, buffered]).toEqual([true, 0]);
    if (this.#open !== null && this.#limits.maxBodyBytes !== null) {
      expect(this.#open.body.length).toBeLessThanOrEqual(this.#limits.maxBodyBytes);
    }
  }

  /** When nothing more can be read of what came, only a part that is within limits is held. */
  assertBounded(): void {
    const { maxHeadBytes, maxMethodBytes, maxTargetBytes } = this.#limits;
    const { maxChunkLineBytes, maxTrailerBytes } = this.#limits;
    const head = Math.max(maxHeadBytes, maxMethodBytes + maxTargetBytes + 12);
    const most = Math.max(head, maxChunkLineBytes, maxTrailerBytes);
    // Asked for each byte, so not of `expect` as long as it is true.
    if (this.protocol.buffered > most) expect(this.protocol.buffered).toBeLessThanOrEqual(most);
  }

  get dialogue(): Dialogue {
    const { requests, refused, whole } = this;
    return { requests, refused, whole, mustClose: this.protocol.mustClose };
  }
}

/** What is heard of `bytes` in these pieces, and then, unless told otherwise, the end. */
export function hear(
  pieces: readonly Buffer[],
  limits: Partial<ProtocolLimits> = {},
  ends = true,
): Dialogue {
  const judge = new Judge(limits);
  for (const piece of pieces) {
    judge.receive(piece);
    judge.assertBounded();
  }
  if (ends) judge.end();
  return judge.dialogue;
}

/** Of text as Latin-1, in one piece. */
export function hearText(text: string, limits: Partial<ProtocolLimits> = {}): Dialogue {
  return hear([Buffer.from(text, "latin1")], limits);
}

export function byteByByte(bytes: Buffer): Buffer[] {
  return Array.from(bytes, (byte) => Buffer.from([byte]));
}

/** Fit to be compared: fields as pairs. */
export function plain({ requests, ...rest }: Dialogue): unknown {
  return {
    ...rest,
    requests: requests.map(({ head, body, trailers }) => {
      return { ...head, fields: [...head.fields], body, trailers };
    }),
  };
}
