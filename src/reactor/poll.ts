/** `poll`: the registrations without a handler, answered as a list (poll(2), epoll_wait(2)). */
import type { Channel, Datagram, Listener, Messages, Signals } from "../descriptor.ts";
import { AbortError, IomuxError } from "../errors.ts";
import { ALWAYS, INVALID } from "../mask.ts";
import type { Entry, Registration } from "../registration.ts";
import { Dispatcher } from "./dispatch.ts";
import type { Wait } from "./wait.ts";

/** What `poll` answers: registrations and the mask that fired. */
export type PollResult = [
  registration: Registration<Channel | Listener | Datagram | Messages | Signals>,
  ready: number,
][];

type Answer = PollResult[number];

export class Poll {
  /** Registrations without a handler that may be ready. */
  readonly #candidates = new Set<Entry>();
  #closedMeanwhile: Entry[] = [];
  #wait: Wait<PollResult> | null = null;
  #answering = false;

  get waiting(): boolean {
    return this.#wait !== null;
  }

  /** Whether a waiting poll has something to look at. */
  get due(): boolean {
    return this.#wait !== null && (this.#candidates.size > 0 || this.#closedMeanwhile.length > 0);
  }

  add(entry: Entry): void {
    this.#candidates.add(entry);
  }

  /** The registration is gone; if its descriptor was closed while poll waits, poll says so. */
  remove(entry: Entry, closed: boolean): void {
    this.#candidates.delete(entry);
    if (!closed || entry.handler !== null || this.#wait === null || this.#answering) return;
    this.#closedMeanwhile.push(entry);
  }

  begin(wait: Wait<PollResult>): void {
    this.#wait = wait;
  }

  assertIdle(inHandler: boolean): void {
    if (inHandler) {
      throw new IomuxError(
        "IOMUX_POLL_IN_HANDLER",
        "poll was called inside a handler, which is inside a turn: return first, poll outside",
      );
    }
    if (this.#wait !== null) {
      throw new IomuxError(
        "IOMUX_POLL_TWICE",
        "poll was called while another poll of this reactor waits: await that one first",
      );
    }
  }

  /** The poll that waits answers in the next turn, also with nothing. */
  expire(): void {
    if (this.#wait !== null) this.#wait.expired = true;
  }

  /** At the end of a turn: answers the waiting poll, if there is anything to say or time is up. */
  answer(): void {
    const wait = this.#wait;
    if (wait === null) return;
    const result = this.#collect();
    if (result.length === 0 && !wait.expired) return;
    this.#wait = null;
    wait.resolve(result);
  }

  abort(signal: AbortSignal): void {
    this.#closedMeanwhile = [];
    const wait = this.#wait;
    this.#wait = null;
    wait?.reject(new AbortError("poll", signal));
  }

  /** The reactor closes: the poll that waits answers nothing. */
  end(): void {
    this.#closedMeanwhile = [];
    const wait = this.#wait;
    this.#wait = null;
    wait?.resolve([]);
  }

  #collect(): PollResult {
    const result = this.#closedMeanwhile.map((entry) => answerOf(entry, INVALID));
    this.#closedMeanwhile = [];
    this.#answering = true;
    for (const entry of this.#candidates) {
      const ready = Dispatcher.collect(entry);
      if (ready !== 0) {
        Dispatcher.consume(entry, ready);
        result.push(answerOf(entry, ready));
      }
      if (ready === 0 || entry.edge || entry.oneshot) this.#candidates.delete(entry);
      if ((ready & ALWAYS) !== 0) entry.descriptor.finalize();
    }
    this.#answering = false;
    return result;
  }
}

/** Every descriptor is one of these; an entry does not know which. */
function answerOf(entry: Entry, ready: number): Answer {
  return [entry as unknown as Answer[0], ready];
}
