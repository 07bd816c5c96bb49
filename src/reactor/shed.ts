/** The loop holds more than `maxBufferedBytes`: the largest offenders are shed first. */
import { BufferedChannel } from "../channel.ts";
import * as failure from "../channel-errors.ts";
import { QueuedDatagram } from "../datagram.ts";
import { datagramOverBudget } from "../datagram-errors.ts";
import { publishDropped, publishOverflow } from "../diagnostics.ts";
import type { Loop } from "./loop.ts";

export function shed(loop: Loop): void {
  const { budget } = loop;
  const holders = [...loop.open.values()].filter(
    (source) => source instanceof BufferedChannel || source instanceof QueuedDatagram,
  );
  loop.counters.shed += budget.shed(holders, (holder) => {
    const { buffered, entry } = holder;
    const error =
      holder.kind === "datagram"
        ? datagramOverBudget(holder, budget.limit)
        : failure.overBudget(holder, budget.limit);
    loop.reporter.reportOften("IOMUX_OVER_BUDGET", entry, (count) =>
      count === 1 ? error : failure.manyOverBudget(error, count),
    );
    if (holder.kind === "datagram") publishDropped(holder, "maxBufferedBytes", holder.shed());
    else {
      holder.abort(error);
      publishOverflow(holder, "maxBufferedBytes", buffered, 0);
    }
  });
}
