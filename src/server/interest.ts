/** What a connection wants of its registration: changed only where it changes. */
import { READABLE } from "../mask.ts";
import type { Registration } from "../registration.ts";

export class Interest {
  readonly #registration: Registration;
  /** 0: it is paused, for a mask of nothing there is none. */
  #mask = READABLE;

  constructor(registration: Registration) {
    this.#registration = registration;
  }

  set(mask: number): void {
    const before = this.#mask;
    if (mask === before || !this.#registration.active) return;
    this.#mask = mask;
    if (mask === 0) {
      this.#registration.pause();
      return;
    }
    this.#registration.modify(mask);
    if (before === 0) this.#registration.resume();
  }
}
