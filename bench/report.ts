/** What a benchmark answers, and how it is printed. */
import { cpus, loadavg, release, totalmem, type } from "node:os";

import type { Summary } from "./rounds.ts";

export interface BenchOptions {
  readonly rounds: number;
  /** Slices of each server in a round, before measuring: the first cost twice the last. */
  readonly warmUp: number;
  /** Slices of each server in a round. */
  readonly slices: number;
  /** Only the cases whose name has this in it. */
  readonly only: string;
}

export interface Bench {
  readonly title: string;
  run(options: BenchOptions, progress: (line: string) => void): Promise<(Row | Remark)[]>;
}

export interface Row {
  readonly name: string;
  /** Of the figures. */
  readonly unit: string;
  /** What was measured, by server or case; medians of all rounds. */
  readonly figures: Readonly<Record<string, Summary>>;
  /** What the goal is about. */
  readonly reached: Summary;
  readonly reachedUnit: string;
  /** At most this much; null for a figure without a goal. */
  readonly goal: number | null;
  /** The goal is at least so much. */
  readonly atLeast?: boolean;
}

/** In place of a row that could not be measured. */
export interface Remark {
  readonly name: string;
  readonly remark: string;
}

export function describeMachine(): string {
  const list = cpus();
  const model = list[0]?.model.trim() ?? "unknown";
  const memory = (totalmem() / 2 ** 30).toFixed(0);
  return (
    `${list.length} x ${model}, ${memory} GiB, ${type()} ${release()}, ` +
    `Node ${process.versions.node} (libuv ${process.versions.uv}, V8 ${process.versions.v8})`
  );
}

/** Programs that wanted to run at once during the last minute: on an idle machine about 0. */
export function describeLoad(): string {
  return `load average ${loadavg()[0]!.toFixed(1)}`;
}

export function verdict(row: Row | Remark): string {
  if ("remark" in row || row.goal === null) return "-";
  const { goal, reached } = row;
  const met = row.atLeast === true ? reached.median >= goal : reached.median <= goal;
  return met ? "met" : "missed";
}

function cellsOf(row: Row | Remark): string[] {
  if ("remark" in row) return [row.name, row.remark, "-", "-", "-", "-", "-"];
  return [
    row.name,
    Object.entries(row.figures)
      .map(([name, { median }]) => `${name} ${format(median)}`)
      .join(", ") + ` ${row.unit}`,
    `${format(row.reached.median)} ${row.reachedUnit}`,
    row.reached.quartiles.map(format).join(" .. "),
    `${format(row.reached.min)} .. ${format(row.reached.max)}`,
    row.goal === null ? "-" : `at ${row.atLeast === true ? "least" : "most"} ${row.goal}`,
    verdict(row),
  ];
}

export function formatTable(title: string, rows: readonly (Row | Remark)[]): string {
  const cells = rows.map(cellsOf);
  const table = [
    ["case", "medians", "reached", "middle half", "all rounds", "goal", "verdict"],
    ...cells,
  ];
  const widths = table[0]!.map((_, i) => Math.max(...table.map((line) => line[i]!.length)));
  const lines = table.map(
    (line) => `| ${line.map((cell, i) => cell.padEnd(widths[i]!)).join(" | ")} |`,
  );
  lines.splice(1, 0, `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`);
  return `${title}\n\n${lines.join("\n")}\n`;
}

function format(value: number): string {
  if (Math.abs(value) >= 100) return value.toFixed(0);
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}
