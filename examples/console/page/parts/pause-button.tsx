import type { Signal } from "@preact/signals";
import type { JSX } from "preact";

import { useTexts } from "../texts/texts.ts";

/** Holds a picture still; the feed goes on behind it. */
export function PauseButton({
  paused,
  onToggle,
}: {
  readonly paused: Signal<boolean>;
  readonly onToggle: () => void;
}): JSX.Element {
  const { pause, goOn } = useTexts().shell;
  return (
    <button type="button" class="pause" onClick={onToggle}>
      <svg viewBox="0 0 10 10" aria-hidden="true">
        {paused.value ? <path d="M2 1v8l7-4Z" /> : <path d="M2 1h2v8H2Zm4 0h2v8H6Z" />}
      </svg>
      {paused.value ? goOn : pause}
    </button>
  );
}
