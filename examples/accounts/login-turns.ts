/**
 * Whose password is looked at next. That costs some time of a thread each, so that few are looked at
 * at once, and few wait. Addresses take turns, and have as many places as there are while nobody
 * else wants them:
 *
 * - Who comes from an address of which nobody waits has one turn of each other address before it,
 *   however many wait there.
 * - If all places are taken, the address that has the most of them gives one up for who comes from
 *   one that has fewer. So who floods the server shuts out nobody who comes from elsewhere, but if
 *   he has as many addresses as there are places.
 *
 * Of the address that gives one up it is the latest login: those before it have waited for longer,
 * and nobody would ever be looked at if it were always the one who is next.
 */
import { networkOf } from "../program/host-address.ts";

/** Hashes that run at once: the threads of the pool are for files too. */
export const HASHES_AT_ONCE = 2;
/** Logins that wait for their turn; more are told to come back. */
export const MAX_WAITING_LOGINS = 64;

type Begin = (turn: "now" | "busy") => void;

export class LoginTurns {
  /** By network, in the order of their turns; of each the oldest first. None is empty. */
  readonly #waiting = new Map<string, Begin[]>();
  #places = MAX_WAITING_LOGINS;
  #running = 0;

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return MAX_WAITING_LOGINS - this.#places;
  }

  /** Does `work` when it is its turn. `signal`: whoever wanted it has left, and waits no more. */
  async take<T>(host: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T | "busy"> {
    if (this.#running < HASHES_AT_ONCE) this.#running++;
    else if ((await this.#wait(networkOf(host), signal)) === "busy") return "busy";
    try {
      return await work();
    } finally {
      // Whose turn it is takes the place of this one.
      const next = this.#next();
      if (next === null) this.#running--;
      else next("now");
    }
  }

  #wait(network: string, signal: AbortSignal | undefined): Promise<"now" | "busy"> {
    const mine = this.#waiting.get(network) ?? [];
    if (this.#places === 0 && !this.#makePlace(mine.length)) return Promise.resolve("busy");
    return new Promise((resolve) => {
      mine.push(resolve);
      this.#waiting.set(network, mine);
      this.#places--;
      signal?.addEventListener("abort", () => {
        this.#leave(network, resolve);
      });
    });
  }

  /** Takes a place from the address that has the most, if it then has no fewer than who comes. */
  #makePlace(have: number): boolean {
    let most: [network: string, theirs: readonly Begin[]] | null = null;
    for (const one of this.#waiting) {
      if (one[1].length > (most?.[1].length ?? have + 1)) most = one;
    }
    const latest = most?.[1].at(-1);
    if (most === null || latest === undefined) return false;
    this.#leave(most[0], latest);
    return true;
  }

  #leave(network: string, begin: Begin): void {
    const theirs = this.#waiting.get(network);
    const at = theirs?.indexOf(begin) ?? -1;
    if (theirs === undefined || at < 0) return;
    theirs.splice(at, 1);
    if (theirs.length === 0) this.#waiting.delete(network);
    this.#places++;
    begin("busy");
  }

  #next(): Begin | null {
    for (const [network, theirs] of this.#waiting) {
      // Its next turn comes after everybody else's.
      this.#waiting.delete(network);
      const next = theirs.shift()!;
      if (theirs.length > 0) this.#waiting.set(network, theirs);
      this.#places++;
      return next;
    }
    return null;
  }
}
