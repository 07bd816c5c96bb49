import type { JSX } from "preact";

import { lettersOf } from "../descriptors/letters.ts";
import { useTexts } from "../texts/texts.ts";

/** A mask as `R·W···`; what is lit has a letter, and its name for who hears it. */
export function Letters({ mask }: { readonly mask: number }): JSX.Element {
  const { conditions, nothing } = useTexts().descriptors;
  const letters = lettersOf(mask);
  const names = letters
    .filter(({ lit }) => lit)
    .map(({ condition }) => conditions[condition])
    .join(", ");
  return (
    <span class="letters" role="img" aria-label={names || nothing} title={names || nothing}>
      {letters.map(({ letter, lit, condition }) => (
        <span key={letter} class={lit ? `lit ${condition}` : undefined}>
          {lit ? letter : "·"}
        </span>
      ))}
    </span>
  );
}
