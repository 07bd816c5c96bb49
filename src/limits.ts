/**
 * Limits: every queue, size, count and time that the core bounds, with its default.
 *
 * Each may be given to `createReactor()`. `docs/limits.md` says what happens when one is reached,
 * and names the test that shows it.
 */
import { IomuxRangeError, IomuxTypeError } from "./errors.ts";

/** The limits of a reactor; `docs/limits.md` says what happens when one is reached. */
export interface Limits {
  /** Bytes collected that start a turn before the immediate phase. */
  turnBytes: number;
  /** Milliseconds after which a turn hands the rest of its ready list to the next one. */
  turnBudgetMs: number;
  /** Dispatches after which a turn hands the rest to the next one. */
  turnDispatches: number;
  /** A handler that runs longer, in milliseconds, is reported (`IOMUX_SLOW_HANDLER`). */
  slowHandlerMs: number;
  /** Turns in a row that a registration is ready without progress until it is reported. */
  spinTurns: number;
  /** Failures in a row that pause the registration of a listener, datagram, signals or stdin. */
  handlerFailures: number;
  /** Bytes that a channel reads ahead; beyond it reading from the network stops. */
  inputMark: number;
  /** Bytes of output at which writing to a channel stops being possible. */
  highWaterMark: number;
  /** Bytes of output at which it becomes possible again. */
  lowWaterMark: number;
  /** Bytes handed to the network in one write. */
  flushBytes: number;
  /** Bytes that the whole loop holds for its peers; beyond it the largest holders are shed. */
  maxBufferedBytes: number;
  /** Milliseconds that ERROR and HANGUP wait for held bytes to be read. */
  unreadMs: number;
  /** Milliseconds without progress after which a closing channel is aborted. */
  lingerMs: number;
  /** Connections that wait for `accept()`; more are refused. */
  acceptQueue: number;
  /** Messages of a port that wait for `read()`; beyond it the port is paused. */
  messageQueue: number;
  /** Datagrams that wait for `receive()` at one socket; beyond it the newest is dropped. */
  datagramQueue: number;
  /** Their bytes, an empty one counted as 1; beyond it the newest is dropped. */
  datagramQueueBytes: number;
  /** Datagrams of one socket that the system has not taken yet; beyond it `send` answers false. */
  datagramsInFlight: number;
  /** TLS handshakes of a listener's peers at a time; more are refused. */
  maxHandshakes: number;
  /** Milliseconds that a TLS handshake may take. */
  tlsHandshakeMs: number;
  /** Sockets destroyed in one turn; more are spread over the next ones. */
  closesPerTurn: number;
  /** Descriptors kept free under the process's limit; peers beyond are refused. */
  reserveDescriptors: number;
  /** Milliseconds between two reports of the same accept failure. */
  reportEveryMs: number;
}

/** Every limit, with its default. */
export const DEFAULT_LIMITS: Readonly<Limits> = Object.freeze({
  turnBytes: 64 * 1024,
  turnBudgetMs: 10,
  turnDispatches: 1024,
  slowHandlerMs: 50,
  spinTurns: 1000,
  handlerFailures: 8,
  inputMark: 64 * 1024,
  highWaterMark: 256 * 1024,
  lowWaterMark: 64 * 1024,
  flushBytes: 256 * 1024,
  maxBufferedBytes: 256 * 1024 * 1024,
  unreadMs: 10_000,
  lingerMs: 10_000,
  acceptQueue: 1024,
  messageQueue: 64,
  datagramQueue: 1024,
  datagramQueueBytes: 1024 * 1024,
  datagramsInFlight: 1024,
  maxHandshakes: 1024,
  tlsHandshakeMs: 10_000,
  closesPerTurn: 128,
  reserveDescriptors: 16,
  reportEveryMs: 1000,
});

const MAY_BE_ZERO: ReadonlySet<keyof Limits> = new Set<keyof Limits>([
  "lowWaterMark",
  "unreadMs",
  "lingerMs",
  "reserveDescriptors",
  "reportEveryMs",
]);
const TIMES: ReadonlySet<keyof Limits> = new Set<keyof Limits>([
  "turnBudgetMs",
  "slowHandlerMs",
  "unreadMs",
  "lingerMs",
  "tlsHandshakeMs",
  "reportEveryMs",
]);

/** Those that may be `Infinity`, which turns the limit off. What bounds memory may not. */
const MAY_BE_INFINITE: ReadonlySet<keyof Limits> = new Set<keyof Limits>([
  "turnBytes",
  "turnBudgetMs",
  "turnDispatches",
  "slowHandlerMs",
  "spinTurns",
  "handlerFailures",
  "closesPerTurn",
]);

/** The defaults with `given` over them. Throws for what is no such limit. */
export function resolveLimits(given: Partial<Limits>): Readonly<Limits> {
  const limits = { ...DEFAULT_LIMITS };
  for (const name of Object.keys(DEFAULT_LIMITS) as (keyof Limits)[]) {
    const value: unknown = given[name];
    if (value === undefined) continue;
    limits[name] = checkLimit(name, value);
  }
  if (limits.lowWaterMark > limits.highWaterMark) {
    throw new IomuxRangeError(
      "IOMUX_BAD_RANGE",
      `lowWaterMark ${limits.lowWaterMark} is over highWaterMark ${limits.highWaterMark}: ` +
        `set it to at most that`,
    );
  }
  return Object.freeze(limits);
}

function checkLimit(name: keyof Limits, value: unknown): number {
  if (typeof value !== "number") {
    throw new IomuxTypeError(
      "IOMUX_BAD_ARGUMENT",
      `option ${name} must be a number, not ${typeof value}`,
    );
  }
  const least = MAY_BE_ZERO.has(name) ? 0 : 1;
  if (value === Infinity && MAY_BE_INFINITE.has(name)) return value;
  if (value >= least && (TIMES.has(name) ? value < Infinity : Number.isSafeInteger(value))) {
    return value;
  }
  throw new IomuxRangeError(
    "IOMUX_BAD_RANGE",
    `option ${name} is ${value}: give ${TIMES.has(name) ? "milliseconds" : "a whole number"} ` +
      `of at least ${least}`,
  );
}
