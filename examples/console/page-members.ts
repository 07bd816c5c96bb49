/** Members of the room who are there by a page, by the secret that each of them was given. */
import { createHash, randomBytes } from "node:crypto";

import type { Reactor, SocketAddress } from "iomux";

import type { ToldAs } from "../chat/guests.ts";
import type { ChatServer } from "../chat/server.ts";
import type { EncodedLine } from "./kept-lines.ts";
import { encodeLine } from "./kept-lines.ts";
import { PageMember } from "./page-member.ts";

/** Bytes of a secret. */
const TOKEN_BYTES = 32;
/** Of members who have left, those who can still hear of it. The first one is forgotten. */
export const MAX_ENDED = 100;

const TOKEN = /^[\w-]{43}$/;

export type Joining =
  | { readonly token: string; readonly name: string }
  | { readonly token: null; readonly why: string; readonly soon: boolean };

export interface PageMembersOptions {
  readonly chat: ChatServer;
  readonly reactor: Reactor;
  readonly wallMs: () => number;
}

export class PageMembers {
  readonly #options: PageMembersOptions;
  /** By a hash: how long it takes to find one tells nothing of the secret. */
  readonly #members = new Map<string, PageMember>();
  #last: { readonly text: string; readonly wallMs: number; readonly line: EncodedLine } | null =
    null;

  constructor(options: PageMembersOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#members.size;
  }

  join(name: string, address: SocketAddress | null): Joining {
    const token = randomBytes(TOKEN_BYTES).toString("base64url");
    const key = keyOf(token);
    const member = new PageMember({
      reactor: this.#options.reactor,
      address,
      encode: (text, what) => this.#encode(text, what),
      onForgotten: () => this.#members.delete(key),
    });
    const admission = this.#options.chat.admit(member, name);
    if (admission.seat === null) return { token: null, ...admission };
    this.#members.set(key, member);
    member.seated(admission.seat);
    this.#forgetEnded();
    return { token, name: member.name ?? name };
  }

  find(token: string): PageMember | null {
    if (!TOKEN.test(token)) return null;
    return this.#members.get(keyOf(token)) ?? null;
  }

  close(): void {
    for (const member of this.#members.values()) member.close();
    this.#members.clear();
  }

  /** A line goes to many at once. */
  #encode(text: string, { own, past }: ToldAs): EncodedLine {
    const wallMs = this.#options.wallMs();
    if (past) return encodeLine({ text, own, wallMs, past });
    if (own) return encodeLine({ text, own, wallMs });
    if (this.#last?.text !== text || this.#last.wallMs !== wallMs) {
      this.#last = { text, wallMs, line: encodeLine({ text, own, wallMs }) };
    }
    return this.#last.line;
  }

  #forgetEnded(): void {
    const ended = [...this.#members.values()].filter(({ over }) => over);
    for (const member of ended.slice(0, -MAX_ENDED)) member.leave();
  }
}

function keyOf(token: string): string {
  return createHash("sha256").update(token).digest("base64");
}
