/** A registration: one object that ties a descriptor to its interest and handler. */
import { AsyncResource } from "node:async_hooks";

import type { Descriptor } from "./descriptor.ts";
import { ALWAYS, EDGE, ONESHOT } from "./mask.ts";
import type { ReadyMember } from "./ready-set.ts";

/**
 * Called when `descriptor` is ready. If it answers a promise, the registration is held until that
 * settles: a registration never overlaps itself.
 */
export type Handler<D extends Descriptor = Descriptor, T = unknown> = (
  descriptor: D,
  ready: number,
  registration: Registration<D, T>,
) => void | Promise<void>;

/**
 * A registration. `fd`, `descriptor`, `handler` and `data` stay as they are for its whole life;
 * the rest are live views.
 */
export interface Registration<D extends Descriptor = Descriptor, T = unknown> {
  /** Its descriptor's number. */
  readonly fd: number;
  /** What is registered. */
  readonly descriptor: D;
  /** Null for a registration that `poll` answers. To look at: it is the reactor that calls it. */
  readonly handler: Handler<never, never> | null;
  /** The user's slot. */
  readonly data: T;
  /** The mask that was asked for, EDGE and ONESHOT among it. */
  readonly interest: number;
  /** What would be reported now, as far as the interest goes. */
  readonly ready: number;
  /** Whether it is still registered. */
  readonly active: boolean;
  /** Whether `pause()` was called, and `resume()` not since. */
  readonly paused: boolean;
  /** Whether its handler's promise is pending. */
  readonly held: boolean;
  /** Whether it was a oneshot that has reported and waits for `modify`. */
  readonly disarmed: boolean;
  /** How often its handler was called, or `poll` answered it. */
  readonly dispatches: number;
  /**
   * Turns that have passed it by since it became ready: they ran out of `turnBudgetMs` or
   * `turnDispatches` first. 0 when it is not ready, once it was called, and for what `poll` answers.
   */
  readonly waitedTurns: number;
  /** Aborted when it is unregistered, closed, or has failed. */
  readonly signal: AbortSignal;
  /** Changes the interest and arms it again; the condition is tested at once. */
  modify(interest: number): void;
  /** Reports nothing until `resume()`, but ERROR and HANGUP. */
  pause(): void;
  /** Ends a pause; the condition is tested at once. Throws if it is not registered any more. */
  resume(): void;
  /** False if it was unregistered before. */
  unregister(): boolean;
  /** Lets it keep the process alive (the default; signals never do). */
  ref(): this;
  /** Lets the process end though it is registered. */
  unref(): this;
}

/** What a registration asks of its reactor. */
export interface RegistrationOwner {
  modify(entry: Entry, interest: number): void;
  setPaused(entry: Entry, paused: boolean): void;
  setRef(entry: Entry, ref: boolean): void;
  remove(entry: Entry): boolean;
  /** Turns that have ended. */
  readonly turnsEnded: number;
}

/** What the reactor needs of a descriptor to dispatch it. */
export interface ReadySource extends Descriptor {
  /** Every condition that holds now, as a mask. */
  condition(): number;
  /** Counts what was read, written, accepted: whether a handler got anywhere. */
  readonly progress: number;
  /** Its registration, if it has one. */
  entry: Entry | null;
  /** Whether it ever had one. */
  wasRegistered: boolean;
  /** The reactor's side of it: who it belongs to. */
  readonly host: unknown;
  /** Who waits in `select` for any change of it. */
  watchers: Set<() => void> | null;
  /** Closes what has failed or hung up, once that was told. */
  finalize(): void;
  assertInvariants(): void;
}

/** A registration as the reactor sees it. */
export class Entry implements Registration, ReadyMember {
  readonly fd: number;
  readonly descriptor: ReadySource;
  readonly handler: Handler | null;
  readonly data: unknown;
  interest: number;
  active = true;
  paused = false;
  held = false;
  disarmed = false;
  /** Whether it keeps the process alive; signals never do. */
  refed: boolean;
  listed = false;
  /** The turn in which it was listed, or before which. */
  listedIn = 0;
  dispatches = 0;
  /** Transitions seen and not yet reported (edge mode). */
  pending = 0;
  /** What this turn found when it began. */
  collected = 0;
  /** Turns in a row without progress. */
  spins = 0;
  failures = 0;
  /** Called when it is gone. */
  onGone: (() => void) | null = null;
  /** The async context of `register`. */
  readonly context: AsyncResource;
  readonly #owner: RegistrationOwner;
  #abort: AbortController | null = null;

  constructor(
    owner: RegistrationOwner,
    descriptor: ReadySource,
    interest: number,
    handler: Handler | null,
    data: unknown,
  ) {
    this.#owner = owner;
    this.fd = descriptor.fd;
    this.descriptor = descriptor;
    this.interest = interest;
    this.handler = handler;
    this.data = data;
    this.refed = descriptor.kind !== "signals";
    this.context = new AsyncResource("IOMUX_REGISTRATION");
  }

  get ready(): number {
    return this.disarmed ? 0 : this.descriptor.condition() & this.mask;
  }

  /** The conditions that may be reported now: those asked for, and ERROR and HANGUP. */
  get mask(): number {
    return this.paused ? ALWAYS : this.interest | ALWAYS;
  }

  get waitedTurns(): number {
    if (!this.active || !this.listed || this.ready === 0) return 0;
    return Math.max(0, this.#owner.turnsEnded - this.listedIn);
  }

  get edge(): boolean {
    return (this.interest & EDGE) !== 0;
  }

  get oneshot(): boolean {
    return (this.interest & ONESHOT) !== 0;
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (!this.active) this.#abort.abort();
    return this.#abort.signal;
  }

  modify(interest: number): void {
    this.#owner.modify(this, interest);
  }

  pause(): void {
    this.#owner.setPaused(this, true);
  }

  resume(): void {
    this.#owner.setPaused(this, false);
  }

  unregister(): boolean {
    return this.#owner.remove(this);
  }

  ref(): this {
    this.#owner.setRef(this, true);
    return this;
  }

  unref(): this {
    this.#owner.setRef(this, false);
    return this;
  }

  /** Tells whoever waits with `signal` that it is over. */
  abortSignal(reason: Error | null): void {
    this.#abort?.abort(reason ?? undefined);
  }
}
