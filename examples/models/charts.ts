/** The figures as charts: SVG that is drawn here, without a browser. */
import { LineChart } from "echarts/charts";
import { GridComponent, LegendComponent, TitleComponent } from "echarts/components";
import * as echarts from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

import { MODELS, type Model } from "./flags.ts";
import type { Quantile } from "./latencies.ts";
import type { Figures } from "./measure.ts";
import { LOADS, type Load } from "./samples.ts";

echarts.use([LineChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer]);

interface Look {
  readonly color: string;
  readonly symbol: string;
  /** Degrees. */
  readonly rotated?: number;
}

/** Okabe and Ito's colours, which differ for everybody; and symbols, for who prints them. */
const LOOKS: Readonly<Record<Model, Look>> = {
  iterative: { color: "#444444", symbol: "rect" },
  processes: { color: "#d55e00", symbol: "triangle" },
  threads: { color: "#b8860b", symbol: "diamond" },
  multiplexed: { color: "#0072b2", symbol: "circle" },
  coroutines: { color: "#009e73", symbol: "roundRect" },
  mixed: { color: "#a8558a", symbol: "triangle", rotated: 180 },
};

const PANEL_TITLES: Readonly<Record<Load, string>> = {
  echo: "echo, 64 B",
  file: "file, 16 KiB",
  work: "work, some milliseconds",
  blend: "the echoes between work (1 in 10)",
};

/** Its own white ground, so that it is read on dark pages too. */
const [GROUND, INK, FAINT] = ["#ffffff", "#222222", "#dddddd"];
const [WIDTH, HEAD, PANEL, PLOT] = [960, 118, 320, 235];
const [LEFT, PLOT_WIDTH] = [[70, 545], 375] as const;

/** Null: there is no such figure. `partial`: it is drawn hollow. */
type Point = { readonly value: number; readonly partial: boolean } | null;

interface Panel {
  readonly title: string;
  readonly unit: string;
  readonly pointOf: (figures: Figures) => Point;
}

interface Chart {
  readonly title: string;
  /** What a hollow symbol says; null: there is none. */
  readonly hollow: string | null;
  readonly panels: readonly Panel[];
}

/** The text of each file by its name. `described`: when, where and how it was measured. */
export function drawCharts(all: readonly Figures[], described: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(CHARTS).map(([name, chart]) => [
      `server-models-${name}.svg`,
      draw(chart, all, described),
    ]),
  );
}

const CHARTS: Readonly<Record<string, Chart>> = {
  throughput: {
    title: "Answers in a second",
    hollow: "not every client was answered",
    panels: LOADS.map((load) => ({
      title: PANEL_TITLES[load],
      unit: "answers/s",
      pointOf: ({ clients, loads }) => {
        const visits = loads[load];
        if ("trouble" in visits) return null;
        return { value: visits.perSecond, partial: visits.answeredClients < clients };
      },
    })),
  },
  p50: latencyChart("Half of the answers take at most", "p50"),
  p99: latencyChart("99 of 100 answers take at most", "p99"),
  cpu: {
    title: "CPU of the server's processes for an answer",
    hollow: null,
    panels: LOADS.map((load) => ({
      title: PANEL_TITLES[load],
      unit: "ms",
      pointOf: ({ loads }) => {
        const visits = loads[load];
        if ("trouble" in visits || visits.cpuMs === null) return null;
        return { value: visits.cpuMs, partial: false };
      },
    })),
  },
  memory: {
    title: "Memory of the server's processes, all clients staying (PSS)",
    hollow: "not every client was carried: the others wait",
    panels: [
      {
        title: "",
        unit: "MiB",
        pointOf: ({ clients, stay }) => {
          if ("trouble" in stay || stay.after === null) return null;
          return { value: stay.after.pss / 2 ** 20, partial: stay.carried < clients };
        },
      },
    ],
  },
};

function latencyChart(title: string, quantile: "p50" | "p99"): Chart {
  const pointOf = (value: Quantile | null): Point =>
    value === null ? null : { value: value.ms, partial: value.over };
  return {
    title,
    hollow: "longer than that, nobody has waited for the end",
    panels: LOADS.map((load) => ({
      title: PANEL_TITLES[load],
      unit: "ms",
      pointOf: ({ loads }) => {
        const visits = loads[load];
        return "trouble" in visits ? null : pointOf(visits[quantile]);
      },
    })),
  };
}

function draw(
  { title, hollow, panels }: Chart,
  all: readonly Figures[],
  described: string,
): string {
  const models = MODELS.filter((model) => all.some((figures) => figures.model === model));
  const counts = [...new Set(all.map(({ clients }) => clients))].sort((a, b) => a - b);
  const height = HEAD + Math.ceil(panels.length / 2) * PANEL;
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height });
  chart.setOption({
    animation: false,
    backgroundColor: GROUND,
    textStyle: { fontFamily: "sans-serif", color: INK },
    title: [heading(title, described, hollow), ...panels.map(panelTitle)],
    legend: { top: 84, itemGap: 22, textStyle: { color: INK, fontSize: 14 }, data: models },
    grid: panels.map((_, i) => place(i, panels.length)),
    xAxis: panels.map((_, i) => clientsAxis(i, counts)),
    yAxis: panels.map(({ unit }, i) => valueAxis(i, unit)),
    series: panels.flatMap((panel, i) => models.map((model) => line(panel, i, model, all, counts))),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return `${svg.trimEnd()}\n`;
}

function heading(text: string, described: string, hollow: string | null): object {
  const [run, how] = described.split("; ") as [string, string];
  return {
    ...{ text, left: 20, top: 10, itemGap: 5 },
    subtext: `${run}\n${how}.${hollow === null ? "" : ` Hollow: ${hollow}.`}`,
    textStyle: { color: INK, fontSize: 18 },
    subtextStyle: { color: INK, fontSize: 12, lineHeight: 16 },
  };
}

function place(index: number, count: number): object {
  const top = HEAD + 50 + Math.floor(index / 2) * PANEL;
  const width = count === 1 ? WIDTH - 2 * LEFT[0] : PLOT_WIDTH;
  return { left: LEFT[index % 2]!, top, width, height: PLOT - 20 };
}

function panelTitle({ title }: Panel, index: number): object {
  const top = HEAD + 5 + Math.floor(index / 2) * PANEL;
  return {
    ...{ text: title, left: LEFT[index % 2]! + 60, top },
    textStyle: { color: INK, fontSize: 14, fontWeight: "bold" },
  };
}

function clientsAxis(index: number, counts: readonly number[]): object {
  return {
    ...{ gridIndex: index, type: "category", data: counts.map(String) },
    ...{ name: "clients", nameLocation: "middle", nameGap: 26 },
    ...axisLooks,
  };
}

function valueAxis(index: number, unit: string): object {
  return {
    gridIndex: index,
    type: "log",
    name: unit,
    minorSplitLine: { show: false },
    ...axisLooks,
  };
}

const axisLooks = {
  axisLine: { show: true, lineStyle: { color: INK } },
  axisLabel: { color: INK, fontSize: 12 },
  nameTextStyle: { color: INK, fontSize: 12 },
  splitLine: { lineStyle: { color: FAINT } },
};

function line(
  { pointOf }: Panel,
  index: number,
  model: Model,
  all: readonly Figures[],
  counts: readonly number[],
): object {
  const { color, symbol, rotated = 0 } = LOOKS[model];
  const data = counts.map((clients) => {
    const figures = all.find((one) => one.model === model && one.clients === clients);
    const point = figures === undefined ? null : pointOf(figures);
    // A logarithm has no place for 0.
    if (point === null || point.value <= 0) return null;
    const { value, partial } = point;
    return partial ? { value, itemStyle: { color: GROUND } } : value;
  });
  return {
    ...{ name: model, type: "line", xAxisIndex: index, yAxisIndex: index, data },
    ...{ symbol, symbolRotate: rotated, symbolSize: 10, showAllSymbol: true, connectNulls: false },
    itemStyle: { color, borderColor: color, borderWidth: 2 },
    lineStyle: { color, width: 2 },
  };
}
