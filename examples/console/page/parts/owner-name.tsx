import type { JSX } from "preact";

import { markOf, type Shape } from "../owners.ts";
import { useTexts } from "../texts/texts.ts";

const PATHS: Record<Shape, JSX.Element> = {
  circle: <circle cx="5" cy="5" r="4" />,
  square: <rect x="1.2" y="1.2" width="7.6" height="7.6" rx="1" />,
  triangle: <path d="M5 .8 9.6 9H.4Z" />,
  diamond: <path d="M5 .2 9.8 5 5 9.8.2 5Z" />,
  cross: <path d="M3.4.6h3.2v2.8h2.8v3.2H6.6v2.8H3.4V6.6H.6V3.4h2.8Z" />,
  ring: (
    <path d="M5 .8a4.2 4.2 0 1 0 0 8.4A4.2 4.2 0 0 0 5 .8Zm0 2.4a1.8 1.8 0 1 1 0 3.6 1.8 1.8 0 0 1 0-3.6Z" />
  ),
  bar: <rect x="3" y=".6" width="4" height="8.8" rx="1" />,
};

/** The owner's shape in its colour, and its name. */
export function OwnerName({ owner }: { readonly owner: string }): JSX.Element {
  const { nobody } = useTexts().descriptors;
  const { colour, shape } = markOf(owner);
  return (
    <span class={`owner owner-${colour}`}>
      <svg viewBox="0 0 10 10" aria-hidden="true">
        {PATHS[shape]}
      </svg>
      <span>{owner === "" ? nobody : owner}</span>
    </span>
  );
}
