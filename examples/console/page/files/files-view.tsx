import type { JSX } from "preact";

import { useTexts } from "../texts/texts.ts";

export function FilesView(): JSX.Element {
  return <h1>{useTexts().files.title}</h1>;
}
