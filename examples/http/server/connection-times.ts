/**
 * The times of one connection, behind one lazy timer. What happens is noted as a phase and a time;
 * nothing is armed again when a request comes and is answered at once.
 */
import type { HttpLimits } from "./limits.ts";
import type { ServerClock } from "./server-home.ts";

/**
 * What is waited for: a head, another request, a body that is being read, the beginning of an
 * answer, or nothing that has a limit here (output has one in the connection itself).
 */
export type Phase = "head" | "idle" | "body" | "answer" | "none";

export interface TimesHome {
  readonly limits: HttpLimits;
  readonly clock: ServerClock;
  /** Bytes of the body so far, and whether it is the peer whom it waits for. */
  readonly bodyReceived: number;
  readonly bodyHungry: boolean;
  expired(phase: Phase): void;
}

export class ConnectionTimes {
  readonly #home: TimesHome;
  #phase: Phase = "head";
  #since: number;
  /** Bytes of the body at `#since`. */
  #received = 0;
  #timerAt = Infinity;
  #cancel: (() => void) | null = null;
  #stopped = false;

  constructor(home: TimesHome) {
    this.#home = home;
    this.#since = home.clock.now();
    this.#wake();
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** A phase begins now, also if it is the same one again. */
  enter(phase: Phase): void {
    this.#phase = phase;
    this.#since = this.#home.clock.now();
    if (phase === "body") this.#received = this.#home.bodyReceived;
    if (this.#dueAt() < this.#timerAt) this.#wake();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }

  #dueAt(): number {
    const { headMs, idleMs, bodyMs, answerMs } = this.#home.limits;
    switch (this.#phase) {
      case "head":
        return this.#since + headMs;
      case "idle":
        return this.#since + idleMs;
      case "body":
        return this.#since + bodyMs;
      case "answer":
        return answerMs === 0 ? Infinity : this.#since + answerMs;
      case "none":
        return Infinity;
    }
  }

  #wake(): void {
    const at = this.#dueAt();
    if (this.#stopped) return;
    this.#cancel?.();
    this.#cancel = null;
    this.#timerAt = at;
    if (at === Infinity) return;
    this.#cancel = this.#home.clock.later(Math.max(1, at - this.#home.clock.now()), () => {
      this.#look();
    });
  }

  #look(): void {
    if (this.#stopped) return;
    this.#timerAt = Infinity;
    if (this.#dueAt() <= this.#home.clock.now()) {
      if (!this.#bodyGoesOn()) {
        this.#home.expired(this.#phase);
        return;
      }
      this.enter("body");
    } else this.#wake();
  }

  /** Enough of the body came in this time, or it is not the peer who is waited for. */
  #bodyGoesOn(): boolean {
    const { bodyReceived, bodyHungry, limits } = this.#home;
    if (this.#phase !== "body") return false;
    return !bodyHungry || bodyReceived - this.#received >= limits.bodyProgressBytes;
  }
}
