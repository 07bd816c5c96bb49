/** One dispatch: call a handler, hold it while its promise is pending, and judge how it did. */
import { BufferedChannel } from "../channel.ts";
import { publishSlow, publishSpinning } from "../diagnostics.ts";
import { asError, IomuxError } from "../errors.ts";
import { ALWAYS, EDGE, formatMask } from "../mask.ts";
import type { Counters } from "../host.ts";
import type { Limits } from "../limits.ts";
import { MessageQueue } from "../messages.ts";
import type { Entry, Handler } from "../registration.ts";
import type { Reporter } from "./reporter.ts";

export class Dispatcher {
  /** Whose handler runs now. */
  current: Entry | null = null;
  readonly #limits: Readonly<Limits>;
  readonly #counters: Counters;
  protected readonly reporter: Reporter;
  readonly #pauseSpinning: boolean;
  readonly #retest: (entry: Entry) => void;

  /** `retest` puts a registration before the next turn. */
  constructor(
    limits: Readonly<Limits>,
    counters: Counters,
    reporter: Reporter,
    pauseSpinning: boolean,
    retest: (entry: Entry) => void,
  ) {
    this.#limits = limits;
    this.#counters = counters;
    this.reporter = reporter;
    this.#pauseSpinning = pauseSpinning;
    this.#retest = retest;
  }

  /** For debug mode. */
  registered(_entry: Entry): void {
    return;
  }

  /** How reports call it. */
  protected describe(entry: Entry): string {
    return `the handler ${nameOf(entry)} of fd ${entry.fd}`;
  }

  /** What a turn that begins now finds of `entry`; what it finds later is for the next turn. */
  static collect(entry: Entry): number {
    if (!entry.active || entry.held || entry.disarmed) return 0;
    const found = entry.descriptor.condition() & entry.mask;
    return (entry.interest & EDGE) === 0 ? found : found & entry.pending;
  }

  /** Takes `ready` as reported: an edge is spent, a oneshot is disarmed. */
  static consume(entry: Entry, ready: number): void {
    entry.pending &= ~ready;
    if (entry.oneshot) entry.disarmed = true;
    entry.dispatches++;
  }

  /**
   * Calls the handler if anything that was collected still holds and is still asked for. Answers the
   * mask that it was called with; 0: it was not.
   */
  dispatch(entry: Entry): number {
    const descriptor = entry.descriptor;
    const ready =
      entry.active && !entry.held && !entry.disarmed
        ? entry.collected & entry.mask & descriptor.condition()
        : 0;
    if (ready === 0) {
      this.#rearm(entry);
      return 0;
    }
    Dispatcher.consume(entry, ready);
    this.#counters.dispatches++;
    const before = descriptor.progress;
    this.call(entry, ready, before);
    if ((ready & ALWAYS) !== 0) descriptor.finalize();
    if (entry.active && !entry.held) this.settled(entry, before);
    return ready;
  }

  protected call(entry: Entry, ready: number, before: number): void {
    const { handler, descriptor } = entry as { handler: Handler; descriptor: Entry["descriptor"] };
    this.current = entry;
    try {
      const answer: unknown = entry.context.runInAsyncScope(
        handler,
        undefined,
        descriptor,
        ready,
        entry,
      );
      if (isThenable(answer)) this.#hold(entry, answer, before);
      else entry.failures = 0;
    } catch (thrown) {
      this.#handlerFailed(entry, thrown);
    } finally {
      this.current = null;
    }
  }

  /** `before`: its descriptor's progress when the handler was called. */
  #hold(entry: Entry, answer: PromiseLike<unknown>, before: number): void {
    entry.held = true;
    Promise.resolve(answer).then(
      () => {
        entry.held = false;
        entry.failures = 0;
        if (entry.active) this.settled(entry, before);
      },
      (thrown: unknown) => {
        entry.held = false;
        if (entry.active || !isAbort(thrown)) this.#handlerFailed(entry, thrown);
        if (entry.active) this.settled(entry, before);
      },
    );
  }

  /**
   * It costs its own channel, unless that is registered anew by now. Listeners and datagrams stand
   * for many others, signals and stdin for the whole process, so these get some more tries.
   */
  #handlerFailed(entry: Entry, thrown: unknown): void {
    const error = asError(thrown, entry.fd);
    this.#counters.handlerErrors++;
    this.reporter.report(error, entry);
    const { descriptor } = entry;
    if (descriptor instanceof MessageQueue || isOneOfMany(descriptor)) {
      if (entry.active || descriptor.entry === null) descriptor.abort(error);
      return;
    }
    const failures = ++entry.failures;
    if (failures < this.#limits.handlerFailures || !entry.active || entry.paused) return;
    entry.pause();
    this.reporter.report(
      new IomuxError(
        "IOMUX_HANDLER_KEEPS_FAILING",
        `the handler of fd ${entry.fd} (${entry.descriptor.kind}) failed ${failures} times ` +
          `in a row and is paused: mend it, then resume() the registration`,
        { fd: entry.fd, state: entry.descriptor.state, cause: error },
      ),
      entry,
    );
  }

  /** What still holds (level), or was seen meanwhile (edge), is reported in the next turn. */
  #rearm(entry: Entry): boolean {
    if (Dispatcher.collect(entry) === 0) return false;
    this.#retest(entry);
    return true;
  }

  /** Its handler is done: at once, or when its promise is. */
  protected settled(entry: Entry, before: number): void {
    if (!this.#rearm(entry) || entry.descriptor.progress !== before) {
      entry.spins = 0;
      return;
    }
    const turns = ++entry.spins;
    if (turns !== this.#limits.spinTurns) return;
    this.#counters.spinning++;
    if (this.#pauseSpinning) entry.pause();
    this.reporter.report(
      new IomuxError(
        "IOMUX_SPINNING",
        `fd ${entry.fd} was ${formatMask(entry.descriptor.condition() & entry.interest)} for ` +
          `${turns} turns in a row and its handler did nothing about it` +
          (this.#pauseSpinning ? "; it is paused" : "") +
          `: read it, write to it, or modify() its interest`,
        { fd: entry.fd, state: entry.descriptor.state },
      ),
      entry,
    );
    publishSpinning(entry, nameOf(entry), turns);
  }

  /** Reports a handler that held up everybody else. */
  noteDuration(entry: Entry, ms: number): void {
    if (ms <= this.#limits.slowHandlerMs) return;
    this.#counters.slowHandlers++;
    this.reporter.reportOften(
      `slow:${entry.fd}`,
      entry,
      (count) =>
        new IomuxError(
          "IOMUX_SLOW_HANDLER",
          `${this.describe(entry)} ran for ${ms.toFixed(1)} ms` +
            (count > 1 ? ` (${count} times slow)` : "") +
            `, and nothing else could run: split its work, or move it to a worker thread`,
          { fd: entry.fd, state: entry.descriptor.state },
        ),
    );
    publishSlow(entry, nameOf(entry), ms);
  }
}

/** The name of its handler, or `(unnamed)`. */
export function nameOf({ handler }: Entry): string {
  return handler === null || handler.name === "" ? "(unnamed)" : handler.name;
}

/** What a handler rejects with that waited with its own `registration.signal`. */
function isAbort(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.name === "AbortError";
}

/** Whether it is a channel, and not one that stands for the whole process (stdin, stdout). */
function isOneOfMany(descriptor: Entry["descriptor"]): boolean {
  return descriptor instanceof BufferedChannel && descriptor.transport.release === undefined;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === "object" &&
    value !== null &&
    "then" in value &&
    typeof value.then === "function"
  );
}
