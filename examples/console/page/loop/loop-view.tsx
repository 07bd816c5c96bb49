/** The loop at work: the turn, how many there are and how long they take, and what went wrong. */
import type { JSX } from "preact";

import { useTexts } from "../texts/texts.ts";
import { Figures } from "./figures.tsx";
import { Incidents } from "./incidents.tsx";
import { LoadPlots } from "./load-plots.tsx";
import { TurnCard } from "./turn-card.tsx";

export function LoopView(): JSX.Element {
  return (
    <div class="loop">
      <h1 class="unseen">{useTexts().loop.title}</h1>
      <TurnCard />
      <Figures />
      <LoadPlots />
      <Incidents />
    </div>
  );
}
