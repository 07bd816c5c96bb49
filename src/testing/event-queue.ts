/** What will happen, in order of time, and of age where the times are equal: a binary heap. */

export interface QueuedEvent {
  readonly at: number;
  readonly order: number;
  /** Null once it was called off. */
  callback: (() => void) | null;
}

export class EventQueue {
  readonly #heap: QueuedEvent[] = [];
  #order = 0;

  /** When the next event is due; Infinity if there is none. */
  get earliest(): number {
    for (let head = this.#heap[0]; head !== undefined; head = this.#heap[0]) {
      if (head.callback !== null) return head.at;
      this.#takeHead();
    }
    return Infinity;
  }

  /** Those that were not called off. */
  get size(): number {
    return this.#heap.reduce((count, { callback }) => (callback === null ? count : count + 1), 0);
  }

  add(at: number, callback: () => void): QueuedEvent {
    const event: QueuedEvent = { at, order: this.#order++, callback };
    const heap = this.#heap;
    let place = heap.length;
    heap.push(event);
    while (place > 0) {
      const above = (place - 1) >> 1;
      if (before(heap[above]!, event)) break;
      heap[place] = heap[above]!;
      place = above;
    }
    heap[place] = event;
    return event;
  }

  /** Takes all that are due at `now`, in their order. */
  takeDue(now: number): QueuedEvent[] {
    const due: QueuedEvent[] = [];
    while (this.earliest <= now) due.push(this.#takeHead());
    return due;
  }

  #takeHead(): QueuedEvent {
    const heap = this.#heap;
    const head = heap[0]!;
    const last = heap.pop()!;
    if (heap.length > 0) this.#sink(last);
    return head;
  }

  #sink(event: QueuedEvent): void {
    const heap = this.#heap;
    let place = 0;
    for (let child = 1; child < heap.length; child = 2 * place + 1) {
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
      if (before(event, heap[child]!)) break;
      heap[place] = heap[child]!;
      place = child;
    }
    heap[place] = event;
  }
}

function before(a: QueuedEvent, b: QueuedEvent): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
