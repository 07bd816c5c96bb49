/**
 * The clock: what a reactor needs of time, and of the loop around it.
 *
 * It is a parameter. The system clock stands on Node's loop; the simulated one moves when told.
 */

export interface Clock {
  /** Milliseconds, fractional, that never go back. The origin is arbitrary. */
  now(): number;

  /**
   * Calls back once, after the I/O that is there now was collected and before more is waited for
   * (Node's immediate phase).
   */
  immediate(callback: () => void): void;

  /**
   * Calls back once, about `delayMs` from now; up to a millisecond early is allowed, the reactor
   * makes up for it. Answers how to call it off.
   */
  timer(delayMs: number, callback: () => void): () => void;

  /** Says whether anything keeps the process alive. Nothing else that a clock does may. */
  keepAlive(alive: boolean): void;
}
