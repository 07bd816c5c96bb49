/**
 * Times that requests took, and of those that were not answered in time only that they took longer.
 *
 * To leave these out would flatter who answers few and fast. So quantiles are those of the
 * estimator of Kaplan and Meier (1958), which survival analysis has for times that were cut off.
 */

/** More than the error of a product of a million factors. */
const ROUNDING = 1e-9;

export interface Quantile {
  readonly ms: number;
  /** It is over `ms`: nobody has waited for the end. */
  readonly over: boolean;
}

export class Latencies {
  readonly #answered: number[] = [];
  readonly #unanswered: number[] = [];

  get answered(): number {
    return this.#answered.length;
  }

  add(ms: number): void {
    this.#answered.push(ms);
  }

  /** It has waited so long, and was not answered. */
  addUnanswered(ms: number): void {
    this.#unanswered.push(ms);
  }

  /** What `shares` of all requests do not exceed; `shares` ascend. Null: there were none. */
  quantiles(shares: readonly number[]): (Quantile | null)[] {
    const answered = Float64Array.from(this.#answered).sort();
    const unanswered = Float64Array.from(this.#unanswered).sort();
    const all = answered.length + unanswered.length;
    let longer = 1;
    let [done, cut] = [0, 0];
    return shares.map((share) => {
      if (all === 0) return null;
      while (longer > 1 - share + ROUNDING && done < answered.length) {
        while (cut < unanswered.length && unanswered[cut]! < answered[done]!) cut++;
        const atRisk = all - done - cut;
        longer *= (atRisk - 1) / atRisk;
        done++;
      }
      const last = answered[done - 1] ?? 0;
      const over = longer > 1 - share + ROUNDING;
      return { ms: over ? Math.max(last, unanswered.at(-1) ?? 0) : last, over };
    });
  }
}
