/** What reactors publish on `node:diagnostics_channel`, kept until the test ends. */
import diagnosticsChannel from "node:diagnostics_channel";

import { onTestFinished } from "vitest";

import { DIAGNOSTICS_NAMES, type DiagnosticsMessages, type DiagnosticsName } from "iomux";

export type Published = {
  [N in DiagnosticsName]: { readonly name: N; readonly message: DiagnosticsMessages[N] };
}[DiagnosticsName];

/** Listens to `names` until the test is finished. */
export function subscribed(names: readonly DiagnosticsName[] = DIAGNOSTICS_NAMES): Published[] {
  const published: Published[] = [];
  listen(names, (message, name) => published.push({ name, message } as Published));
  return published;
}

/** Calls `listener` for `names` until the test is finished. */
export function listen(
  names: readonly DiagnosticsName[],
  listener: (message: unknown, name: string | symbol) => void,
): void {
  for (const name of names) diagnosticsChannel.subscribe(name, listener);
  onTestFinished(() => {
    for (const name of names) diagnosticsChannel.unsubscribe(name, listener);
  });
}
