/** Colours of the style sheet for what is drawn on a canvas. */
import { signal } from "@preact/signals";

import { theme } from "../theme.ts";

/** Those that were asked for in this theme. */
const palette = signal(new Map<string, string>());

function renew(): void {
  palette.value = new Map();
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", renew);
theme.subscribe(renew);

/**
 * The value of a custom property that is a colour, `--accent`, as a canvas takes it. Components and
 * effects that call it run again when the theme changes.
 */
export function colourOf(name: string): string {
  const known = palette.value;
  const before = known.get(name);
  if (before !== undefined) return before;
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  known.set(name, color);
  return color;
}
