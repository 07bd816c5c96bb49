import type { JSX } from "preact";

import { useTexts } from "../texts/texts.ts";

export function DescriptorsView(): JSX.Element {
  return <h1>{useTexts().descriptors.title}</h1>;
}
