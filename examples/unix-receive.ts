/** Receives records over a Unix-domain socket: flags and wiring. */
import { createReactor, type Reactor } from "iomux";

import { OperatorLog } from "./program/operator-log.ts";
import { runProgram } from "./program/program.ts";
import { serveUntilSignal } from "./program/ending.ts";
import { Output } from "./records/output.ts";
import { HELP, readSettings, type ReceiveSettings } from "./records/receive-flags.ts";
import { Receiver } from "./records/receiver.ts";
import { formatReading, TABLE_HEAD } from "./records/text.ts";

const operator = new OperatorLog(process.stderr, (lines) => `... ${lines} lines left out`);

function complain(why: unknown): void {
  operator.write(`unix-receive: ${why instanceof Error ? why.message : String(why)}`);
}

async function run(settings: ReceiveSettings): Promise<void> {
  const reactor = createReactor({ onError: complain });
  await serveUntilSignal(reactor, () => open(reactor, settings), {
    ending: () => undefined,
    complain,
  });
}

/** Answers how to end it. */
async function open(
  reactor: Reactor,
  { format, ...settings }: ReceiveSettings,
): Promise<() => Promise<void>> {
  const output = new Output(process.stdout, () => {
    complain("nobody reads any more what it prints");
    process.exitCode = 2;
    void opening.then((receiver) => receiver.close()).then(() => reactor.close());
  });
  const opening = Receiver.open(reactor, {
    ...settings,
    show: (reading) => output.print(formatReading(reading, format)),
    complain,
  });
  const receiver = await opening;
  operator.write(`Receiving at ${settings.path}. Ctrl-C ends it.`);
  if (format === "table") void output.print(TABLE_HEAD);
  return () => receiver.close();
}

await runProgram({ name: "unix-receive", help: HELP, readSettings, run });
