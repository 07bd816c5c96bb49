/**
 * Members without a connection of their own: something else, like a page, carries their lines.
 *
 * In the room they are members like all. What a connection's limits are for the others is here: how
 * many come from one address, and how fast; how many lines wait; and how long somebody is silent.
 */
import { TokenBucket, type SocketAddress } from "iomux";
import type { Reactor, Timer } from "iomux";

import type { Settings } from "./flags.ts";
import { networkOf, plainHost } from "../program/host-address.ts";
import type { LineEvent } from "./protocol.ts";

/** Lines of one guest that wait while others have to read the last ones. One more is refused. */
export const MAX_WAITING_LINES = 20;

/** At a time. What is kept for each of them is what takes memory. */
export const MAX_GUESTS = 1000;

/** Lines over a member's limit are dropped; those over so many times the limit are not even heard. */
export const HEARING_AHEAD = 20;

export interface ToldAs {
  /** Its own words, at their place among those of the others. */
  readonly own: boolean;
  /** It was said before, and the line begins with when: `[HH:MM]`. */
  readonly past: boolean;
}

/** Nothing of it may throw, or call the room. */
export interface Guest {
  /** Where it comes from. */
  readonly address: SocketAddress | null;
  /** Bytes that it was told and does not take. */
  readonly backlog: number;
  /** One line. */
  tell(text: string, what: ToldAs): void;
  /** It has left the room, for whatever reason. Nothing is told after it. */
  dismissed(): void;
}

export interface Seat {
  /** Null: it has left. */
  readonly name: string | null;
  /** A line, or a command. Whoever has left says nothing. `too-fast`: it was not heard. */
  say(line: string): "heard" | "too-fast";
  leave(): void;
}

export type Admission =
  | { readonly seat: Seat }
  /** One line for whoever came. `soon`: it may try again in a moment. */
  | { readonly seat: null; readonly why: string; readonly soon: boolean };

export interface GuestsOptions {
  readonly reactor: Reactor;
  readonly settings: Settings;
  /** Whether lines must wait, because others have to read the last ones. Not for ever. */
  readonly crowded: () => boolean;
  readonly hear: (guest: SeatedGuest, line: LineEvent) => void;
  /** Nothing went to it, and nothing came from it, for too long. */
  readonly idle: (guest: SeatedGuest) => void;
}

/** A guest as a member of the room. */
export class SeatedGuest {
  readonly guest: Guest;
  readonly #options: GuestsOptions;
  readonly #rate: TokenBucket | null;
  #waiting: LineEvent[] = [];
  #mustWait = false;
  #activeAt: number;
  #idleTimer: Timer | null = null;
  #here = true;

  constructor(guest: Guest, options: GuestsOptions) {
    const { linesPerSecond, lineBurst } = options.settings;
    const perSecond = HEARING_AHEAD * Math.max(linesPerSecond, lineBurst);
    this.guest = guest;
    this.#options = options;
    this.#rate = linesPerSecond === 0 ? null : new TokenBucket({ perSecond });
    this.#activeAt = options.reactor.now();
  }

  /** It has a place. From now on it may be silent for so long only. */
  seated(): void {
    const { idleSeconds } = this.#options.settings;
    if (idleSeconds > 0) this.#watch(idleSeconds * 1000);
  }

  /** Whether its lines wait. */
  get waits(): boolean {
    return this.#waiting.length > 0;
  }

  tell(text: string, what: ToldAs): void {
    if (!this.#here) return;
    this.#activeAt = this.#options.reactor.now();
    this.guest.tell(text, what);
  }

  say(line: LineEvent): "heard" | "too-fast" {
    if (!this.#here) return "heard";
    const nowMs = this.#options.reactor.now();
    if (this.#waiting.length >= MAX_WAITING_LINES) return "too-fast";
    if (this.#rate?.take(1, nowMs) === false) return "too-fast";
    this.#activeAt = nowMs;
    this.#waiting.push(line);
    if (!this.#mustWait) this.#hearWaiting();
    return "heard";
  }

  /** It has left the room. */
  dismiss(): void {
    if (!this.#here) return;
    this.#here = false;
    this.#waiting = [];
    this.#idleTimer?.cancel();
    this.guest.dismissed();
  }

  #hearWaiting(): void {
    this.#mustWait = false;
    while (this.#waiting.length > 0) {
      if (this.#options.crowded()) {
        this.#mustWait = true;
        this.#options.reactor.defer(() => {
          this.#hearWaiting();
        });
        return;
      }
      this.#options.hear(this, this.#waiting.shift()!);
    }
  }

  #watch(idleMs: number): void {
    const silentMs = this.#options.reactor.now() - this.#activeAt;
    if (silentMs >= idleMs) {
      this.#options.idle(this);
      return;
    }
    this.#idleTimer = this.#options.reactor.setTimer(idleMs - silentMs, () => {
      this.#watch(idleMs);
    });
    this.#idleTimer.unref();
  }
}

/** An IPv4 peer of an IPv6 socket is an IPv4 peer. All of a Unix path are one machine's: null. */
export function machineOf(address: SocketAddress | null): string | null {
  return address === null || address.family === "unix" ? null : plainHost(address.host);
}

/** What those of an address are counted as, as `serve()` counts. */
function countedAs(address: SocketAddress | null): string | null {
  const machine = machineOf(address);
  return machine === null ? null : networkOf(machine);
}

export type WhyNoGuest = "max-guests" | "max-connections-per-address" | "accepts-per-second";

/** All of them, and who else may come. */
export class Guests {
  readonly #options: GuestsOptions;
  readonly #here = new Set<SeatedGuest>();
  readonly #joins: TokenBucket | null;

  constructor(options: GuestsOptions) {
    const { joinsPerSecond } = options.settings;
    this.#options = options;
    this.#joins = joinsPerSecond === 0 ? null : new TokenBucket({ perSecond: joinsPerSecond });
  }

  get size(): number {
    return this.#here.size;
  }

  get all(): ReadonlySet<SeatedGuest> {
    return this.#here;
  }

  /**
   * Null: somebody from `address` may come. `connected`: where the connections come from, which
   * count too. Ask once for each: it counts.
   */
  refuses(
    address: SocketAddress | null,
    connected: Iterable<SocketAddress | null>,
  ): WhyNoGuest | null {
    if (this.#here.size >= MAX_GUESTS) return "max-guests";
    const { maxPerAddress } = this.#options.settings;
    const from = countedAs(address);
    if (from !== null && maxPerAddress > 0) {
      let present = 0;
      for (const { guest } of this.#here) if (countedAs(guest.address) === from) present++;
      for (const other of connected) if (countedAs(other) === from) present++;
      if (present >= maxPerAddress) return "max-connections-per-address";
    }
    const inTime = this.#joins?.take(1, this.#options.reactor.now()) ?? true;
    return inTime ? null : "accepts-per-second";
  }

  seat(guest: Guest): SeatedGuest {
    return new SeatedGuest(guest, this.#options);
  }

  add(guest: SeatedGuest): void {
    this.#here.add(guest);
    guest.seated();
  }

  /** It has left the room. */
  remove(guest: SeatedGuest): void {
    this.#here.delete(guest);
    guest.dismiss();
  }
}
