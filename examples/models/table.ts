/** The figures as text: tables of Markdown. */
import type { Cost } from "./cost-process.ts";
import type { Quantile } from "./latencies.ts";
import type { Costs, Figures, VisitsFigures } from "./measure.ts";
import { LOADS, type Load } from "./samples.ts";

type Cells = readonly string[];

const TITLES: Readonly<Record<Load, string>> = {
  echo: "Echo: 64 bytes, answered as they came",
  file: "File: 16 KiB from the disk",
  work: "Work: primes are counted, some milliseconds of a core",
  blend: "Blend: every tenth request is work; the figures are those of the echoes between them",
};

export function formatFigures(all: readonly Figures[]): string {
  const loads = LOADS.map((load) => {
    const rows = all.map((figures) => loadCells(figures, load));
    return `${TITLES[load]}\n\n${formatTable(LOAD_HEAD, rows)}`;
  });
  const counts = [...new Set(all.map(({ clients }) => clients))].sort((a, b) => a - b);
  const rows = counts.flatMap((count) => all.filter(({ clients }) => clients === count));
  return [
    `All clients stay\n\n${formatTable(STAY_HEAD, all.map(stayCells))}`,
    `Clients come and go\n\n${formatTable(VISITS_HEAD, rows.map(visitsCells))}`,
    ...loads,
  ].join("\n");
}

export function formatCosts({ program, process, thread, zombie }: Costs): string {
  const cells = (name: string, { ms, bytes }: Cost): Cells => [
    name,
    `${round(ms)} ms`,
    bytes === null ? "-" : mebibytes(bytes),
  ];
  const rows = [
    cells("fork and exec of `true`, until it has ended", program),
    cells("a process of Node, until it is ready", process),
    cells("a thread of Node, until it is ready", thread),
  ];
  const { state, bytes, gone, shown } = zombie;
  const left = gone ? "gone" : "still there";
  const told = `A child that has ended, before it was waited for: state ${state ?? "unknown"}, ${mebibytes(bytes)}; after: ${left}.`;
  const lines = shown === null ? "" : `\n${shown}\n`;
  return `${formatTable(["what", "takes", "memory"], rows)}\n${told}\n${lines}`;
}

/** Answers that were counted, and those among all that were wrong. */
export function countAnswers(all: readonly Figures[]): { answers: number; wrong: number } {
  const sums = { answers: 0, wrong: 0 };
  for (const { stay, loads } of all) {
    if (!("trouble" in stay)) sums.answers += stay.carried;
    if (!("trouble" in stay)) sums.wrong += stay.wrong;
    for (const visits of Object.values(loads)) {
      if ("trouble" in visits) continue;
      sums.answers += visits.answers;
      sums.wrong += visits.wrong;
    }
  }
  return sums;
}

const STAY_HEAD = [
  ...["model", "clients", "carried", "the last answered after"],
  ...["memory", "per client", "processes", "threads", "remark"],
];

function stayCells({ model, clients, stay }: Figures): Cells {
  const name = [model, String(clients)];
  if ("trouble" in stay) return [...name, ...Array<string>(6).fill("-"), stay.trouble];
  const { carried, ms, stalled, before, after } = stay;
  const why = stalled ? "the others wait until somebody leaves" : "the time was up";
  const remark = carried < clients ? why : "";
  const known = before !== null && after !== null;
  return [
    ...[...name, `${carried}`, carried === 0 ? "-" : `${round(ms)} ms`],
    ...(known && carried > 0
      ? [
          mebibytes(after.pss),
          mebibytes(Math.max(0, after.pss - before.pss) / carried),
          ...[`${after.processes}`, `${after.threads}`],
        ]
      : ["-", "-", "-", "-"]),
    [remark, ...faults(stay)].filter(Boolean).join("; "),
  ];
}

const VISITS_HEAD = [
  ...["model", "clients", ...LOADS.map((load) => `${load}/s`)],
  ...["p50 of blend, ms", "p99 of blend, ms", "CPU of an echo, ms", "of a file", "of work"],
];

/** All loads of a model side by side; the other tables have the rest. */
function visitsCells({ model, clients, loads }: Figures): Cells {
  const cell = (load: Load, say: (visits: VisitsFigures) => string): string => {
    const visits = loads[load];
    return "trouble" in visits ? "-" : say(visits);
  };
  const cpu = ({ cpuMs }: VisitsFigures): string => (cpuMs === null ? "-" : round(cpuMs));
  return [
    ...[model, String(clients)],
    ...LOADS.map((load) => cell(load, ({ perSecond }) => round(perSecond))),
    ...[cell("blend", ({ p50 }) => quantile(p50)), cell("blend", ({ p99 }) => quantile(p99))],
    ...[cell("echo", cpu), cell("file", cpu), cell("work", cpu)],
  ];
}

const LOAD_HEAD = [
  "model",
  "clients",
  "answers/s",
  "p50 ms",
  "p99 ms",
  "CPU ms an answer",
  "clients answered",
  "remark",
];

function loadCells({ model, clients, loads }: Figures, load: Load): Cells {
  const visits = loads[load];
  const name = [model, String(clients)];
  if ("trouble" in visits) return [...name, ...Array<string>(5).fill("-"), visits.trouble];
  const { answeredClients, perSecond, p50, p99, cpuMs } = visits;
  const waited = answeredClients < clients ? "the others got no answer" : "";
  return [
    ...[...name, round(perSecond), quantile(p50), quantile(p99)],
    ...[cpuMs === null ? "-" : round(cpuMs), `${answeredClients}`],
    [waited, ...faults(visits)].filter(Boolean).join("; "),
  ];
}

function faults({ wrong, failed }: { readonly wrong: number; readonly failed: number }): string[] {
  return [
    ...(wrong > 0 ? [`${wrong} WRONG answers`] : []),
    ...(failed > 0 ? [`${failed} connections broke`] : []),
  ];
}

function quantile(value: Quantile | null): string {
  if (value === null) return "-";
  return value.over ? `over ${round(value.ms)}` : round(value.ms);
}

function mebibytes(bytes: number): string {
  const mebi = bytes / 2 ** 20;
  return mebi < 1 ? `${round(bytes / 1024)} KiB` : `${round(mebi)} MiB`;
}

/** Three figures, and no more than are known; of large numbers all, in groups. */
export function round(value: number): string {
  if (value === 0 || value >= 100) return Math.round(value).toLocaleString("en");
  return value.toFixed(value >= 10 ? 1 : 2);
}

function formatTable(head: Cells, rows: readonly Cells[]): string {
  const widths = head.map((_, i) => Math.max(...[head, ...rows].map((cells) => cells[i]!.length)));
  const line = (cells: Cells): string =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(" | ")} |\n`;
  const rule = line(widths.map((width) => "-".repeat(width)));
  return [line(head), rule, ...rows.map(line)].join("");
}
