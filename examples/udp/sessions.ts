/**
 * The last answer to each client, by which a copy of a request is known. A client has one request at
 * a time: of its requests only the last one can still be repeated by it.
 *
 * None is forgotten to make room: then a copy of its request, still on its way, would take effect
 * again. Who is new must wait instead. It is forgotten when `rememberMs` have passed without a word
 * from it; tickets for a first request last less than that, so that what comes later is refused.
 */
import { networkOf } from "../program/host-address.ts";
import type { Source } from "./tickets.ts";
import { MAX_DATAGRAM_BYTES } from "./wire.ts";

export interface Session {
  readonly network: string;
  /** Of the last request that has taken effect; 0: none. */
  number: number;
  answer: Buffer;
  usedMs: number;
}

export interface SessionLimits {
  readonly clients: number;
  readonly clientsPerAddress: number;
  readonly rememberedBytes: number;
  readonly rememberMs: number;
}

const NOTHING = Buffer.alloc(0);

export class Sessions {
  readonly #limits: SessionLimits;
  /** In the order in which they were last used. */
  readonly #sessions = new Map<string, Session>();
  readonly #perNetwork = new Map<string, number>();
  #bytes = 0;

  constructor(limits: SessionLimits) {
    this.#limits = limits;
  }

  get count(): number {
    return this.#sessions.size;
  }

  /** Of the answers. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Forgets those whose time is over. */
  expire(nowMs: number): void {
    for (const [client, { usedMs, network, answer }] of this.#sessions) {
      if (nowMs - usedMs < this.#limits.rememberMs) return;
      this.#sessions.delete(client);
      this.#bytes -= answer.length;
      const others = this.#perNetwork.get(network)! - 1;
      if (others === 0) this.#perNetwork.delete(network);
      else this.#perNetwork.set(network, others);
    }
  }

  /** Its time begins again. */
  use(client: bigint, source: Source, nowMs: number): Session | null {
    const name = nameOf(client, source);
    const session = this.#sessions.get(name);
    if (session === undefined) return null;
    session.usedMs = nowMs;
    this.#sessions.delete(name);
    this.#sessions.set(name, session);
    return session;
  }

  hasRoomFor(host: string): boolean {
    const { clients, clientsPerAddress } = this.#limits;
    const others = this.#perNetwork.get(networkOf(host)) ?? 0;
    return this.#sessions.size < clients && others < clientsPerAddress;
  }

  open(client: bigint, source: Source, nowMs: number): Session {
    const network = networkOf(source.host);
    const session = { network, number: 0, answer: NOTHING, usedMs: nowMs };
    this.#sessions.set(nameOf(client, source), session);
    this.#perNetwork.set(network, (this.#perNetwork.get(network) ?? 0) + 1);
    return session;
  }

  /** Whether the longest answer could be remembered; asked before a request takes effect. */
  hasRoomForAnswer(before: Session | null): boolean {
    const left = this.#bytes - (before?.answer.length ?? 0);
    return left + MAX_DATAGRAM_BYTES <= this.#limits.rememberedBytes;
  }

  remember(session: Session, number: number, answer: Buffer): void {
    this.#bytes += answer.length - session.answer.length;
    session.number = number;
    session.answer = answer;
  }

  assertInvariants(): void {
    const { clients, clientsPerAddress, rememberedBytes } = this.#limits;
    const all = [...this.#sessions.values()];
    const bytes = all.reduce((sum, { answer }) => sum + answer.length, 0);
    const counted = [...this.#perNetwork.values()].reduce((sum, count) => sum + count, 0);
    const most = Math.max(0, ...this.#perNetwork.values());
    if (bytes !== this.#bytes || bytes > rememberedBytes) throw new Error(`${bytes} bytes`);
    if (counted !== all.length || counted > clients) throw new Error(`${counted} sessions`);
    if (most > clientsPerAddress) throw new Error(`${most} sessions of an address`);
    const isOrdered = all.every(({ usedMs }, i) => i === 0 || all[i - 1]!.usedMs <= usedMs);
    if (!isOrdered) throw new Error("sessions are not in the order of their use");
  }
}

/** Its ticket is of this address: nobody elsewhere is told what it was answered. */
function nameOf(client: bigint, { host, port }: Source): string {
  return `${client} ${host} ${port}`;
}
