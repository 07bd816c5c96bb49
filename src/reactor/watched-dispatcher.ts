/**
 * Dispatch with a trace, with somebody who hears of it, and with the checks of debug mode. The other
 * reactors have the plain one, so that what is not asked for costs nothing.
 */
import { nearestCaller } from "../call-place.ts";
import { BufferedChannel } from "../channel.ts";
import type { Clock } from "../clock.ts";
import { asError, IomuxError } from "../errors.ts";
import { QueuedListener } from "../listener.ts";
import { READABLE } from "../mask.ts";
import type { Entry } from "../registration.ts";
import { Dispatcher } from "./dispatch.ts";
import type { ReactorOptions } from "./options.ts";
import type { Trace } from "./trace.ts";

/** What it watches. */
interface Watching {
  readonly clock: Clock;
  readonly trace: Trace | null;
  readonly debug: boolean;
  readonly onDispatch: ReactorOptions["onDispatch"];
}

type Plain = ConstructorParameters<typeof Dispatcher>;

export function makeDispatcher(watching: Watching, ...plain: Plain): Dispatcher {
  const { debug, trace, onDispatch } = watching;
  const watches = debug || trace !== null || onDispatch !== undefined;
  return watches ? new WatchedDispatcher(watching, ...plain) : new Dispatcher(...plain);
}

class WatchedDispatcher extends Dispatcher {
  readonly #watching: Watching;
  readonly #places = new WeakMap<Entry, string>();
  /** Of which it was said that they leave an edge undrained. */
  readonly #told = new WeakSet<Entry>();

  constructor(watching: Watching, ...plain: Plain) {
    super(...plain);
    this.#watching = watching;
  }

  override registered(entry: Entry): void {
    const place = this.#watching.debug ? nearestCaller() : null;
    if (place !== null) this.#places.set(entry, place);
  }

  protected override call(entry: Entry, ready: number, before: number): void {
    const { clock, trace } = this.#watching;
    this.#announce(entry, ready);
    // Whoever has heard of it may have ended it.
    if (!entry.active) return;
    const ended = trace?.handlerBegins(entry, ready, clock.now());
    super.call(entry, ready, before);
    ended?.(clock.now());
  }

  #announce(entry: Entry, ready: number): void {
    try {
      this.#watching.onDispatch?.(entry, ready);
    } catch (thrown) {
      this.reporter.report(asError(thrown, entry.fd), entry);
    }
  }

  protected override settled(entry: Entry, before: number): void {
    if (this.#watching.debug) this.#checkDrained(entry);
    super.settled(entry, before);
  }

  protected override describe(entry: Entry): string {
    const place = this.#places.get(entry);
    return super.describe(entry) + (place === undefined ? "" : `, registered at ${place},`);
  }

  /** An edge that was reported, and of which something is left, is not reported again. */
  #checkDrained(entry: Entry): void {
    const { descriptor } = entry;
    if (!entry.edge || entry.oneshot || entry.paused || this.#told.has(entry)) return;
    if ((descriptor.condition() & entry.interest & ~entry.pending & READABLE) === 0) return;
    this.#told.add(entry);
    const message = `${this.describe(entry)} returned with ${leftIn(entry)}`;
    this.reporter.report(
      new IomuxError("IOMUX_EDGE_UNDRAINED", message, { fd: entry.fd, state: descriptor.state }),
      entry,
    );
  }
}

/** What is left, and what to do about it. */
function leftIn({ descriptor }: Entry): string {
  const rest = "with EDGE that is not reported again";
  if (descriptor instanceof QueuedListener) {
    return `${descriptor.waiting} connections waiting: ${rest}; accept() until it answers null`;
  }
  const left =
    descriptor instanceof BufferedChannel && descriptor.unread > 0
      ? `${descriptor.unread} bytes unread`
      : descriptor instanceof BufferedChannel
        ? "the end of the stream unread"
        : "more to read";
  return `${left}: ${rest}; read() until it answers null`;
}
