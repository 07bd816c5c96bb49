/** Real immediates, so that real sockets work, but a time that moves only when told. */
import type { Clock } from "iomux";

interface Alarm {
  readonly at: number;
  readonly callback: () => void;
}

export class ManualClock implements Clock {
  alive = false;
  #now = 0;
  readonly #alarms = new Set<Alarm>();

  now(): number {
    return this.#now;
  }

  immediate(callback: () => void): void {
    setImmediate(callback);
  }

  timer(delayMs: number, callback: () => void): () => void {
    const alarm = { at: this.#now + delayMs, callback };
    this.#alarms.add(alarm);
    return () => this.#alarms.delete(alarm);
  }

  keepAlive(alive: boolean): void {
    this.alive = alive;
  }

  /** Time passes inside a handler: nothing else happens meanwhile. */
  spend(ms: number): void {
    this.#now += ms;
  }

  /** Time passes, stopping at every alarm on the way; after each the loop goes round. */
  async advance(ms: number, goRound: () => Promise<void>): Promise<void> {
    const end = this.#now + ms;
    for (let next = this.#nextBefore(end); next !== undefined; next = this.#nextBefore(end)) {
      this.#now = Math.max(this.#now, next.at);
      this.#alarms.delete(next);
      next.callback();
      await goRound();
    }
    this.#now = Math.max(this.#now, end);
  }

  #nextBefore(end: number): Alarm | undefined {
    let earliest: Alarm | undefined;
    for (const alarm of this.#alarms) {
      if (alarm.at <= end && (earliest === undefined || alarm.at < earliest.at)) earliest = alarm;
    }
    return earliest;
  }
}
