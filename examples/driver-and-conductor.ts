/** Signal-driven I/O: the driver of a bus and the conductor. Flags and wiring. */
import { createReactor } from "iomux";

import { Driver } from "./bus/driver.ts";
import { HELP, readSettings, type Settings } from "./bus/flags.ts";
import { LOCALES } from "./bus/texts.ts";
import { runProgram } from "./program/program.ts";

async function run({ locale }: Settings): Promise<void> {
  const texts = LOCALES[locale];
  const reactor = createReactor();
  try {
    const loss = await Driver.drive(reactor, { locale, texts, say: console.log });
    if (loss === null) return;
    console.error(`driver-and-conductor: ${texts.conductorLost(loss)}`);
    process.exitCode = 1;
  } finally {
    await reactor.close();
  }
}

await runProgram({
  name: "driver-and-conductor",
  help: HELP,
  readSettings: (args) => readSettings(args, process.env),
  run,
});
