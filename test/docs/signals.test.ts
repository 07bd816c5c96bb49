/** docs/signals.md: its table is that of the bus, and its transcript is what the bus says. */
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";

import { CONDUCTOR, DRIVER, signalsOf } from "../../examples/bus/duties.ts";
import { LOCALES } from "../../examples/bus/texts.ts";
import { cleanUp, run } from "../examples/programs.ts";
import { blocksOf, root, tableBelow } from "./markdown.ts";

const PAGE = "docs/signals.md";
const { zh } = LOCALES;

afterAll(cleanUp);

/** What the table says of a duty. */
function told(duty: (typeof DRIVER)["SIGINT"], other: string): string {
  if (duty === undefined) return "ends her, which the driver reports";
  if (duty === "nothing") return "nothing";
  if (duty === "leaves") return `${zh.lastStop}, and she leaves`;
  return "says" in duty ? zh[duty.says] : `tells ${other}: \`${duty.tells}\``;
}

it("the table has every signal, with what both make of it", () => {
  const rows = signalsOf(DRIVER).map((signal) => {
    return [`\`${signal}\``, told(DRIVER[signal], "her"), told(CONDUCTOR[signal], "the driver")];
  });
  expect(tableBelow(PAGE, "Who does what")).toEqual(rows);
  expect(signalsOf(DRIVER)).toEqual(expect.arrayContaining(signalsOf(CONDUCTOR)));
});

it("the transcript is what the bus says", async () => {
  const [command, ...shown] = blocksOf(PAGE)
    .find(({ mark }) => mark === "bus")!
    .text.trimEnd()
    .split("\n");
  const [program, ...args] = command!.replace(/^\$ /, "").split(" ");
  expect(program).toBe("node");
  const bus = run(process.execPath, args, { cwd: join(root) });
  const [driver, conductor] = (await bus.out.until(/进程/)).match(/\d+/g)!;
  await bus.out.until(/kill -TSTP/);
  for (const [signal, said] of [
    ["SIGINT", zh.off],
    ["SIGQUIT", zh.fast],
  ] as const) {
    process.kill(Number(conductor), signal);
    await bus.out.until(`司机：${said}`);
  }
  process.kill(Number(driver), "SIGTSTP");
  expect(await bus.ended).toEqual({ code: 0, signal: null });
  const names = new Map([
    [driver, "4711"],
    [conductor, "4712"],
  ]);
  const lines = bus.out.lines.map((line) => line.replace(/\d+/g, (pid) => names.get(pid)!));
  expect(lines).toEqual(shown);
});
