/** Four plots of the last minutes, each with its figures as text. */
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";

import { loadHistory } from "../feed/store.ts";
import type { LoadPoint } from "../feed/load-history.ts";
import { formatCount, formatMean, formatMs } from "../format/numbers.ts";
import { useTexts } from "../texts/texts.ts";
import { Plot, type Column } from "./plot.tsx";

type Key = Exclude<keyof LoadPoint, "at">;
type PlotName = keyof ReturnType<typeof useTexts>["loop"]["plots"]["titles"];

interface PlotKind {
  readonly name: PlotName;
  readonly main: Key;
  /** Drawn beside it, thinner. */
  readonly longest?: Key;
  readonly format: (value: number) => string;
}

const KINDS: readonly PlotKind[] = [
  { name: "turns", main: "turnsPerSecond", format: formatCount },
  { name: "dispatches", main: "dispatchesPerTurn", format: formatMean },
  { name: "turnLength", main: "meanTurnMs", longest: "longestTurnMs", format: formatMs },
  { name: "loopDelay", main: "loopDelayMs", longest: "longestLoopDelayMs", format: formatMs },
];

export function LoadPlots(): JSX.Element {
  const { plots } = useTexts().loop;
  const points = loadHistory.value;
  const times = useMemo(() => points.map(({ at }) => at), [points]);
  return (
    <section class="plots" aria-label={plots.label}>
      {KINDS.map((kind) => (
        <LoadPlot key={kind.name} kind={kind} points={points} times={times} />
      ))}
    </section>
  );
}

interface LoadPlotProps {
  readonly kind: PlotKind;
  readonly points: readonly LoadPoint[];
  readonly times: readonly number[];
}

function LoadPlot({ kind, points, times }: LoadPlotProps): JSX.Element {
  const { plots } = useTexts().loop;
  const { name, main, longest, format } = kind;
  const columns = useMemo(() => {
    const taken: Column[] = [points.map((point) => point[main])];
    if (longest !== undefined) taken.push(points.map((point) => point[longest]));
    return taken;
  }, [points, main, longest]);
  const known = columns.map((column) => column.filter((value) => value !== null));
  const [values, longests] = known as [number[], number[] | undefined];
  const now = values.at(-1);
  const title = plots.titles[name];
  const most = longests ?? values;
  const told = (value: number | undefined): string => (value === undefined ? "–" : format(value));
  const highest = told(most.length === 0 ? undefined : Math.max(...most));
  return (
    <figure class="card plot">
      <figcaption>
        <h2>{title}</h2>
        <p class="muted">{plots.highest(highest)}</p>
        <p class="now">{told(now)}</p>
        {longests === undefined ? null : (
          <p class="muted longest">{plots.longest(told(longests.at(-1)))}</p>
        )}
      </figcaption>
      <Plot
        label={plots.described(title, told(now), highest)}
        times={times}
        columns={columns}
        format={format}
        isTime={longest !== undefined}
      />
    </figure>
  );
}
