/**
 * Who has logged in on the page. A session is a secret that the browser keeps in a cookie; here only
 * its hash is kept, and nothing outlives the process.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

import type { Account } from "../accounts/accounts.ts";

/** Milliseconds without a request or an open stream after which a session has ended. */
export const SESSION_IDLE_MS = 12 * 3_600_000;
/** Sessions at a time; one more ends the one that was used longest ago. */
export const MAX_SESSIONS = 1000;
const TOKEN_BYTES = 32;

const TOKEN = /^[\w-]{43}$/;

/** An answer that goes on. */
export interface Stream {
  readonly ended: boolean;
  abort(): void;
}

export class Session {
  readonly account: Account;
  readonly hash: Buffer;
  usedAtMs: number;
  readonly #streams = new Set<Stream>();

  constructor(account: Account, hash: Buffer, nowMs: number) {
    this.account = account;
    this.hash = hash;
    this.usedAtMs = nowMs;
  }

  /** It goes on for as long as the session does at most. */
  add(stream: Stream): void {
    this.#forgetEnded();
    this.#streams.add(stream);
  }

  /** Whether an answer goes on. */
  get isWatching(): boolean {
    this.#forgetEnded();
    return this.#streams.size > 0;
  }

  end(): void {
    for (const stream of this.#streams) stream.abort();
    this.#streams.clear();
  }

  #forgetEnded(): void {
    for (const stream of this.#streams) if (stream.ended) this.#streams.delete(stream);
  }
}

export class Sessions {
  readonly #now: () => number;
  /** By the beginning of their hashes; in the order of their last use. */
  readonly #sessions = new Map<string, Session>();

  /** `now`: milliseconds of a clock that never goes back. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Answers its secret. */
  begin(account: Account): string {
    const token = randomBytes(TOKEN_BYTES).toString("base64url");
    const hash = hashOf(token);
    this.#sessions.set(keyOf(hash), new Session(account, hash, this.#now()));
    if (this.#sessions.size > MAX_SESSIONS) {
      for (const oldest of this.#sessions.values()) {
        this.#end(oldest);
        break;
      }
    }
    return token;
  }

  /** Null: it is nobody's, or no more. Who asks has used it. */
  find(token: string): Session | null {
    if (!TOKEN.test(token)) return null;
    const hash = hashOf(token);
    const key = keyOf(hash);
    const session = this.#sessions.get(key);
    if (session === undefined || !timingSafeEqual(session.hash, hash)) return null;
    const nowMs = this.#now();
    if (nowMs - session.usedAtMs > SESSION_IDLE_MS && !session.isWatching) {
      this.#end(session);
      return null;
    }
    session.usedAtMs = nowMs;
    this.#sessions.delete(key);
    this.#sessions.set(key, session);
    return session;
  }

  /** What streams for it is broken off. */
  end(token: string): void {
    const session = this.find(token);
    if (session !== null) this.#end(session);
  }

  get size(): number {
    return this.#sessions.size;
  }

  #end(session: Session): void {
    this.#sessions.delete(keyOf(session.hash));
    session.end();
  }
}

function hashOf(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}

/** Enough to find it by. Whether it is the one, the whole hash says, in a time that tells nothing. */
function keyOf(hash: Buffer): string {
  return hash.toString("latin1", 0, 8);
}
