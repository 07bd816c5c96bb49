/** The table of all descriptors, and the details of one. */
import type { JSX } from "preact";

import { route } from "../route.ts";
import { useTexts } from "../texts/texts.ts";
import { Details } from "./details.tsx";
import { Grid } from "./grid.tsx";
import { Toolbar } from "./toolbar.tsx";

export function DescriptorsView(): JSX.Element {
  const { rest } = route.value;
  const chosen = /^\d+$/.test(rest) ? Number(rest) : null;
  return (
    <div class="descriptors">
      <h1 class="unseen">{useTexts().descriptors.title}</h1>
      <Toolbar />
      <div class={chosen === null ? "grid-and-details" : "grid-and-details with-details"}>
        <Grid />
        {chosen === null ? null : <Details fd={chosen} />}
      </div>
    </div>
  );
}
