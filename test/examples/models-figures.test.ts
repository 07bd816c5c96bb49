/** The figures of the server models, as tables and as charts. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { drawCharts } from "../../examples/models/charts.ts";
import { MODELS } from "../../examples/models/flags.ts";
import type { Figures, StayFigures } from "../../examples/models/measure.ts";
import { countAnswers, formatCosts, formatFigures } from "../../examples/models/table.ts";
import { ROOT } from "./programs.ts";

const visits = {
  ...{ perSecond: 1234.4, answers: 100, allAnswers: 110, answeredClients: 10, wrong: 0, failed: 0 },
  ...{ p50: { ms: 1.234, over: false }, p99: { ms: 56.78, over: false } },
  cpuMs: 0.25,
};
const memory = { pss: 20 * 2 ** 20, rss: 60 * 2 ** 20, processes: 1, threads: 11 };
const stay: StayFigures = {
  ...{ carried: 10, ms: 12.3, stalled: false, wrong: 0, failed: 0 },
  ...{ before: { ...memory, pss: 10 * 2 ** 20 }, after: memory },
};
const loads = { echo: visits, file: visits, work: visits, blend: visits };
const figures: Figures = { model: "mixed", clients: 10, stay, loads };

function withLoad(some: object): Figures {
  return { ...figures, loads: { ...loads, echo: { ...visits, ...some } } };
}

/** The cells of the first row of each table. */
function rowsOf(one: Figures): string[][] {
  const rows = formatFigures([one])
    .split("\n")
    .filter((line) => line.startsWith("| mixed"));
  return rows.map((row) =>
    row
      .split("|")
      .map((cell) => cell.trim())
      .slice(1, -1),
  );
}

describe("the tables", () => {
  it("have a row for each model and number of clients", () => {
    const [stays, all, echo, ...others] = rowsOf(figures);
    const cells = ["mixed", "10", "10", "12.3 ms", "20.0 MiB", "1.00 MiB", "1", "11", ""];
    expect(stays).toEqual(cells);
    expect(all).toEqual([
      ...["mixed", "10", "1,234", "1,234", "1,234", "1,234", "1.23", "56.8"],
      ...["0.25", "0.25", "0.25"],
    ]);
    expect(echo).toEqual(["mixed", "10", "1,234", "1.23", "56.8", "0.25", "10", ""]);
    expect(others).toHaveLength(3);
  });

  it("have a cell in each row for each column of their head", () => {
    const trouble = { trouble: "mixed did not start: it has ended" };
    const none = { echo: trouble, file: trouble, work: trouble, blend: trouble };
    for (const one of [figures, { ...figures, stay: trouble, loads: none }]) {
      const tables = formatFigures([one]).match(/(?:^\|.*\n)+/gm)!;
      expect(tables).toHaveLength(6);
      for (const table of tables) {
        const widths = table
          .trimEnd()
          .split("\n")
          .map((line) => line.split("|").length);
        expect(new Set(widths).size).toBe(1);
      }
    }
  });

  it("say what is only a bound, and who was not answered", () => {
    const one = withLoad({ p99: { ms: 800, over: true }, answeredClients: 7 });
    expect(rowsOf(one)[2]!.slice(4)).toEqual(["over 800", "0.25", "7", "the others got no answer"]);
  });

  it("say of clients that were not carried whether they wait, or the time was up", () => {
    const some = (stalled: boolean): Figures => ({
      ...figures,
      stay: { ...stay, carried: 3, stalled },
    });
    expect(rowsOf(some(true))[0]!.at(-1)).toBe("the others wait until somebody leaves");
    expect(rowsOf(some(false))[0]!.at(-1)).toBe("the time was up");
  });

  it("say why there is no figure, and leave out memory that is not known", () => {
    const trouble = { trouble: "mixed did not start: it has ended" };
    const broken = { ...figures, stay: trouble, loads: { ...loads, echo: trouble } };
    const [stays, all, echo] = rowsOf(broken);
    expect(all!.slice(2, 4)).toEqual(["-", "1,234"]);
    expect([stays!.at(-1), echo!.at(-1)]).toEqual([trouble.trouble, trouble.trouble]);
    const unknown = { ...figures, stay: { ...stay, before: null, after: null } };
    expect(rowsOf(unknown)[0]!.slice(4, 8)).toEqual(["-", "-", "-", "-"]);
  });

  it("show wrong answers and broken connections", () => {
    const one = withLoad({ wrong: 2, failed: 3 });
    expect(rowsOf(one)[2]!.at(-1)).toBe("2 WRONG answers; 3 connections broke");
    expect(countAnswers([one])).toEqual({ answers: 410, wrong: 2 });
    expect(countAnswers([figures])).toEqual({ answers: 410, wrong: 0 });
  });

  it("tell what a process, a thread and a zombie cost", () => {
    const cost = { ms: 12.34, bytes: 2 ** 23 };
    const zombie = { state: "Z", shown: "  PID STAT\n    7 Z", bytes: 0, gone: true };
    const text = formatCosts({ program: cost, process: cost, thread: cost, zombie });
    expect(text).toMatch(/a process of Node, until it is ready +\| 12.3 ms \| 8.00 MiB/);
    expect(text).toContain("state Z, 0 KiB; after: gone.");
    expect(text).toContain("    7 Z");
  });
});

describe("the charts", () => {
  const described = "2026-01-01, 2 x CPU, load average 0.1 before; 1 s each";
  const all = MODELS.flatMap((model) =>
    [1, 10].map((clients) => ({ ...withLoad({ answeredClients: 3 }), model, clients })),
  );

  it("are whole SVG files with a title, when and where, and a line for each model", () => {
    const charts = drawCharts(all, described);
    const names = ["throughput", "p50", "p99", "cpu", "memory"];
    expect(Object.keys(charts)).toEqual(names.map((name) => `server-models-${name}.svg`));
    for (const svg of Object.values(charts)) {
      expect(svg).toMatch(/^<svg [^]*<\/svg>\n$/);
      for (const text of ["2026-01-01", "1 s each", "clients", ...MODELS]) {
        expect(svg).toContain(text);
      }
      // Its own white ground, for pages that are dark.
      expect(svg).toMatch(/<rect [^>]*fill="#ffffff"/);
      expect(svg).not.toMatch(/<script|NaN|undefined|@keyframes/);
    }
  });

  it("are all shown in the document, which has them beside it", () => {
    const page = readFileSync(join(ROOT, "docs/server-models.md"), "utf8");
    const shown = [...page.matchAll(/!\[[^\]]+\]\(images\/(\S+)\)/g)].map((match) => match[1]!);
    expect(shown.sort()).toEqual(Object.keys(drawCharts(all, described)).sort());
    for (const name of shown) {
      const svg = readFileSync(join(ROOT, "docs/images", name), "utf8");
      for (const text of MODELS) expect(svg).toContain(text);
    }
  });

  it("draw hollow what is only a part", () => {
    const hollowOf = (some: Figures[]): number =>
      drawCharts(some, described)["server-models-throughput.svg"]!.match(
        /<path [^>]*fill="#ffffff"[^>]*stroke="#a8558a"|stroke="#a8558a"[^>]*fill="#ffffff"/g,
      )?.length ?? 0;
    expect(hollowOf([withLoad({ answeredClients: 3 })])).toBe(1);
    expect(hollowOf([figures])).toBe(0);
  });

  it("leave out what there is no figure for", () => {
    const trouble = { trouble: "none" };
    const none = { echo: trouble, file: trouble, work: trouble, blend: trouble };
    const charts = drawCharts([{ ...figures, stay: trouble, loads: none }], described);
    for (const svg of Object.values(charts)) expect(svg).not.toMatch(/NaN|undefined/);
  });
});
