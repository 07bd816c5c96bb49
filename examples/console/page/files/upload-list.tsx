import type { JSX } from "preact";

import { shownName } from "../format/names.ts";
import { formatBytes } from "../format/numbers.ts";
import { useTexts } from "../texts/texts.ts";
import { Question } from "./question.tsx";
import { answerQuestion, cancel, hideOver, isOver, uploads, type Upload } from "./uploads.ts";

export function UploadList(): JSX.Element | null {
  const { files } = useTexts();
  const all = uploads.value;
  if (all.length === 0) return null;
  const asking = all.find(({ state }) => state === "asking");
  return (
    <section class="uploads card" aria-label={files.uploads}>
      <header>
        <h2>{files.uploads}</h2>
        {all.some(isOver) ? (
          <button type="button" onClick={hideOver}>
            {files.hide}
          </button>
        ) : null}
      </header>
      <ul>
        {all.map((one) => (
          <Row key={one.id} one={one} />
        ))}
      </ul>
      <p class="unseen" role="status">
        {saidOf(all, files.states)}
      </p>
      {asking === undefined ? null : (
        <Question
          key={asking.id}
          text={files.replaceAsk(shownName(asking.file.name))}
          yes={files.replace}
          no={files.skip}
          onAnswer={answerQuestion}
        />
      )}
    </section>
  );
}

function Row({ one }: { readonly one: Upload }): JSX.Element {
  const { files } = useTexts();
  const { id, file, state, sent, why } = one;
  const name = shownName(file.name);
  return (
    <li class={state}>
      <bdi>{name}</bdi>
      {state === "sending" || state === "finishing" ? (
        <progress value={sent} max={Math.max(1, file.size)} aria-label={name} />
      ) : (
        <span class={state === "failed" ? "problem" : "muted"}>
          {state === "failed" ? why : files.states[state]}
        </span>
      )}
      <span class="size">
        {state === "sending"
          ? `${formatBytes(sent)} / ${formatBytes(file.size)}`
          : formatBytes(file.size)}
      </span>
      {isOver(one) ? null : (
        <button type="button" aria-label={files.cancelWhat(name)} onClick={() => cancel(id)}>
          {files.cancel}
        </button>
      )}
    </li>
  );
}

/** What is told to who does not see: the last that is over. */
function saidOf(all: readonly Upload[], states: Record<string, string>): string {
  const last = all.findLast(isOver);
  if (last === undefined) return "";
  return `${shownName(last.file.name)}: ${last.state === "failed" ? last.why : states[last.state]!}`;
}
