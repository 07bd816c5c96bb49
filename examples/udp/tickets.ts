/**
 * Tickets: they show that a client can be reached at the address that it claims, for who writes
 * another address on its datagrams never sees the answer (the cookies of RFC 9147 section 5.1). The
 * server keeps nothing of a ticket: it knows its own seal.
 */
import { createHmac, timingSafeEqual } from "node:crypto";

import { struct } from "iomux";

import type { Ticket } from "./wire.ts";

/** Who has sent a datagram, as far as can be known. */
export interface Source {
  readonly host: string;
  readonly port: number;
}

const SEALED = struct("!QQQ");
const SEAL_BYTES = 16;

export class Tickets {
  readonly incarnation: bigint;
  readonly #secret: Buffer;
  readonly #newMs: number;

  /** The first two are random, and others at each start. A ticket is new for `newMs`. */
  constructor(incarnation: bigint, secret: Buffer, newMs: number) {
    this.incarnation = incarnation;
    this.#secret = secret;
    this.#newMs = newMs;
  }

  issue(client: bigint, source: Source, nowMs: number): Ticket {
    const { incarnation } = this;
    const issued = BigInt(Math.floor(nowMs));
    return { incarnation, issued, seal: this.#seal(client, issued, source) };
  }

  /** Whether it was issued by this incarnation, to this client at this address. */
  isGenuine(client: bigint, { issued, seal }: Ticket, source: Source): boolean {
    return timingSafeEqual(seal, this.#seal(client, issued, source));
  }

  /** Whether nobody can have used it and be forgotten since: clients are remembered for longer. */
  isNew({ issued }: Ticket, nowMs: number): boolean {
    return nowMs - Number(issued) < this.#newMs;
  }

  #seal(client: bigint, issued: bigint, { host, port }: Source): Buffer {
    return createHmac("sha256", this.#secret)
      .update(SEALED.pack(client, this.incarnation, issued))
      .update(`${host} ${port}`)
      .digest()
      .subarray(0, SEAL_BYTES);
  }
}
