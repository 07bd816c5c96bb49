// `npm test`. The checks that only read run two at a time, the longest first; the package is checked
// once it is built; the test suites have the machine to themselves. Everything runs to its end, so
// that one run shows all there is to mend.

import { rmSync } from "node:fs";
import { join } from "node:path";
import { type Outcome, root, run, type RunOptions } from "./run.ts";

interface Step {
  readonly name: string;
  readonly script: string;
  readonly after?: string;
}

const steps: readonly Step[] = [
  { name: "lint", script: "lint" },
  { name: "build", script: "build" },
  { name: "package", script: "package", after: "build" },
  { name: "API reference", script: "api" },
  { name: "type check", script: "types" },
  { name: "dead code", script: "dead-code" },
  { name: "import layers", script: "layers" },
  { name: "format", script: "format" },
];

// What a checker allocates dies young: with V8's 16 MiB for it, an eighth of the time is spent there.
const NODE_OPTIONS = "--max-semi-space-size=64";

const results = new Map<string, boolean>();

function report(name: string, { ok, output, seconds }: Outcome): void {
  results.set(name, ok);
  console.log(`${ok ? "ok    " : "FAILED"} ${name.padEnd(14)} ${seconds.toFixed(1).padStart(6)} s`);
  if (!ok) console.log(`${output.trimEnd()}\n`);
}

function npmRun(script: string, options: RunOptions): Promise<Outcome> {
  return run("npm", ["run", "--silent", script], options);
}

async function runSteps(workers: number): Promise<void> {
  const waiting = [...steps];
  const running = new Map<string, Promise<void>>();

  const startNext = (): boolean => {
    const index = waiting.findIndex(({ after }) => after === undefined || results.has(after));
    const [step] = index < 0 ? [] : waiting.splice(index, 1);
    if (step === undefined) return false;
    if (step.after !== undefined && results.get(step.after) === false) {
      report(step.name, {
        ok: false,
        output: `not run: ${step.after} failed`,
        stdout: "",
        seconds: 0,
      });
      return true;
    }
    const ended = npmRun(step.script, { nodeOptions: NODE_OPTIONS }).then((outcome) => {
      running.delete(step.name);
      report(step.name, outcome);
    });
    running.set(step.name, ended);
    return true;
  };

  while (waiting.length > 0 || running.size > 0) {
    while (running.size < workers && startNext());
    await Promise.race(running.values());
  }
}

const started = performance.now();
// A report of an earlier run must not be counted as this one's.
rmSync(join(root, ".reports"), { recursive: true, force: true });
await runSteps(2);
report("tests", await npmRun("test:run", { live: true }));

const failed = [...results].filter(([, ok]) => !ok).map(([name]) => name);
const seconds = ((performance.now() - started) / 1000).toFixed(1);
console.log(
  failed.length === 0 ? `all checks passed in ${seconds} s` : `failed: ${failed.join(", ")}`,
);
process.exitCode = failed.length === 0 ? 0 : 1;
