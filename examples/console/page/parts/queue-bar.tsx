import type { JSX } from "preact";

import type { DescriptorRow } from "../../feed.ts";
import { formatBytes } from "../format/numbers.ts";
import { useTexts } from "../texts/texts.ts";

/** What waits to leave, as a part of the mark at which writing stops. */
export function QueueBar({ descriptor }: { readonly descriptor: DescriptorRow }): JSX.Element {
  const { ofMark, noQueue } = useTexts().descriptors;
  const { queued, highWaterMark } = descriptor;
  if (highWaterMark === null)
    return queued === 0 ? <span class="none">{noQueue}</span> : <span>{formatBytes(queued)}</span>;
  const part = Math.min(1, queued / Math.max(1, highWaterMark));
  const title = ofMark(formatBytes(queued), formatBytes(highWaterMark));
  return (
    <span class={`queue-bar${part >= 0.9 ? " full" : ""}`} title={title}>
      <span class="track" aria-hidden="true">
        <span style={{ width: `${part * 100}%` }} />
      </span>
      <span class={queued === 0 ? "none" : undefined}>{formatBytes(queued)}</span>
    </span>
  );
}
