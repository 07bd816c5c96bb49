/** `npm run` starts every program from its sources, as users do; other tests start what was built. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { afterAll, expect, it } from "vitest";

import { programCommand, PROGRAMS, ROOT, type Program } from "../support/program-command.ts";
import { cleanUp, finish } from "./programs.ts";

const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
  scripts: Record<string, string>;
};

/** The name of a script, the command that it ends with, and the program that this starts. */
const started = Object.entries(scripts).flatMap(([name, script]) => {
  const [, command, program] =
    /(node --import tsx .*? ((?:examples|tools)\/\S+\.ts))$/.exec(script) ?? [];
  return command === undefined ? [] : [[name, command, program as Program] as const];
});

afterAll(cleanUp);

it("every program has a script, but for the one that another starts", () => {
  const alone = PROGRAMS.filter((program) => /^(examples|tools)\//.test(program));
  const others = alone.filter((program) => started.every(([, , known]) => known !== program));
  expect(others).toEqual(["examples/bus/conductor.ts"]);
});

it.each(started)("npm run %s says the same as what was built", async (_, command, program) => {
  const source = await finish("sh", ["-c", `exec ${command} --help`]);
  const built = await finish(process.execPath, [...programCommand(program), "--help"]);
  expect(source).toEqual(built);
  expect([source.code, source.err]).toEqual([0, ""]);
  expect(source.out.toString()).toContain("--help");
});
