/** The loop holds more than `maxBufferedBytes`: the largest offenders are shed first. */
import { BufferedChannel } from "../channel.ts";
import * as failure from "../channel-errors.ts";
import { publishOverflow } from "../diagnostics.ts";
import type { Loop } from "./loop.ts";

export function shed(loop: Loop): void {
  const { budget } = loop;
  const channels = [...loop.open.values()].filter((source) => source instanceof BufferedChannel);
  loop.counters.shed += budget.shed(channels, (channel) => {
    const { buffered } = channel;
    const error = failure.overBudget(channel, budget.limit);
    loop.reporter.reportOften("IOMUX_OVER_BUDGET", channel.entry, (count) =>
      count === 1 ? error : failure.manyOverBudget(error, count),
    );
    channel.abort(error);
    publishOverflow(channel, "maxBufferedBytes", buffered, 0);
  });
}
