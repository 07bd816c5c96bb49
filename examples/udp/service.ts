/**
 * The service without sockets and time: a datagram in, its answer or silence out.
 *
 * A request takes effect at most once, however often it comes and however late:
 *
 *   has the number of the last one      it is a copy: the same answer again
 *   has a lower number                  a copy that comes late: its client has gone on; silence
 *   is of a client that is not known    new, if its ticket is; otherwise refused: it may have been
 *                                       known, and be forgotten
 *   is of another incarnation           refused: what that one knew is lost
 *
 * Nobody is sent more than it has sent, unless its ticket shows that it is where it claims to be.
 */
import { DEFAULT_LIMITS, type ServiceLimits } from "./limits.ts";
import { Sessions } from "./sessions.ts";
import { Store } from "./store.ts";
import { Tickets, type Source } from "./tickets.ts";
import { decodeRequest, encode, TIME, WELCOME } from "./wire.ts";
import type { Asking, Kind, Message, Result } from "./wire.ts";

export interface ServiceOptions {
  /** Random, and another one at each start. */
  readonly incarnation: bigint;
  /** 32 random bytes. */
  readonly secret: Buffer;
  /** Milliseconds since 1970-01-01, UTC. */
  readonly wallMs: () => number;
  readonly limits?: Partial<ServiceLimits>;
}

export interface ServiceStats {
  /** Requests that took effect, or would have: a key that is not there is an answer too. */
  executed: number;
  /** Copies that were given the answer of the first. */
  repeated: number;
  /** Copies of requests that their client does not wait for any more. */
  stale: number;
  /** What is no request of this protocol. */
  foreign: number;
  refused: Partial<Record<Kind, number>>;
}

const NOTHING = Buffer.alloc(0);

export class Service {
  readonly limits: ServiceLimits;
  readonly store: Store;
  readonly sessions: Sessions;
  readonly stats: ServiceStats = { executed: 0, repeated: 0, stale: 0, foreign: 0, refused: {} };
  readonly #tickets: Tickets;
  readonly #wallMs: () => number;

  /** Throws if a ticket could be new for longer than its client is remembered. */
  constructor({ incarnation, secret, wallMs, limits = {} }: ServiceOptions) {
    this.limits = { ...DEFAULT_LIMITS, ...limits };
    const { ticketMs, rememberMs } = this.limits;
    if (ticketMs >= rememberMs) {
      throw new Error(`ticketMs is ${ticketMs}: give less than rememberMs, which is ${rememberMs}`);
    }
    this.store = new Store(this.limits);
    this.sessions = new Sessions(this.limits);
    this.#tickets = new Tickets(incarnation, secret, ticketMs);
    this.#wallMs = wallMs;
  }

  get incarnation(): bigint {
    return this.#tickets.incarnation;
  }

  /** Null: silence. `nowMs` is of a clock that never goes back. */
  receive(bytes: Buffer, source: Source, nowMs: number): Buffer | null {
    this.sessions.expire(nowMs);
    const read = decodeRequest(bytes);
    switch (read.is) {
      case "foreign":
        this.stats.foreign++;
        return null;
      case "other-version":
        return this.#refuse("other-version", read);
      case "malformed":
        return this.#refuse("bad-request", read);
      case "message":
        if (read.kind === "hello") return this.#welcome(read.client, source, nowMs);
        return this.#answer(read, source, nowMs);
    }
  }

  #welcome(client: bigint, source: Source, nowMs: number): Buffer {
    if (!this.sessions.hasRoomFor(source.host)) return this.#refuse("busy", { client, number: 0 });
    const ticket = this.#tickets.issue(client, source, nowMs);
    return encode({ kind: "welcome", client, ticket, value: WELCOME.pack(this.limits.rememberMs) });
  }

  #answer(request: Message, source: Source, nowMs: number): Buffer | null {
    const { client, ticket, number } = request;
    if (ticket.incarnation !== this.incarnation) return this.#refuse("restarted", request);
    if (!this.#tickets.isGenuine(client, ticket, source)) return this.#refuse("stranger", request);
    const known = this.sessions.use(client, source, nowMs);
    if (known !== null && number <= known.number) {
      const isLast = number === known.number;
      this.stats[isLast ? "repeated" : "stale"]++;
      return isLast ? known.answer : null;
    }
    if (known === null) {
      if (!this.#tickets.isNew(ticket, nowMs)) return this.#refuse("forgotten", request);
      if (!this.sessions.hasRoomFor(source.host)) return this.#refuse("busy", request);
    }
    if (!this.sessions.hasRoomForAnswer(known)) return this.#refuse("busy", request);
    const session = known ?? this.sessions.open(client, source, nowMs);
    this.stats.executed++;
    const [kind, value] = this.#execute(request);
    const answer = encode({ kind, client, ticket: this.#signature, number, value });
    this.sessions.remember(session, number, answer);
    return answer;
  }

  #execute({ kind, key, value }: Message): readonly [Result, Buffer] {
    const { store } = this;
    switch (kind as Asking) {
      case "get": {
        const found = store.get(key);
        return found === null ? ["absent", NOTHING] : ["done", found];
      }
      case "set":
        return [store.set(key, value) ? "done" : "full", NOTHING];
      case "delete":
        return [store.delete(key) ? "done" : "absent", NOTHING];
      case "increment": {
        const number = store.increment(key);
        return typeof number === "string" ? [number, NOTHING] : ["done", Buffer.from(`${number}`)];
      }
      case "time":
        return ["done", TIME.pack(BigInt(Math.floor(this.#wallMs())))];
    }
  }

  #refuse(kind: Kind, { client, number }: Pick<Message, "client" | "number">): Buffer {
    const { refused } = this.stats;
    refused[kind] = (refused[kind] ?? 0) + 1;
    return encode({ kind, client, ticket: this.#signature, number });
  }

  /** What an answer says of the server: which incarnation it is. */
  get #signature() {
    return { incarnation: this.incarnation, issued: 0n, seal: NOTHING };
  }

  assertInvariants(): void {
    this.store.assertInvariants();
    this.sessions.assertInvariants();
  }
}
