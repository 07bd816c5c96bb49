/** Words of steps: what may happen one after the other. */
import { STEPS, type Step } from "./readiness-model.ts";

/**
 * All words of `depth` steps that can be. The peer sends nothing after its end; that a second
 * `close` or `unregister` does nothing is shown elsewhere.
 */
export function* words(depth: number, before: readonly Step[] = []): Generator<readonly Step[]> {
  if (before.length === depth) {
    yield before;
    return;
  }
  for (const step of STEPS) if (possible(step, before)) yield* words(depth, [...before, step]);
}

function possible(step: Step, before: readonly Step[]): boolean {
  if (step === "read" || step === "clear" || step === "modify") return true;
  if (step === "arrive") return !before.includes("peer-close");
  return !before.includes(step);
}

/** Whether the world takes it, not the program. */
export function isOfTheWorld(step: Step): boolean {
  return step === "arrive" || step === "peer-close";
}
