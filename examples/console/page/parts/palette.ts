/** Colours of the style sheet for what is drawn on a canvas; they change with the theme. */
import { effect, signal } from "@preact/signals";

import { theme } from "../theme.ts";

/** Counts up whenever colours have changed. */
export const paletteVersion = signal(0);

const dark = matchMedia("(prefers-color-scheme: dark)");
const known = new Map<string, string>();

function renew(): void {
  known.clear();
  paletteVersion.value = paletteVersion.peek() + 1;
}

dark.addEventListener("change", renew);
effect(() => {
  void theme.value;
  renew();
});

/** The value of a custom property that is a colour, `--accent`, as a canvas takes it. */
export function colourOf(name: string): string {
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
