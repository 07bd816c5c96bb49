/** Light, dark, or as the system has it. */
import { effect, signal } from "@preact/signals";

import { keep, kept } from "./kept.ts";

export type Theme = "system" | "light" | "dark";
export const THEMES: readonly Theme[] = ["system", "light", "dark"];

export const theme = signal<Theme>(THEMES.find((name) => name === kept("theme")) ?? "system");

export function chooseTheme(chosen: Theme): void {
  theme.value = chosen;
  keep("theme", chosen);
}

effect(() => {
  document.documentElement.dataset.theme = theme.value;
});
