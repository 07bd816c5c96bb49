/** docs/server-models.md: its tables are those that programs print; the figures are of one run. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { readSettings } from "../../examples/models/flags.ts";
import { formatCosts, formatFigures, round } from "../../examples/models/table.ts";
import { readDocument, root } from "./markdown.ts";

const SCRIPT = join(root, "tools/readiness-costs.py");

const absent =
  process.env.IOMUX_REQUIRE_PEERS !== "1" &&
  spawnSync("python3", ["--version"]).error !== undefined;

/** The rows of the table that begins with the numbers of descriptors. */
function scanOf(text: string): string[][] {
  const table = /^\| descriptors +\| `select`.*\n.*\n((\|.*\n)+)/m.exec(text)?.[1] ?? "";
  return table
    .trimEnd()
    .split("\n")
    .map((line) => shapeOf(line.split("|").slice(1, -1)));
}

/** Figures differ each time; what has one, and what is refused, does not. */
function shapeOf(row: readonly string[]): string[] {
  const [label, ...cells] = row.map((cell) => cell.trim()) as [string, ...string[]];
  return [label, ...cells.map((cell) => cell.replace(/^[\d.]+$/, "measured"))];
}

describe.skipIf(absent)("real peer: python3", () => {
  it("prints the rows of the page", () => {
    const { status, stdout, stderr } = spawnSync("python3", [SCRIPT], { encoding: "utf8" });
    expect([status, stderr]).toEqual([0, ""]);
    const [printed, shown] = [stdout, readDocument("docs/server-models.md")].map(scanOf);
    expect(printed).toHaveLength(4);
    expect(printed).toEqual(shown);
  });
});

describe("the figures of a run", () => {
  const DOCUMENT = "docs/server-models.md";
  const USUAL = readSettings([])!;
  const cost = { ms: 12.34, bytes: 2 ** 23 };
  const zombie = { state: "Z", shown: null, bytes: 0, gone: true };
  const costs = formatCosts({
    program: { ...cost, bytes: null },
    process: cost,
    thread: cost,
    zombie,
  });
  const visits = {
    ...{ perSecond: 1234, answers: 1, allAnswers: 1, answeredClients: 500, wrong: 0, failed: 0 },
    ...{ p50: { ms: 1.2, over: false }, p99: { ms: 5, over: false }, cpuMs: 0.25 },
  };
  const memory = { pss: 2 ** 24, rss: 2 ** 26, processes: 1, threads: 11 };
  const stay = {
    ...{ carried: 500, ms: 12.3, stalled: true, wrong: 0, failed: 0 },
    before: memory,
  };
  const printed = formatFigures(
    USUAL.models.flatMap((model) =>
      USUAL.clients.map((clients) => ({
        ...{ model, clients, stay: { ...stay, after: memory } },
        loads: { echo: visits, file: visits, work: visits, blend: visits },
      })),
    ),
  );

  /** The tables of a text, head first, without the rule. */
  function tablesOf(text: string): string[][][] {
    return (text.match(/(?:^\|.*\n)+/gm) ?? []).map((table) => {
      const rows = table.trimEnd().split("\n");
      rows.splice(1, 1);
      return rows.map((row) =>
        row
          .split("|")
          .slice(1, -1)
          .map((cell) => cell.trim()),
      );
    });
  }

  /** The tables of a section of the page. */
  function shownUnder(heading: string): string[][][] {
    const [, section = ""] = readDocument(DOCUMENT).split(`\n## ${heading}\n`);
    return tablesOf(section.split("\n## ", 1)[0]!);
  }

  /** How a cell is written, whatever was measured. */
  function shapeOfCell(cell: string): string {
    return cell.replace(/^(over )?[\d,.]+/, "N").replace(/ (KiB|MiB)$/, " bytes");
  }

  it("are the columns of the page, for each model and number of clients, in this order", () => {
    const shown = shownUnder("Measured");
    expect(shown).toHaveLength(2);
    for (const [which, [head, ...rows]] of shown.entries()) {
      const [printedHead, ...printedRows] = tablesOf(printed)[which]!;
      expect(head).toEqual(printedHead);
      const counts = new Set(rows.map(([, clients]) => clients));
      const wanted = printedRows.filter(([, clients]) => counts.has(clients));
      expect(counts.size).toBeGreaterThan(1);
      expect(rows.map((row) => row.slice(0, 2))).toEqual(wanted.map((row) => row.slice(0, 2)));
      const figures = head!.length - (head!.at(-1) === "remark" ? 1 : 0);
      for (const [at, row] of rows.entries()) {
        const shapes = wanted[at]!.slice(2, figures).map(shapeOfCell);
        expect(row.slice(2, figures).map(shapeOfCell)).toEqual(shapes);
      }
    }
  });

  it("are written in the page as the program rounds them", () => {
    const COUNTS = ["clients", "carried", "processes", "threads", "model", "remark"];
    for (const [head, ...rows] of shownUnder("Measured")) {
      for (const row of rows) {
        for (const [at, cell] of row.entries()) {
          if (COUNTS.includes(head![at]!)) continue;
          const [number] = /[\d,.]+/.exec(cell)!;
          expect(number).toBe(round(Number(number.replaceAll(",", ""))));
        }
      }
    }
  });

  it("say of who was not carried what the program says", () => {
    const [[head, ...rows] = []] = shownUnder("Measured");
    const [[, ...printedRows] = []] = tablesOf(
      formatFigures([
        {
          ...{ model: "mixed", clients: 9, stay: { ...stay, carried: 1, after: memory } },
          loads: { echo: visits, file: visits, work: visits, blend: visits },
        },
      ]),
    );
    const carried = head!.indexOf("carried");
    for (const row of rows) {
      const waits = row[carried] === row[1] ? "" : printedRows[0]!.at(-1);
      expect(row.at(-1)).toBe(waits);
    }
  });

  it("have what a process, a thread and a zombie cost", () => {
    const [shown] = shownUnder("What a process, a thread and a zombie cost");
    const [told] = tablesOf(costs);
    expect(shown!.map((row) => row.map(shapeOfCell))).toEqual(
      told!.map((row) => row.map(shapeOfCell)),
    );
  });

  it("are of one run, which is named as the program names it", () => {
    const text = readDocument(DOCUMENT).replaceAll("\n", " ");
    expect(text).toMatch(
      /One run: \d{4}-\d\d-\d\d, \d+ x [^,]+, \d+ GiB, Linux [^,]+, Node [\d.]+, load average [\d.]+ before; /,
    );
    const { seconds, requests, workers } = USUAL;
    expect(text).toContain(
      `; ${seconds} s each, ${requests} requests a visit, at most ${workers} processes or threads.`,
    );
  });
});
