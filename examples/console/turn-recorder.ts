/**
 * The busiest turn since somebody last asked, which is the one with the most time in handlers: who was
 * ready, who was called, how long each took.
 */
import type { Registration, Turn } from "iomux";

import { bounded } from "./descriptor-row.ts";
import type { Call, TurnPicture } from "./feed.ts";
import { rounded } from "./milliseconds.ts";

/** Calls of a turn that are told: those that took longest. */
export const MAX_CALLS_TOLD = 100;
/** Calls of a turn that are kept until it is told; more are counted. */
export const MAX_CALLS_KEPT = 1024;

/** The calls of a turn, in lists that are used again and again: this runs for each of them. */
class Calls {
  readonly registrations: Registration[] = [];
  readonly ready: number[] = [];
  readonly ms: number[] = [];
  count = 0;
  /** Milliseconds in handlers, of all calls. */
  spentMs = 0;

  add(registration: Registration, ready: number, ms: number): void {
    this.count++;
    this.spentMs += ms;
    if (this.ms.length === MAX_CALLS_KEPT) return;
    this.registrations.push(registration);
    this.ready.push(ready);
    this.ms.push(ms);
  }

  /** Keeps nobody from being collected. */
  clear(): void {
    this.count = 0;
    this.spentMs = 0;
    this.registrations.length = this.ready.length = this.ms.length = 0;
  }
}

export class TurnRecorder {
  /** Of the turn that runs. */
  #calls = new Calls();
  #busiest: Turn | null = null;
  #busiestCalls = new Calls();

  dispatched(registration: Registration, ready: number, ms: number): void {
    this.#calls.add(registration, ready, ms);
  }

  turnEnded(turn: Turn): void {
    const calls = this.#calls;
    // A turn in which nobody was called has no picture.
    const isBusiest = this.#busiest === null || calls.spentMs > this.#busiestCalls.spentMs;
    if (calls.count > 0 && isBusiest) {
      this.#busiest = turn;
      this.#calls = this.#busiestCalls;
      this.#busiestCalls = calls;
    }
    this.#calls.clear();
  }

  /** Since the last time; null: nobody was called. */
  take(): TurnPicture | null {
    const turn = this.#busiest;
    if (turn === null) return null;
    const told = this.#longest();
    const more = this.#busiestCalls.count - told.length;
    const calls = told.map((at) => this.#call(at));
    const { turn: number, beganAt, ms, ready } = turn;
    this.#busiest = null;
    this.#busiestCalls.clear();
    return { turn: number, beganAt: rounded(beganAt), ms: rounded(ms), ready, calls, more };
  }

  /** The calls that took longest, in the order in which they were made. */
  #longest(): number[] {
    const { ms } = this.#busiestCalls;
    const places = [...ms.keys()];
    if (places.length <= MAX_CALLS_TOLD) return places;
    places.sort((a, b) => ms[b]! - ms[a]! || a - b);
    return places.slice(0, MAX_CALLS_TOLD).sort((a, b) => a - b);
  }

  #call(at: number): Call {
    const { registrations, ready, ms } = this.#busiestCalls;
    const { fd, descriptor, handler } = registrations[at]!;
    return {
      fd,
      owner: bounded(descriptor.label),
      ready: ready[at]!,
      handler: nameOf(handler),
      ms: rounded(ms[at]!),
    };
  }

  /** Forgets all of it, and whom it was about. */
  clear(): void {
    this.#busiest = null;
    this.#busiestCalls.clear();
    this.#calls.clear();
  }
}

/** As the library names it in its reports. */
export function nameOf(handler: Registration["handler"]): string {
  return handler === null || handler.name === "" ? "(unnamed)" : bounded(handler.name);
}
