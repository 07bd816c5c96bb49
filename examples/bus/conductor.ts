/** The conductor: the child, a program of its own. The driver starts it; nobody else can. */
import { Socket } from "node:net";

import { createReactor, READABLE } from "iomux";

import { CONDUCTOR, signalsOf, type Signal } from "./duties.ts";
import { LOCALES, type Locale } from "./texts.ts";

/** Where the line to the driver is. */
const LINE_FD = 3;

const texts = LOCALES[process.argv[2] as Locale];
const driver = process.ppid;
const reactor = createReactor();
const signals = reactor.signals(signalsOf(CONDUCTOR));

const { descriptor: line } = reactor.register(new Socket({ fd: LINE_FD }), READABLE, () => {
  if (line.read()?.length !== 0) return;
  console.error(texts.driverLost);
  process.exitCode = 1;
  line.close();
});

reactor.register(signals, READABLE, () => {
  for (let name = signals.read(); name !== null; name = signals.read()) {
    const duty = CONDUCTOR[name as Signal]!;
    if (duty === "leaves") leave();
    else if (duty !== "nothing" && "tells" in duty) tell(duty.tells);
  }
});

line.write(Buffer.from("ready\n"));

/** A driver who is gone is nobody's parent: his number may be somebody else's by now. */
function tell(signal: Signal): void {
  if (process.ppid === driver) process.kill(driver, signal);
}

/** Only the line keeps this process; signals are heard as long as it lives. */
function leave(): void {
  if (line.state !== "open") return;
  console.log(`${texts.conductor}${texts.colon}${texts.lastStop}`);
  line.close();
}
