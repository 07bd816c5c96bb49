import type { JSX } from "preact";

import { useTexts } from "../texts/texts.ts";

export function LoopView(): JSX.Element {
  return <h1>{useTexts().loop.title}</h1>;
}
