/** A plot of the last minutes by uPlot: the first column filled, the second as a line behind it. */
import { useSignalEffect } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";

import { colourOf } from "../parts/palette.ts";
import { texts } from "../texts/texts.ts";

export type Column = readonly (number | null)[];

interface PlotProps {
  readonly label: string;
  /** Seconds since 1970. */
  readonly times: readonly number[];
  readonly columns: readonly Column[];
  readonly format: (value: number) => string;
  /** Milliseconds: from a hundredth to hundreds, so the scale is logarithmic. */
  readonly isTime: boolean;
}

const HEIGHT = 116;
const FONT = "11px system-ui, sans-serif";
/** Seconds: of time that is shown, and between two times that are named. */
const LEAST_SPAN = 60;
const STEPS = [20, 60, 120];
/** What is less is drawn as this on a logarithmic scale, which has no zero. */
const LEAST_MS = 0.01;

export function Plot(props: PlotProps): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(props);
  latest.current = props;

  useSignalEffect(() => {
    const box = place.current;
    // A signal may change on the way out of the view.
    if (box === null) return;
    plot.current?.destroy();
    plot.current = new uPlot(
      optionsOf(latest.current, box.clientWidth),
      dataOf(latest.current),
      box,
    );
  });
  useEffect(() => {
    const box = place.current!;
    const observer = new ResizeObserver(() => {
      if (box.clientWidth > 0) plot.current?.setSize({ width: box.clientWidth, height: HEIGHT });
    });
    observer.observe(box);
    return () => {
      observer.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, []);
  useEffect(() => plot.current?.setData(dataOf(props)), [props.times, props.columns]);

  return <div class="plot-place" role="img" aria-label={props.label} ref={place} />;
}

/** The longest stand behind the means, so they come first. */
function dataOf({ times, columns, isTime }: PlotProps): uPlot.AlignedData {
  const drawn = isTime
    ? columns.map((column) => column.map((ms) => (ms === null ? null : Math.max(ms, LEAST_MS))))
    : columns;
  return [times, ...drawn.toReversed()] as uPlot.AlignedData;
}

/** Reads the palette and the texts: an effect that calls it follows them. */
function optionsOf({ columns, format, isTime }: PlotProps, width: number): uPlot.Options {
  const { ago, now } = texts.value.loop.plots;
  const timeText = (seconds: number): string => (seconds > 0 ? ago(seconds) : now);
  const line = colourOf("--accent");
  const axis: uPlot.Axis = {
    stroke: colourOf("--muted"),
    font: FONT,
    grid: { stroke: colourOf("--line"), width: 1 },
    ticks: { show: false },
  };
  const points = { show: false };
  const series: uPlot.Series[] = [{}];
  if (columns.length > 1) series.push({ stroke: colourOf("--warn"), width: 1, points });
  series.push({ stroke: line, width: 1.5, fill: colourOf("--accent-wash"), points });
  return {
    width,
    height: HEIGHT,
    padding: [8, 14, 0, 0],
    legend: { show: false },
    cursor: { show: false },
    series,
    scales: { x: { time: false, range: lastMinutes }, y: isTime ? LOGARITHMIC : FROM_ZERO },
    axes: [
      {
        ...axis,
        size: 20,
        gap: 3,
        grid: { show: false },
        splits: (_plot, _index, least, most) => timesOf(least, most),
        values: (_plot, splits) => splits.map((at) => timeText(splits.at(-1)! - at)),
      },
      isTime
        ? {
            ...axis,
            size: 50,
            gap: 4,
            splits: powersOfTen,
            values: tickTexts,
            filter: (_, all) => all,
          }
        : { ...axis, size: 50, gap: 4, space: 30, values: (_plot, splits) => splits.map(format) },
    ],
  };
}

/** Null: there is nothing to be drawn yet. */
type Bound = number | null;

/** All that is known, but a minute at least. */
function lastMinutes(_plot: uPlot, least: Bound, most: Bound): uPlot.Range.MinMax {
  const to = most ?? 0;
  return [Math.min(least ?? to, to - LEAST_SPAN), to];
}

/** Three times, the last of which is now. */
function timesOf(from: number, to: number): number[] {
  const span = to - from;
  const step = STEPS.findLast((seconds) => 2 * seconds < span) ?? STEPS[0]!;
  return [to - 2 * step, to - step, to];
}

const FROM_ZERO: uPlot.Scale = {
  range: (_plot, _least: Bound, most: Bound) => [0, most === null || most <= 0 ? 1 : most * 1.1],
};

const LOGARITHMIC: uPlot.Scale = {
  // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- declared, never exported
  distr: 3, // logarithmic
  range: (_plot, least: Bound, most: Bound) => {
    const from = 10 ** Math.floor(Math.log10(Math.max(least ?? LEAST_MS, LEAST_MS)));
    const to = 10 ** Math.ceil(Math.log10(Math.max(most ?? 1, 1)));
    return [from, Math.max(to, from * 100)];
  },
};

function powersOfTen(_plot: uPlot, _axis: number, least: number, most: number): number[] {
  const powers: number[] = [];
  for (let power = Math.round(Math.log10(least)); power <= Math.log10(most) + 0.01; power += 1)
    powers.push(10 ** power);
  return powers;
}

function tickTexts(_plot: uPlot, splits: number[]): string[] {
  return splits.map((ms) => (ms >= 1000 ? `${ms / 1000} s` : `${Number(ms.toPrecision(2))} ms`));
}
