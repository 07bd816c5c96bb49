/** How processes and threads are started when many clients come at once. */
import { availableParallelism } from "node:os";

/** As many at a time as there are cores: the first is ready first, not all of them at the end. */
export class Starts {
  #free = availableParallelism();
  readonly #waiting: (() => void)[] = [];

  async run<T>(start: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await start();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}
