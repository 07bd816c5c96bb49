/**
 * The client without sockets and time: what is to be sent, how long to wait, and what came of it.
 *
 *   ask() -> hello -> welcome, with a ticket -> the request -> its answer
 *
 * What is not answered is sent again, the same bytes, later and later. A request that changes
 * something is never sent with another ticket or number unless it is certain that it was not done:
 * otherwise its outcome is unknown, and that is said.
 */
import { waitMs, type Backoff } from "../program/backoff.ts";
import { decodeAnswer, encode, WELCOME } from "./wire.ts";
import type { Asking, Message, Result, Ticket } from "./wire.ts";

export interface Operation {
  readonly kind: Asking;
  /** Empty for `time`. */
  readonly key: Buffer;
  /** Empty but for `set`. */
  readonly value: Buffer;
}

type Refusal = "busy" | "restarted" | "forgotten" | "stranger" | "other-version" | "bad-request";
/** Why there is no answer: the last that was heard, or a code of the system. */
export type Why = "silence" | Refusal | { readonly code: string };

export type Outcome =
  | {
      readonly is: "answered";
      readonly result: Result;
      readonly value: Buffer;
      readonly by: bigint;
    }
  /** Nothing has changed because of it, and nothing will. */
  | { readonly is: "not-done"; readonly why: Why }
  /** It has taken effect, once; or it will, once; or never. */
  | { readonly is: "unknown"; readonly why: Why };

/** What is to be done next: send this and wait so long, or be done. */
export type Step =
  { readonly send: Buffer; readonly waitMs: number } | { readonly outcome: Outcome };

export interface AskingOptions {
  /** Datagrams that are sent for one operation. */
  readonly tries: number;
  /** For the whole operation. */
  readonly timeoutMs: number;
  readonly backoff: Backoff;
  /** From 0 to 1. */
  readonly random: () => number;
  /** 64 random bits: who cannot guess them cannot answer in the server's place. */
  readonly newClient: () => bigint;
}

export const TRIES = 8;
export const TIMEOUT_MS = 10_000;
/** A lost datagram is missed soon, and a server that is overloaded is left in peace. */
export const BACKOFF: Backoff = {
  firstMs: 200,
  factor: 2,
  maxMs: 2000,
  jitter: 0.5,
  attempts: Infinity,
};

interface Session {
  readonly client: bigint;
  readonly ticket: Ticket;
  /** The server remembers the last answer for so long. */
  readonly rememberMs: number;
  /** Of the last request. */
  number: number;
  usedMs: number;
}

interface Asked {
  readonly operation: Operation;
  readonly deadlineMs: number;
  tries: number;
  /** Of these bytes. */
  copies: number;
  /** A hello, or the request; null: to be made. */
  bytes: Buffer | null;
  /** When the request was first sent; null: not yet. */
  sentMs: number | null;
  heard: Why;
}

export class Asker {
  readonly #options: AskingOptions;
  #session: Session | null = null;
  /** Whose hello is on its way. */
  #newClient = 0n;
  #asked: Asked | null = null;

  constructor(options: AskingOptions) {
    this.#options = options;
  }

  /** One at a time. */
  ask(operation: Operation, nowMs: number): Step {
    if (this.#asked !== null) throw new Error("the operation before has not ended");
    const session = this.#session;
    // It may be forgotten while the request is on its way, and to ask costs less than to be refused.
    if (session !== null && nowMs - session.usedMs > session.rememberMs / 2) this.#session = null;
    const deadlineMs = nowMs + this.#options.timeoutMs;
    const fresh = { tries: 0, copies: 0, bytes: null, sentMs: null };
    this.#asked = { operation, deadlineMs, ...fresh, heard: "silence" };
    return this.#send(this.#asked, nowMs);
  }

  /** The wait is over. */
  due(nowMs: number): Step {
    return this.#send(this.#asked!, nowMs);
  }

  /** What the system says of what was sent. */
  fail(code: string): void {
    if (this.#asked !== null) this.#asked.heard = { code };
  }

  /** Null: it is of no use, and the wait goes on. */
  receive(bytes: Buffer, nowMs: number): Step | null {
    const [asked, answer] = [this.#asked, decodeAnswer(bytes)];
    if (asked === null || answer === null) return null;
    const session = this.#session;
    if (session === null) {
      return answer.client === this.#newClient && answer.number === 0
        ? this.#heardBeforeTicket(asked, answer, nowMs)
        : null;
    }
    if (answer.client !== session.client || answer.number !== session.number) return null;
    return this.#heard(asked, answer, session, nowMs);
  }

  #heardBeforeTicket(asked: Asked, answer: Message, nowMs: number): Step | null {
    const { kind, client, ticket, value } = answer;
    switch (kind) {
      case "welcome": {
        const [rememberMs] = WELCOME.unpack(value);
        this.#session = { client, ticket, rememberMs, number: 0, usedMs: nowMs };
        asked.bytes = null;
        return this.#send(asked, nowMs);
      }
      case "busy":
        asked.heard = kind;
        return null;
      case "other-version":
      case "bad-request":
        return this.#end({ is: "not-done", why: kind });
      default:
        return null;
    }
  }

  #heard(asked: Asked, answer: Message, session: Session, nowMs: number): Step | null {
    const { kind } = answer;
    switch (kind) {
      case "done":
      case "absent":
      case "not-a-number":
      case "out-of-range":
      case "full": {
        const by = answer.ticket.incarnation;
        return this.#end({ is: "answered", result: kind, value: answer.value, by });
      }
      case "busy":
        asked.heard = kind;
        return null;
      case "bad-request":
        return this.#end({ is: "not-done", why: kind });
      case "other-version":
      case "forgotten":
      case "restarted":
      case "stranger": {
        this.#session = null;
        // Had this server done it, it would remember it: since then less time has passed than it
        // promises to. And it refuses every copy that is still on its way.
        const isNotDone = kind === "forgotten" && nowMs - asked.sentMs! < session.rememberMs;
        if (!isNotDone && changes(asked.operation)) return this.#end({ is: "unknown", why: kind });
        asked.heard = kind;
        asked.bytes = null;
        asked.sentMs = null;
        return this.#send(asked, nowMs);
      }
      default:
        return null;
    }
  }

  #send(asked: Asked, nowMs: number): Step {
    const { tries, backoff, random } = this.#options;
    if (asked.tries >= tries || nowMs >= asked.deadlineMs) return this.#giveUp(asked);
    if (asked.bytes === null) {
      asked.bytes = this.#make(asked.operation);
      asked.copies = 0;
    }
    asked.tries++;
    asked.copies++;
    if (this.#session !== null) {
      asked.sentMs ??= nowMs;
      this.#session.usedMs = nowMs;
    }
    const wait = waitMs(backoff, asked.copies, random())!;
    return { send: asked.bytes, waitMs: Math.min(wait, asked.deadlineMs - nowMs) };
  }

  #make({ kind, key, value }: Operation): Buffer {
    const session = this.#session;
    if (session === null) {
      // Another one each time: what was sent with a ticket is never sent with another.
      const client = (this.#newClient = this.#options.newClient());
      return encode({ kind: "hello", client, value: Buffer.alloc(WELCOME.size) });
    }
    const { client, ticket } = session;
    return encode({ kind, client, ticket, number: ++session.number, key, value });
  }

  #giveUp(asked: Asked): Step {
    const mayBeDone = asked.sentMs !== null && changes(asked.operation);
    return this.#end({ is: mayBeDone ? "unknown" : "not-done", why: asked.heard });
  }

  #end(outcome: Outcome): Step {
    this.#asked = null;
    return { outcome };
  }
}

function changes({ kind }: Operation): boolean {
  return kind !== "get" && kind !== "time";
}
