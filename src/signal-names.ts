/** Names of signals, and which of them can be watched. */
import { constants } from "node:os";

import { IomuxRangeError, IomuxTypeError } from "./errors.ts";

/** A signal that a process can watch, by its name in signal(7). */
export type SignalName = Exclude<NodeJS.Signals, "SIGKILL" | "SIGSTOP">;

/** Those that the system never delivers: they cannot be caught, blocked or ignored, signal(7). */
const UNCATCHABLE: ReadonlySet<string> = new Set(["SIGKILL", "SIGSTOP"]);

/** The names as a list of their own. Throws unless each can be watched, and is there once. */
export function checkSignalNames(names: unknown): readonly SignalName[] {
  if (!Array.isArray(names)) {
    const message = `signals takes an array of names, not ${typeof names}`;
    throw new IomuxTypeError("IOMUX_BAD_ARGUMENT", message);
  }
  if (names.length === 0) throw range("signals: the list is empty: name at least one signal");
  const seen = new Set<unknown>();
  for (const name of names as unknown[]) {
    checkName(name);
    if (seen.has(name)) throw range(`signals: ${name} is named twice: name each signal once`);
    seen.add(name);
  }
  return Object.freeze([...(names as SignalName[])]);
}

function checkName(name: unknown): asserts name is string {
  if (typeof name !== "string") {
    const message = `signals: a name must be a string such as "SIGINT", not ${typeof name}`;
    throw new IomuxTypeError("IOMUX_BAD_ARGUMENT", message);
  }
  if (UNCATCHABLE.has(name)) {
    throw range(`signals: no process can watch ${name}: watch SIGTERM, which asks it to end`);
  }
  if (!Object.hasOwn(constants.signals, name)) {
    throw range(`signals: this system has no signal "${name}": give names such as "SIGINT"`);
  }
}

function range(message: string): IomuxRangeError {
  return new IomuxRangeError("IOMUX_BAD_RANGE", message);
}
