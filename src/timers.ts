/**
 * Timers: a heap with four children a node, ordered by deadline, then by age.
 *
 * Each timer knows its place, so cancelling takes it out at once: O(log n), and nothing is left
 * behind by a million timers that never fired.
 */

/** A timer that `setTimer` made. */
export interface Timer {
  /** Whether it will still fire. */
  readonly active: boolean;
  /** Calls it off; false if it has fired or was called off before. */
  cancel(): boolean;
  /** Starts its delay again from now, also after it fired. Throws once the reactor is closed. */
  refresh(): this;
  /** Lets it keep the process alive (the default). */
  ref(): this;
  /** Lets the process end without it. */
  unref(): this;
}

/** What the heap orders. `place` is -1 while it is in none. */
export interface HeapTimer {
  deadline: number;
  order: number;
  place: number;
}

export class TimerHeap<T extends HeapTimer> {
  readonly #heap: T[] = [];
  #order = 0;

  get size(): number {
    return this.#heap.length;
  }

  /** The deadline of the earliest timer, or Infinity. */
  get earliest(): number {
    return this.#heap[0]?.deadline ?? Infinity;
  }

  add(timer: T, deadline: number): void {
    timer.deadline = deadline;
    timer.order = this.#order++;
    timer.place = this.#heap.length;
    this.#heap.push(timer);
    this.#up(timer);
  }

  remove(timer: T): boolean {
    const place = timer.place;
    if (place === -1) return false;
    timer.place = -1;
    const last = this.#heap.pop()!;
    if (last !== timer) {
      last.place = place;
      this.#heap[place] = last;
      this.#up(last);
      this.#down(last);
    }
    return true;
  }

  /**
   * Takes out the earliest timer that is due at `now` and was added before `born`, or null. With
   * `now` and `born = mark()` taken when the turn begins, timers added during it wait for the
   * next one: they are due no earlier than `now`, and of two that are due together the older one
   * comes first, so none that is older hides behind them.
   */
  takeDue(now: number, born: number): T | null {
    const first = this.#heap[0];
    if (first === undefined || first.deadline > now || first.order >= born) return null;
    this.remove(first);
    return first;
  }

  mark(): number {
    return this.#order;
  }

  clear(onEach: (timer: T) => void): void {
    for (const timer of this.#heap) {
      timer.place = -1;
      onEach(timer);
    }
    this.#heap.length = 0;
  }

  #up(timer: T): void {
    const heap = this.#heap;
    let place = timer.place;
    while (place > 0) {
      const above = (place - 1) >> 2;
      const parent = heap[above]!;
      if (!before(timer, parent)) break;
      heap[place] = parent;
      parent.place = place;
      place = above;
    }
    heap[place] = timer;
    timer.place = place;
  }

  #down(timer: T): void {
    const heap = this.#heap;
    const size = heap.length;
    let place = timer.place;
    for (;;) {
      const first = place * 4 + 1;
      if (first >= size) break;
      let least = heap[first]!;
      for (let child = first + 1; child < first + 4 && child < size; child++) {
        if (before(heap[child]!, least)) least = heap[child]!;
      }
      if (!before(least, timer)) break;
      const below = least.place;
      heap[place] = least;
      least.place = place;
      place = below;
    }
    heap[place] = timer;
    timer.place = place;
  }

  assertInvariants(): void {
    this.#heap.forEach((timer, place) => {
      if (timer.place !== place) throw new Error(`TimerHeap: place ${timer.place} at ${place}`);
      const parent = this.#heap[(place - 1) >> 2];
      if (place > 0 && before(timer, parent!)) throw new Error(`TimerHeap: order at ${place}`);
    });
  }
}

function before(a: HeapTimer, b: HeapTimer): boolean {
  return a.deadline < b.deadline || (a.deadline === b.deadline && a.order < b.order);
}
