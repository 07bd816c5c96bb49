/**
 * Warnings and mutes outlast a visit, or one would end them by coming back.
 *
 * Who leaves with one has it again under the same name, wherever it comes from then. And under
 * whatever name has it who comes next from the same address; but once, for many may share that.
 */
import { nameKey } from "./name.ts";

/** Until when somebody is warned and muted, on the clock of `Moment.ms`. */
export interface Standing {
  readonly warnedUntilMs: number;
  readonly mutedUntilMs: number;
}

/** Where somebody was, or is. */
export interface Visit {
  readonly name: string;
  /** Null if it cannot be told from where others come. */
  readonly address: string | null;
}

/** Of names and addresses. For one more, the one is forgotten whose standing ends soonest. */
export const MAX_STANDINGS = 1000;

export class Standings {
  readonly #kept = new Map<string, Standing>();

  /** How many names and addresses are kept. */
  get size(): number {
    return this.#kept.size;
  }

  /** Somebody leaves. */
  keep(visit: Visit, standing: Standing, nowMs: number): void {
    if (endOf(standing) <= nowMs) return;
    const { byName, byAddress } = keysOf(visit);
    this.#set(byName, standing);
    if (byAddress === null) return;
    const other = this.#kept.get(byAddress);
    if (other === undefined || endOf(other) < endOf(standing)) this.#set(byAddress, standing);
  }

  /** Somebody comes. Null: there is nothing to be said of it. */
  take(visit: Visit, nowMs: number): Standing | null {
    const { byName, byAddress } = keysOf(visit);
    const ofName = this.#kept.get(byName);
    const ofAddress = byAddress === null ? undefined : this.#kept.get(byAddress);
    const standing = ofName ?? ofAddress;
    this.#kept.delete(byName);
    if (byAddress !== null && ofAddress === standing) this.#kept.delete(byAddress);
    return standing === undefined || endOf(standing) <= nowMs ? null : standing;
  }

  #set(key: string, standing: Standing): void {
    this.#kept.set(key, standing);
    if (this.#kept.size <= MAX_STANDINGS) return;
    let [soonest, end] = [key, endOf(standing)];
    for (const [other, kept] of this.#kept) {
      if (endOf(kept) < end) [soonest, end] = [other, endOf(kept)];
    }
    this.#kept.delete(soonest);
  }
}

function endOf({ warnedUntilMs, mutedUntilMs }: Standing): number {
  return Math.max(warnedUntilMs, mutedUntilMs);
}

function keysOf({ name, address }: Visit): { byName: string; byAddress: string | null } {
  return {
    byName: `name ${nameKey(name)}`,
    byAddress: address === null ? null : `from ${address}`,
  };
}
