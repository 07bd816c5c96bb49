/** For who sees this for the first time. Whether it is open is kept. */
import type { JSX } from "preact";
import { useRef } from "preact/hooks";

import { keep, kept } from "../kept.ts";
import { useTexts } from "../texts/texts.ts";

export function Explained(): JSX.Element {
  const { explained } = useTexts().loop;
  const opened = useRef(kept("explained") === "open");
  return (
    <details
      class="explained"
      open={opened.current}
      onToggle={(event) => keep("explained", event.currentTarget.open ? "open" : "closed")}
    >
      <summary>{explained.question}</summary>
      <p>{explained.answer}</p>
      <dl>
        {explained.words.map(([word, meaning]) => (
          <div key={word}>
            <dt>{word}</dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
