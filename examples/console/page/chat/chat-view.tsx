import type { JSX } from "preact";

import { useTexts } from "../texts/texts.ts";

export function ChatView(): JSX.Element {
  return <h1>{useTexts().chat.title}</h1>;
}
