/**
 * How long turns are, from inside the process that is measured: by the trace of NODE_DEBUG, whose
 * lines are read instead of printed; and how late a timer of 1 ms comes, which is all of Node's
 * loop. To be loaded before the library. The trace has its price: nothing else is measured here.
 */
import { syncBuiltinESMExports } from "node:module";
import { monitorEventLoopDelay } from "node:perf_hooks";
import util from "node:util";

import { Histogram } from "./histogram.ts";

export interface TurnTimes {
  readonly turns: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly longest: number;
  /** Milliseconds that a timer of 1 ms came late. */
  readonly lateP99: number;
}

const TURN_ENDS = /ready, \d+ called, \d+ timers, ([\d.]+) ms,/;
const TIMER_MS = 1;

let times = new Histogram();
let turns = 0;
const delays = monitorEventLoopDelay({ resolution: TIMER_MS });
delays.enable();

const nodesOwn = util.debuglog;
const log = Object.assign(
  (_format: string, line: string): void => {
    const [, ms] = TURN_ENDS.exec(line) ?? [];
    if (ms === undefined) return;
    turns++;
    times.add(Number(ms));
  },
  { enabled: true },
);
util.debuglog = ((section: string) =>
  section === "iomux" ? log : nodesOwn(section)) as typeof util.debuglog;
syncBuiltinESMExports();

export const turnAnswers = {
  /** Since the last time this was asked. */
  turns(): TurnTimes {
    const answer = {
      turns,
      p50: times.quantile(0.5),
      p99: times.quantile(0.99),
      longest: times.quantile(1),
      lateP99: Math.max(0, delays.percentile(99) / 1e6 - TIMER_MS),
    };
    times = new Histogram();
    turns = 0;
    delays.reset();
    return answer;
  },
};
