/** How programs that serve are ended. */
import { READABLE, type Reactor } from "iomux";

/** Of a second signal, while the program is ending. */
const EXIT_CODES: Readonly<Record<string, number>> = { SIGINT: 130, SIGTERM: 143 };

/**
 * Calls `end` at the first SIGINT or SIGTERM, or when what it answers is called; a second signal
 * ends the process at once.
 */
function endOnSignals(reactor: Reactor, end: () => void): () => void {
  let ending = false;
  const endOnce = (): void => {
    if (ending) return;
    ending = true;
    end();
  };
  const signals = reactor.signals(["SIGINT", "SIGTERM", "SIGHUP"]);
  signals.label = "program";
  const readSignals = (): void => {
    for (let name = signals.read(); name !== null; name = signals.read()) {
      // The terminal is gone; the server goes on without it.
      if (name === "SIGHUP") continue;
      if (ending) process.exit(EXIT_CODES[name]);
      endOnce();
    }
  };
  reactor.register(signals, READABLE, readSignals);
  return endOnce;
}

/**
 * Runs what `open` opens, which answers how to close it, until a signal ends it; or until it calls
 * `end`. What cannot be opened leaves nothing running.
 */
export async function serveUntilSignal(
  reactor: Reactor,
  open: (end: () => void) => Promise<() => Promise<void>>,
  told: { readonly ending: () => void; readonly complain: (error: unknown) => void },
): Promise<void> {
  const endOnce = endOnSignals(reactor, () => {
    told.ending();
    end().catch(told.complain);
  });
  const opening = open(endOnce);
  async function end(): Promise<void> {
    const close = await opening.catch(() => null);
    await close?.();
    await reactor.close();
  }
  await opening.catch(async (error: unknown) => {
    await reactor.close();
    throw error;
  });
}
