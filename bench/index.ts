/**
 * `npm run bench -- [names...] [--only TEXT] [--rounds N] [--quick] [--json FILE] [--profile DIR]`
 *
 * `--only` picks the cases whose name has TEXT in it; `--profile` has every server leave a CPU
 * profile in DIR (and slows it down).
 *
 * Never a test: it ends with 0 whatever it measured. `docs/performance.md` tells how to read it.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";

import { consoles } from "./console.ts";
import { echo, noise, tls } from "./echo.ts";
import { fanout } from "./fanout.ts";
import { files } from "./files.ts";
import { flood } from "./flood.ts";
import { http } from "./http.ts";
import { idle } from "./idle.ts";
import { members } from "./members.ts";
import { buildPrograms } from "./processes.ts";
import {
  describeLoad,
  describeMachine,
  formatTable,
  verdict,
  type Bench,
  type Remark,
  type Row,
} from "./report.ts";
import { stopped } from "./stopped.ts";
import { structs } from "./struct.ts";
import { turn } from "./turn.ts";
import { worlds } from "./worlds.ts";

const BENCHES: Readonly<Record<string, Bench>> = {
  ...{ echo, tls, idle, turn, flood, noise },
  ...{ fanout, stopped, members },
  ...{ struct: structs, worlds, files, http },
  ...{ console: consoles },
};

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string" },
    quick: { type: "boolean", default: false },
    json: { type: "string" },
    only: { type: "string", default: "" },
    profile: { type: "string" },
  },
});
const names = positionals.length > 0 ? positionals : Object.keys(BENCHES);
const unknown = names.filter((name) => !Object.hasOwn(BENCHES, name));
const rounds = Number(flags.rounds ?? (flags.quick ? 5 : 11));
if (unknown.length > 0 || !Number.isInteger(rounds) || rounds < 1) {
  console.error(
    `usage: npm run bench -- [${Object.keys(BENCHES).join("|")} ...] ` +
      `[--only TEXT] [--rounds N] [--quick] [--json FILE] [--profile DIR]`,
  );
  process.exit(2);
}

const [warmUp, slices] = flags.quick ? [5, 4] : [10, 16]; // of some 0.1 s
const machine = describeMachine();
console.log(
  `${machine}\n${rounds} rounds of ${slices} slices; ${describeLoad()} before it began\n`,
);
await buildPrograms(flags.profile);
const results: Record<string, (Row | Remark)[]> = {};
const start = performance.now();
for (const name of names) {
  const bench = BENCHES[name]!;
  const rows = await bench.run({ rounds, warmUp, slices, only: flags.only }, showProgress);
  endProgress();
  results[name] = rows;
  console.log(formatTable(bench.title, rows));
}
const missed = Object.values(results)
  .flat()
  .filter((row) => verdict(row) === "missed");
console.log(`${((performance.now() - start) / 1000).toFixed(0)} s; goals missed: ${missed.length}`);
if (flags.json !== undefined) {
  const report = { machine, date: new Date().toISOString(), rounds, slices, results };
  writeFileSync(flags.json, `${JSON.stringify(report, null, 2)}\n`);
}
process.exit(0);

/** On a terminal one line that is written over, otherwise one each. */
function showProgress(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
  else process.stderr.write(`${line}\n`);
}

function endProgress(): void {
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
}
