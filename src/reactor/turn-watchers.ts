/** Who watches the turns: they hear of each call of a handler, and of each turn that has ended. */
import { checkFunction } from "../arguments.ts";
import { asError, IomuxTypeError } from "../errors.ts";
import type { Registration } from "../registration.ts";
import type { Reporter } from "./reporter.ts";

/** A turn that has ended. */
export interface Turn {
  /** Its number: `stats().turns` while it ran. */
  readonly turn: number;
  /** When it began, in milliseconds of the reactor's clock: what `now()` answered in it. */
  readonly beganAt: number;
  /** How long it took, in milliseconds. */
  readonly ms: number;
  /** How many registrations were ready when it began, those left over from the last one among them. */
  readonly ready: number;
}

/**
 * Who watches the turns of a reactor: either method, or both. What one throws is reported to
 * `onError`, and the loop goes on.
 */
export interface TurnWatcher {
  /**
   * A handler was called with the mask `ready`, and has returned after `ms` milliseconds; the promise
   * that it may have answered is not waited for. Called at once, within the turn.
   */
  dispatched?(registration: Registration, ready: number, ms: number): void;
  /** A turn has ended, whatever was done in it. Called after it, before the next one. */
  turnEnded?(turn: Turn): void;
}

/** One time that somebody watches, until that is ended. */
interface Watch {
  readonly watcher: TurnWatcher;
  ended: boolean;
}

export class TurnWatchers {
  /** Replaced, not changed: who is added while the others are told hears of what comes next. */
  #watches: readonly Watch[] | null = null;
  readonly #reporter: Reporter;

  constructor(reporter: Reporter) {
    this.#reporter = reporter;
  }

  get any(): boolean {
    return this.#watches !== null;
  }

  /** Throws for what cannot watch. The answer ends it. */
  add(watcher: TurnWatcher): () => void {
    checkWatcher(watcher);
    const watch = { watcher, ended: false };
    this.#watches = [...(this.#watches ?? []), watch];
    return () => {
      watch.ended = true;
      const left = (this.#watches ?? []).filter(({ ended }) => !ended);
      this.#watches = left.length === 0 ? null : left;
    };
  }

  dispatched(registration: Registration, ready: number, ms: number): void {
    this.#tell(registration, (watcher) => watcher.dispatched?.(registration, ready, ms));
  }

  turnEnded(turn: Turn): void {
    this.#tell(null, (watcher) => watcher.turnEnded?.(turn));
  }

  #tell(registration: Registration | null, tell: (watcher: TurnWatcher) => void): void {
    for (const { watcher, ended } of this.#watches ?? []) {
      try {
        if (!ended) tell(watcher);
      } catch (thrown) {
        const error = asError(thrown, registration?.fd, "a turn watcher threw");
        this.#reporter.report(error, registration);
      }
    }
  }
}

function checkWatcher(watcher: unknown): asserts watcher is TurnWatcher {
  const { dispatched, turnEnded } = (watcher ?? {}) as Readonly<Record<keyof TurnWatcher, unknown>>;
  checkFunction(dispatched, "dispatched of a turn watcher");
  checkFunction(turnEnded, "turnEnded of a turn watcher");
  if (typeof dispatched === "function" || typeof turnEnded === "function") return;
  const message = "a turn watcher must have a method dispatched or turnEnded, or both";
  throw new IomuxTypeError("IOMUX_BAD_ARGUMENT", message);
}
