/** What the operator is told of members and of those who were turned away. */
import { formatAddress, TokenBucket, type CloseReason } from "iomux";
import type { Reactor, SocketAddress, TurnedAway } from "iomux";

import { SeatedGuest, type WhyNoGuest } from "./guests.ts";
import { Journal } from "../program/journal.ts";
import { inputState, whyDisconnected, whyTurnedAway } from "./reports.ts";
import { addressOf, type Member } from "./telling.ts";
import type { Texts } from "./texts.ts";

/** Lines of the journal in a second, and at once. */
const JOURNAL_LINES = { perSecond: 5, burst: 20 };

export class OperatorNotes {
  readonly #reactor: Reactor;
  readonly #texts: Texts;
  readonly #journal: Journal;

  constructor(reactor: Reactor, texts: Texts, write: (line: string) => void) {
    this.#reactor = reactor;
    this.#texts = texts;
    this.#journal = new Journal({
      limiter: new TokenBucket(JOURNAL_LINES),
      write,
      leftOut: texts.leftOut,
    });
  }

  /** `name`: null without one. */
  disconnected(member: Member, name: string | null, reason: CloseReason): void {
    const why = whyDisconnected(this.#texts, reason);
    if (why === null) return;
    this.#note(this.#texts.disconnected(name, whereIs(this.#texts, member), why));
  }

  turnedAway(reason: TurnedAway | WhyNoGuest, address: SocketAddress | null): void {
    const why = whyTurnedAway(this.#texts, reason);
    if (why === null) return;
    this.#note(this.#texts.turnedAway(formatAddress(address), why));
  }

  /** Bytes that `peer` was never given. */
  cutOff(peer: string, queued: number): void {
    this.#note(this.#texts.cutOff(peer, queued));
  }

  /** Says how many notes were left out, if any. */
  flush(): void {
    this.#journal.flush();
  }

  /** The answer to `/explain`. */
  explained(member: Member, name: string): string {
    const where = whereIs(this.#texts, member);
    if (member instanceof SeatedGuest) {
      const input = member.waits ? "waiting" : "open";
      return this.#texts.explained(name, where, input, member.guest.backlog);
    }
    const { reading } = this.#reactor.explain(member.channel);
    return this.#texts.explained(name, where, inputState(reading), member.backlog);
  }

  #note(line: string): void {
    this.#journal.note(line, this.#reactor.now());
  }
}

/** Where a member comes from, in the words of the room. */
export function whereIs(texts: Texts, member: Member): string {
  const where = formatAddress(addressOf(member));
  return member instanceof SeatedGuest ? texts.inPage(where) : where;
}
