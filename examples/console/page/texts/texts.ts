/** Everything that the page says, in the language that the user reads. */
import { computed, effect, signal } from "@preact/signals";

import { keep, kept } from "../kept.ts";
import { ENGLISH, type Texts } from "./en.ts";
import { CHINESE } from "./zh.ts";

export type Language = "en" | "zh";
export type { Texts };

const TABLES: Record<Language, Texts> = { en: ENGLISH, zh: CHINESE };

function firstLanguage(): Language {
  const chosen = kept("language") ?? navigator.language;
  return chosen.startsWith("zh") ? "zh" : "en";
}

export const language = signal<Language>(firstLanguage());

/** The table as a signal: for what is no component. */
export const texts = computed(() => TABLES[language.value]);

/** The table of the language. A component that calls it is drawn again when that changes. */
export function useTexts(): Texts {
  return texts.value;
}

export function chooseLanguage(chosen: Language): void {
  language.value = chosen;
  keep("language", chosen);
}

effect(() => {
  document.documentElement.lang = language.value === "zh" ? "zh-Hans" : "en";
});
