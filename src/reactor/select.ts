/**
 * `select`: three lists of descriptors, registered or not (select(2)). Level, consumes nothing.
 *
 * As in Linux's select, a descriptor that has failed or hung up counts as readable and as
 * writable: a call on it would not block. One that is closed while select waits counts as each.
 */
import { AbortError, IomuxError, IomuxTypeError } from "../errors.ts";
import type { Descriptor } from "../descriptor.ts";
import { ERROR, HANGUP, PRIORITY, READABLE, WRITABLE } from "../mask.ts";
import type { ReadySource } from "../registration.ts";
import { makeWait, type Wait, type WaitHost, type WaitOptions } from "./wait.ts";

/** What `select` answers: those of each list that are ready, in the order of the lists. */
export type SelectResult<
  R extends Descriptor = Descriptor,
  W extends Descriptor = Descriptor,
  X extends Descriptor = Descriptor,
> = [readable: R[], writable: W[], exceptional: X[]];

const READ_SET = READABLE | ERROR | HANGUP;
const WRITE_SET = WRITABLE | ERROR | HANGUP;
const EXCEPTION_SET = PRIORITY | ERROR;

type Lists = readonly [readonly ReadySource[], readonly ReadySource[], readonly ReadySource[]];

interface Waiting {
  readonly lists: Lists;
  readonly wait: Wait<SelectResult>;
  readonly watcher: () => void;
  touched: boolean;
}

export class Selects {
  readonly #waiting = new Set<Waiting>();

  begin(host: WaitHost, lists: Lists, options: WaitOptions): Promise<SelectResult> {
    const { wait, promise } = makeWait<SelectResult>(host, options, (signal) => {
      this.#end(waiting);
      wait.reject(new AbortError("select", signal));
    });
    const waiting: Waiting = {
      lists,
      wait,
      touched: true,
      watcher: () => {
        waiting.touched = true;
        host.schedule();
      },
    };
    for (const source of lists.flat()) (source.watchers ??= new Set()).add(waiting.watcher);
    this.#waiting.add(waiting);
    host.schedule();
    return promise;
  }

  /** At the end of a turn: answers those whose descriptors changed, or whose time is up. */
  answer(): void {
    for (const waiting of this.#waiting) {
      if (!waiting.touched && !waiting.wait.expired) continue;
      waiting.touched = false;
      const result = evaluate(waiting.lists);
      if (!waiting.wait.expired && result.every((list) => list.length === 0)) continue;
      this.#end(waiting);
      waiting.wait.resolve(result);
    }
  }

  /** Every select that waits answers now, with what there is. */
  expire(): void {
    for (const { wait } of this.#waiting) wait.expired = true;
  }

  #end(waiting: Waiting): void {
    this.#waiting.delete(waiting);
    for (const source of waiting.lists.flat()) {
      source.watchers?.delete(waiting.watcher);
      if (source.watchers?.size === 0) source.watchers = null;
    }
  }
}

function evaluate([readers, writers, exceptional]: Lists): SelectResult {
  const pick = (list: readonly ReadySource[], mask: number): ReadySource[] =>
    list.filter(
      (source) =>
        (source.condition() & mask) !== 0 ||
        source.state === "closed" ||
        source.state === "closing",
    );
  return [pick(readers, READ_SET), pick(writers, WRITE_SET), pick(exceptional, EXCEPTION_SET)];
}

/** Throws for what is no open descriptor of this reactor. */
export function checkList(
  list: unknown,
  name: string,
  resolve: (source: unknown) => ReadySource | undefined,
): ReadySource[] {
  if (!Array.isArray(list)) {
    throw new IomuxTypeError(
      "IOMUX_BAD_ARGUMENT",
      `select: ${name} must be an array of descriptors, not ${typeof list}`,
    );
  }
  return list.map((item: unknown) => {
    const source = resolve(item);
    if (source === undefined) {
      throw new IomuxError(
        "IOMUX_CLOSED",
        `select: ${name} holds something that is no open descriptor of this reactor: ` +
          `give descriptors that are not closed`,
      );
    }
    return source;
  });
}
