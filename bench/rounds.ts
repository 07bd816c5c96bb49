/**
 * Rounds and what is made of them.
 *
 * The machine is shared: its speed drifts, and a neighbour may take half of it for a second. So
 * two servers are never measured one after the other as a whole: a round cuts the work of both
 * into slices that alternate (A B B A, or A B C B C A C A B), and the ratio is taken within the
 * round. What is reported is the median of the rounds' ratios, with the middle half of them and the
 * extremes.
 */

export interface Summary {
  readonly median: number;
  readonly quartiles: readonly [number, number];
  readonly min: number;
  readonly max: number;
  /** One a round, in order. */
  readonly values: readonly number[];
}

export function summarize(values: readonly number[]): Summary {
  const sorted = [...values].sort((a, b) => a - b);
  return {
    median: quantile(sorted, 0.5),
    quartiles: [quantile(sorted, 0.25), quantile(sorted, 0.75)],
    min: sorted[0]!,
    max: sorted.at(-1)!,
    values,
  };
}

function quantile(sorted: readonly number[], share: number): number {
  const place = share * (sorted.length - 1);
  const below = sorted[Math.floor(place)]!;
  const above = sorted[Math.ceil(place)]!;
  return below + (above - below) * (place - Math.floor(place));
}

/**
 * Runs `slices` slices of each of `names`, alternating, and answers the sum of each. The first one
 * goes last the next time, so that a steady drift costs all the same. A slice that follows one of
 * the same server finds the caches warm, and costs a tenth less: that may be the case for two
 * servers, where it is so for both alike, and for more it never is.
 */
export async function interleave<Name extends string>(
  names: readonly Name[],
  slices: number,
  measure: (name: Name) => Promise<number>,
): Promise<Record<Name, number>> {
  const sums = Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;
  for (let slice = 0; slice < slices; slice++) {
    const first = slice % names.length;
    for (const name of [...names.slice(first), ...names.slice(0, first)])
      sums[name] += await measure(name);
  }
  return sums;
}
