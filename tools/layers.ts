// `npm run layers`. dependency-cruiser says that all is well when it saw nothing at all, so what it
// saw is counted here.

import { existsSync } from "node:fs";
import { join } from "node:path";
import type { ICruiseResult } from "dependency-cruiser";
import { root, run } from "./run.ts";

const MIN_MODULES = 10;
const folders = ["src", "examples", "bench", "test"].filter((name) => existsSync(join(root, name)));

const { output, stdout } = await run("depcruise", ["--output-type", "json", ...folders]);
let result: ICruiseResult;
try {
  result = JSON.parse(stdout) as ICruiseResult;
} catch {
  console.error(output);
  throw new Error("dependency-cruiser did not answer with JSON");
}

const ours = result.modules.filter(({ source }) =>
  /^(src|examples|bench|test)\/.*\.tsx?$/.test(source),
);
const imports = ours.reduce((sum, { dependencies }) => sum + dependencies.length, 0);

const rules = result.summary.ruleSetUsed?.forbidden ?? [];
for (const { from, to, rule, cycle } of result.summary.violations) {
  const path = cycle === undefined ? to : cycle.map(({ name }) => name).join(" -> ");
  const comment = rules.find(({ name }) => name === rule.name)?.comment;
  console.error(`${from} -> ${path}\n    ${rule.name}: ${comment ?? ""}`);
}
console.log(
  `${ours.length} modules, ${imports} imports, ${result.summary.violations.length} breaches`,
);

if (ours.length < MIN_MODULES || imports < MIN_MODULES) {
  console.error(`fewer than ${MIN_MODULES} modules or imports were seen: the check saw nothing`);
  process.exitCode = 1;
}
if (result.summary.violations.length > 0) process.exitCode = 1;
