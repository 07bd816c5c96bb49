/** What a reactor reports, kept; and promises that a test settles. */
import type { Reactor, ReactorOptions, Registration } from "iomux";

import type { World } from "./world.ts";

export interface Report {
  readonly error: Error & { code?: string };
  readonly fd: number | null;
}

/** A reactor whose reports are kept. */
export function listening(world: World, options: ReactorOptions = {}): [Reactor, Report[]] {
  const reports: Report[] = [];
  const onError = (error: Error, registration: Registration | null): void => {
    reports.push({ error, fd: registration?.fd ?? null });
  };
  return [world.createReactor({ onError, ...options }), reports];
}

/** A promise that is settled from outside. */
export function gate(): { promise: Promise<void>; open: () => void; fail: (error: Error) => void } {
  let open!: () => void;
  let fail!: (error: Error) => void;
  const promise = new Promise<void>((resolve, reject) => {
    open = resolve;
    fail = reject;
  });
  return { promise, open, fail };
}
