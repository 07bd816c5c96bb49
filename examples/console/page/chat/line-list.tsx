import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { JSX } from "preact";

import { language, useTexts } from "../texts/texts.ts";
import { shownLines } from "./membership.ts";
import { pastLine, type ShownLine } from "./shown-lines.ts";

/** Pixels from the end within which a reader is at the end. */
const NEAR = 48;

/** What was said. It follows its end, unless the reader has scrolled up. */
export function LineList(): JSX.Element {
  const { chat } = useTexts();
  const list = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  const seen = useRef(0);
  const unseen = useSignal(0);
  const lines = shownLines.value;
  const last = lines.at(-1)?.key ?? 0;

  const toEnd = (): void => {
    const { current } = list;
    if (current !== null) current.scrollTop = current.scrollHeight;
  };
  const scrolled = (): void => {
    const { scrollTop, scrollHeight, clientHeight } = list.current!;
    follows.current = scrollHeight - scrollTop - clientHeight < NEAR;
    if (!follows.current) return;
    seen.current = shownLines.value.at(-1)?.key ?? 0;
    unseen.value = 0;
  };
  useLayoutEffect(() => {
    if (follows.current) {
      toEnd();
      seen.current = last;
    }
    unseen.value = lines.filter(({ key }) => key > seen.current).length;
  }, [lines]);

  return (
    <div class="lines-frame">
      <div
        class="lines"
        role="log"
        tabIndex={0}
        aria-label={chat.lines}
        ref={list}
        onScroll={scrolled}
      >
        {lines.map((line) => (
          <LineOf key={line.key} line={line} />
        ))}
      </div>
      {unseen.value === 0 ? null : (
        <button type="button" class="to-end" onClick={toEnd}>
          {chat.newLines(unseen.value)} ↓
        </button>
      )}
    </div>
  );
}

function LineOf({ line }: { readonly line: ShownLine }): JSX.Element {
  const { chat } = useTexts();
  if (line.kind === "gap") return <p class="gap">{chat.gap(line.lines)}</p>;
  if (line.past === true) {
    const { time, said } = pastLine(line.text);
    return (
      <p>
        <time>{time}</time>
        <bdi>{said}</bdi>
      </p>
    );
  }
  return (
    <p class={line.own ? "own" : undefined}>
      <time dateTime={new Date(line.wallMs).toISOString()}>{timeOf(line.wallMs)}</time>
      <bdi>{line.text}</bdi>
      {line.own ? <span class="you">{chat.you}</span> : null}
    </p>
  );
}

function timeOf(wallMs: number): string {
  const options = { hour: "2-digit", minute: "2-digit" } as const;
  return new Date(wallMs).toLocaleTimeString(language.value === "zh" ? "zh-CN" : "en-GB", options);
}
