/** How programs that serve are ended. */
import { READABLE, type Reactor } from "iomux";

/** Of a second signal, while the program is ending. */
const EXIT_CODES: Readonly<Record<string, number>> = { SIGINT: 130, SIGTERM: 143 };

/** Calls `end` at the first SIGINT or SIGTERM; a second one ends the process at once. */
export function endOnSignals(reactor: Reactor, end: () => void): void {
  let ending = false;
  const signals = reactor.signals(["SIGINT", "SIGTERM", "SIGHUP"]);
  reactor.register(signals, READABLE, () => {
    for (let name = signals.read(); name !== null; name = signals.read()) {
      // The terminal is gone; the server goes on without it.
      if (name === "SIGHUP") continue;
      if (ending) process.exit(EXIT_CODES[name]);
      ending = true;
      end();
    }
  });
}
