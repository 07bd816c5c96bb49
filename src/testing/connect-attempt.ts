/**
 * A question that may stay without an answer: it is repeated, later each time, and given up after
 * `CONNECT_MS`, as Linux does (tcp_syn_retries, tcp(7)).
 */
import type { MemoryTransport } from "./memory-transport.ts";
import type { SimulatedClock } from "./simulated-clock.ts";

const CONNECT_MS = 127_000;
/** The first is repeated after this, each further one after twice the time before. */
const REPEAT_MS = 1000;

export class ConnectAttempt {
  readonly #clock: SimulatedClock;
  readonly #ask: () => void;
  #repeatMs = REPEAT_MS;
  #callOffRepeat: () => void = () => undefined;
  #callOffEnd: () => void = () => undefined;

  constructor(clock: SimulatedClock, ask: () => void) {
    this.#clock = clock;
    this.#ask = ask;
  }

  start(near: MemoryTransport): void {
    this.#callOffEnd = this.#clock.timer(CONNECT_MS, () => {
      near.fail("ETIMEDOUT", "no answer came");
    });
    this.#ask();
  }

  /** Nobody has answered. */
  repeat(): void {
    this.#callOffRepeat = this.#clock.timer(this.#repeatMs, this.#ask);
    this.#repeatMs *= 2;
  }

  /** There is a connection, or there will be none. */
  over(): void {
    this.#callOffRepeat();
    this.#callOffEnd();
  }
}
