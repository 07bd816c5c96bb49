/** Server models, measured: flags and wiring. `npm run server-models -- --help` tells the rest. */
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem, type } from "node:os";
import { join } from "node:path";
import { clearLine, cursorTo } from "node:readline";

import { drawCharts } from "./models/charts.ts";
import { HELP, readSettings, type Settings } from "./models/flags.ts";
import { measureCosts, measureModels } from "./models/measure.ts";
import { Programs } from "./models/programs.ts";
import { countAnswers, formatCosts, formatFigures } from "./models/table.ts";
import { runProgram } from "./program/program.ts";

const NAME = "server-models";
const EXIT_CODES: Readonly<Record<string, number>> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };
const COST_ROUNDS = 9;

/** The first one stops all in order; the second waits for nothing. */
function stopOnSignals(): AbortSignal {
  const stop = new AbortController();
  for (const [name, code] of Object.entries(EXIT_CODES)) {
    process.on(name, () => {
      if (stop.signal.aborted) process.exit(code);
      process.exitCode = code;
      stop.abort(new Error(`stopped by ${name}`));
    });
  }
  return stop.signal;
}

/** On a terminal one line that changes, elsewhere a line each. */
function progress(line: string): void {
  const { stderr } = process;
  if (!stderr.isTTY) {
    stderr.write(`${line}\n`);
    return;
  }
  cursorTo(stderr, 0);
  stderr.write(line.slice(0, stderr.columns - 1));
  clearLine(stderr, 1);
}

function describeRun({ seconds, requests, workers }: Settings): string {
  const list = cpus();
  const memory = (totalmem() / 2 ** 30).toFixed(0);
  const machine = `${list.length} x ${list[0]?.model.trim() ?? "unknown"}, ${memory} GiB`;
  return (
    `${new Date().toISOString().slice(0, 10)}, ${machine}, ${type()} ${release()}, ` +
    `Node ${process.versions.node}, load average ${loadavg()[0]!.toFixed(1)} before; ` +
    `${seconds} s each, ${requests} requests a visit, at most ${workers} processes or threads`
  );
}

async function run(settings: Settings): Promise<void> {
  const signal = stopOnSignals();
  mkdirSync(settings.out, { recursive: true });
  const described = describeRun(settings);
  const programs = await Programs.build(signal);
  try {
    const costs = await measureCosts(programs, settings.quick ? 3 : COST_ROUNDS, progress);
    const figures = await measureModels(programs, settings, progress, signal);
    progress("charts");
    const charts = drawCharts(figures, described);
    for (const [name, svg] of Object.entries(charts)) writeFileSync(join(settings.out, name), svg);
    const json = JSON.stringify({ described, costs, figures }, null, 2);
    if (settings.json !== null) writeFileSync(settings.json, `${json}\n`);
    progress("");
    const { answers, wrong } = countAnswers(figures);
    const verdict = wrong === 0 ? "all were right" : `${wrong} were WRONG`;
    process.stdout.write(`${described}\n\n${formatCosts(costs)}\n${formatFigures(figures)}\n`);
    process.stdout.write(`${answers} answers: ${verdict}. Charts: ${settings.out}\n`);
    if (wrong > 0) process.exitCode = 1;
  } catch (error) {
    if (!signal.aborted) throw error;
    progress("");
    process.stderr.write(`${NAME}: ${(signal.reason as Error).message}\n`);
  } finally {
    await programs.end();
  }
}

await runProgram({ name: NAME, help: HELP, readSettings, run });
