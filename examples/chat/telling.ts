/**
 * Members, and how they are told: connections by `broadcast()`, guests one by one.
 *
 * Who reads must not be taken for a slow reader because many speak at once. In a turn or two what
 * is under the high-water mark leaves; so lines that come to a quarter of that are said in a turn,
 * and the others are held until the next one.
 */
import {
  broadcast,
  type Connection,
  type Reactor,
  type SocketAddress,
  type TurnedAway,
} from "iomux";

import type { Tell } from "./actions.ts";
import type { Settings } from "./flags.ts";
import { MAX_GUESTS, SeatedGuest, type WhyNoGuest } from "./guests.ts";
import type { Texts } from "./texts.ts";

export interface MemberData {
  /** Of the lines that were dropped for it, how many it knows of. */
  toldOfDropped: number;
}

/** A member with a connection of its own. */
export type Connected = Connection<Buffer, MemberData>;

export type Member = Connected | SeatedGuest;

export function addressOf(member: Member): SocketAddress | null {
  return member instanceof SeatedGuest ? member.guest.address : member.remoteAddress;
}

/** Those who are told something. */
interface Parted {
  readonly to: readonly Member[];
  readonly connected: readonly Connected[];
  readonly guests: readonly SeatedGuest[];
}

export class Telling {
  readonly #reactor: Reactor;
  readonly #texts: Texts;
  readonly #bytesPerTurn: number;
  #bytesInTurn = 0;
  #nextTurn: Promise<void> | null = null;
  #parted: Parted | null = null;

  /** `highWaterMark`: of the connections. */
  constructor(reactor: Reactor, texts: Texts, highWaterMark: number) {
    this.#reactor = reactor;
    this.#texts = texts;
    this.#bytesPerTurn = highWaterMark / 4;
  }

  /** Whether lines must wait. */
  get crowded(): boolean {
    return this.#bytesInTurn >= this.#bytesPerTurn;
  }

  /** Fulfilled when it may not be crowded any more. */
  calmer(): Promise<void> {
    return (this.#nextTurn ??= this.#turnEnds());
  }

  #turnEnds(): Promise<void> {
    return new Promise((resolve) => {
      this.#reactor.defer(() => {
        this.#bytesInTurn = 0;
        this.#nextTurn = null;
        resolve();
      });
    });
  }

  /** `anyGuests`: without them `to` are connections, all of them, and nothing need be looked at. */
  tell({ to, from, text, speech, past }: Tell<Member>, anyGuests: boolean): void {
    const bytes = Buffer.from(`${text}\n`);
    this.#bytesInTurn += bytes.length;
    this.#nextTurn ??= this.#turnEnds();
    let connected = to as readonly Connected[];
    if (anyGuests) {
      const parted = this.#part(to);
      // They are first: what breaks a connection off is told to all after this.
      for (const guest of parted.guests) {
        if (guest !== from) guest.tell(text, { own: false, past: past === true });
        else if (speech === true) guest.tell(text, { own: true, past: false });
      }
      ({ connected } = parted);
    }
    const [only] = connected;
    // What answers a member is that member's own doing.
    if (to.length === 1 && from === null) only?.send(bytes);
    else if (from === null || from instanceof SeatedGuest) broadcast(connected, bytes);
    else broadcast(connected, bytes, { except: from, source: from });
  }

  /** Of the lines that were dropped for it since it was told last. */
  tellOfDropped(member: Connected): void {
    const dropped = member.droppedFrames - member.data.toldOfDropped;
    if (dropped === 0) return;
    const told = member.send(Buffer.from(`${this.#texts.dropped(dropped)}\n`));
    if (told) member.data.toldOfDropped += dropped;
  }

  /** `to` is one array as long as nobody comes or leaves. */
  #part(to: readonly Member[]): Parted {
    if (this.#parted?.to === to) return this.#parted;
    const guests: SeatedGuest[] = [];
    const connected: Connected[] = [];
    for (const member of to) {
      if (member instanceof SeatedGuest) guests.push(member);
      else connected.push(member);
    }
    const parted = { to, connected, guests };
    if (to.length > 1) this.#parted = parted;
    return parted;
  }
}

/** What those are told who may not come in. */
export function farewell(texts: Texts, settings: Settings, why: TurnedAway | WhyNoGuest): string {
  const { maxMembers, maxPerAddress } = settings;
  switch (why) {
    case "closing":
      return texts.ending(0);
    case "max-guests":
      return texts.tooManyGuests(MAX_GUESTS);
    case "max-connections-per-address":
      return texts.tooManyFromThere(maxPerAddress);
    case "accepts-per-second":
      return texts.tooManyAtOnce;
    default:
      return texts.full(maxMembers);
  }
}
