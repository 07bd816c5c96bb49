/** Light, dark, or as the system has it. */
import { signal } from "@preact/signals";

import { keep, kept } from "./kept.ts";

export type Theme = "system" | "light" | "dark";
export const THEMES: readonly Theme[] = ["system", "light", "dark"];

export const theme = signal<Theme>(THEMES.find((name) => name === kept("theme")) ?? "system");

export function chooseTheme(chosen: Theme): void {
  show(chosen);
  theme.value = chosen;
  keep("theme", chosen);
}

/** The style sheet reads it; whoever follows the signal finds the new colours. */
function show(chosen: Theme): void {
  document.documentElement.dataset.theme = chosen;
}

show(theme.peek());
