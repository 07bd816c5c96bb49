/** A plot of the last minutes by uPlot: the first column filled, the second as a dashed line. */
import { useSignalEffect } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";

import { HISTORY_MS } from "../feed/load-history.ts";
import { colourOf, paletteVersion } from "../parts/palette.ts";

export type Column = readonly (number | null)[];

interface PlotProps {
  readonly label: string;
  /** Seconds since 1970. */
  readonly times: readonly number[];
  readonly columns: readonly Column[];
  readonly format: (value: number) => string;
}

const HEIGHT = 110;
const FONT = "11px system-ui, sans-serif";

export function Plot(props: PlotProps): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(props);
  latest.current = props;

  useSignalEffect(() => {
    void paletteVersion.value;
    plot.current?.destroy();
    const width = place.current!.clientWidth;
    plot.current = new uPlot(
      optionsOf(latest.current, width),
      dataOf(latest.current),
      place.current!,
    );
  });
  useEffect(() => {
    const observer = new ResizeObserver(() => {
      const width = place.current!.clientWidth;
      if (width > 0) plot.current?.setSize({ width, height: HEIGHT });
    });
    observer.observe(place.current!);
    return () => {
      observer.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, []);
  useEffect(() => plot.current?.setData(dataOf(props)), [props.times, props.columns]);

  return <div class="plot-place" role="img" aria-label={props.label} ref={place} />;
}

function dataOf({ times, columns }: PlotProps): uPlot.AlignedData {
  return [times, ...columns] as uPlot.AlignedData;
}

function optionsOf({ columns, format }: PlotProps, width: number): uPlot.Options {
  const line = colourOf("--accent");
  const axis: uPlot.Axis = {
    stroke: colourOf("--muted"),
    font: FONT,
    grid: { stroke: colourOf("--line"), width: 1 },
    ticks: { show: false },
  };
  const series: uPlot.Series[] = [
    {},
    { stroke: line, width: 1.5, fill: colourOf("--accent-wash"), points: { show: false } },
  ];
  if (columns.length > 1)
    series.push({ stroke: colourOf("--warn"), width: 1, dash: [4, 3], points: { show: false } });
  return {
    width,
    height: HEIGHT,
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: { show: false },
    series,
    scales: {
      x: {
        time: false,
        range: (_plot, _least, most) => [(most ?? 0) - HISTORY_MS / 1000, most ?? 0],
      },
      y: { range: (_plot, _least, most) => [0, most === null || most <= 0 ? 1 : most * 1.1] },
    },
    axes: [
      {
        ...axis,
        size: 20,
        gap: 3,
        grid: { show: false },
        splits: (_plot, _index, _least, most) => [most - 240, most - 120, most],
        values: (_plot, splits) =>
          splits.map((at, index) => agoText(at, splits.at(-1)!, index === splits.length - 1)),
      },
      { ...axis, size: 58, gap: 4, space: 34, values: (_plot, splits) => splits.map(format) },
    ],
  };
}

function agoText(at: number, now: number, isNow: boolean): string {
  return isNow ? "0" : `−${Math.round((now - at) / 60)} min`;
}
