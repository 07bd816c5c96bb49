/**
 * Signals of the process. One listener for each name, however many watch it: Node warns of a leak
 * when there are many, and gives the signal its default action back when the last one goes.
 */
import { isMainThread } from "node:worker_threads";

import { IomuxError } from "../errors.ts";
import type { SignalName } from "../signal-names.ts";

interface Watch {
  readonly sinks: Set<(name: SignalName) => void>;
  readonly listener: () => void;
}

/** One table for all reactors, because there is one process. */
const WATCHES = new Map<SignalName, Watch>();

/** Starts to watch; answers how to stop. */
export function watchSignals(
  names: readonly SignalName[],
  onSignal: (name: SignalName) => void,
): () => void {
  if (!isMainThread) {
    const message = "signals come to the main thread only: watch them there, and tell this worker";
    throw new IomuxError("IOMUX_UNSUPPORTED", message);
  }
  for (const name of names) watch(name).sinks.add(onSignal);
  return () => {
    for (const name of names) unwatch(name, onSignal);
  };
}

function watch(name: SignalName): Watch {
  const known = WATCHES.get(name);
  if (known !== undefined) return known;
  const sinks: Watch["sinks"] = new Set();
  const listener = (): void => {
    for (const sink of [...sinks]) sink(name);
  };
  process.on(name, listener);
  const made = { sinks, listener };
  WATCHES.set(name, made);
  return made;
}

function unwatch(name: SignalName, onSignal: (name: SignalName) => void): void {
  const { sinks, listener } = WATCHES.get(name)!;
  sinks.delete(onSignal);
  if (sinks.size > 0) return;
  WATCHES.delete(name);
  process.off(name, listener);
}
