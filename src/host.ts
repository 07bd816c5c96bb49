/** What a descriptor may know of the reactor that made it. */
import type { PagePool } from "./bytes/output-queue.ts";
import type { Limits } from "./limits.ts";
import type { Transport } from "./network.ts";
import type { Channel } from "./descriptor.ts";
import type { ReadySource } from "./registration.ts";

/** Something whose output leaves at the end of the turn. */
export interface Flushable {
  flush(): void;
}

/** Counters of the whole reactor, live. */
export interface Counters {
  turns: number;
  dispatches: number;
  bytesIn: number;
  bytesOut: number;
  accepted: number;
  connected: number;
  refused: number;
  handlerErrors: number;
  slowHandlers: number;
  spinning: number;
  timersFired: number;
}

export interface Host {
  readonly limits: Readonly<Limits>;
  readonly pages: PagePool;
  readonly counters: Counters;
  /** Whether the descriptor is one of a debugging reactor. */
  readonly debug: boolean;

  /** The next fd. */
  allocate(): number;
  /** `bits` have become true. For level mode a hint; for edge mode the transition itself. */
  changed(source: ReadySource, bits: number): void;
  /** Bytes came in; enough of them start a turn. */
  collected(bytes: number): void;
  /** Flush at the end of this turn, or of the next one. */
  flushLater(source: Flushable): void;
  /** Unregisters, because the descriptor's owner closes it: nothing more is reported. */
  detach(source: ReadySource, reason: Error | null): void;
  /** Lets go of a socket, at most `closesPerTurn` in one turn. */
  destroyLater(transport: Transport, reset: boolean): void;
  /** The descriptor is closed: forget it. */
  gone(source: ReadySource): void;
  /** A descriptor that is neither registered nor closed keeps the process alive meanwhile. */
  busy(delta: 1 | -1): void;
  /** Calls back after `delayMs`; the answer calls it off. Does not keep the process alive. */
  after(delayMs: number, callback: () => void): () => void;
  /** Whether an accepted connection must be refused for want of descriptors. */
  mustRefuse(): boolean;
  /** A channel of this reactor over an accepted transport. */
  channel(transport: Transport): Channel;
  /** Reports, at most once every `reportEveryMs` for each `code`, with a count. */
  report(source: ReadySource, code: string, describe: (count: number) => Error): void;
}
