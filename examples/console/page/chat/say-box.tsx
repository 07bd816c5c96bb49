import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { JSX, TargetedSubmitEvent } from "preact";

import { useTexts } from "../texts/texts.ts";
import { say, type SayProblem } from "./membership.ts";

/** A line and Enter. What was not said comes back, to be said again. */
export function SayBox(): JSX.Element {
  const { chat } = useTexts();
  const text = useSignal("");
  const problem = useSignal<SayProblem | null>(null);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    input.current?.focus();
  }, []);

  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const said = text.value;
    if (said.trim() === "") return;
    text.value = "";
    problem.value = null;
    const refused = await say(said);
    problem.value = refused;
    if (refused !== null && text.value === "") text.value = said;
  };

  return (
    <form class="say" onSubmit={(event) => void submit(event)}>
      <input
        ref={input}
        name="text"
        autocomplete="off"
        enterkeyhint="send"
        aria-label={chat.sayWhat}
        placeholder={chat.sayWhat}
        value={text.value}
        onInput={(event) => (text.value = event.currentTarget.value)}
      />
      <button type="submit" class="main">
        {chat.say}
      </button>
      <p class="problem" role="alert">
        {problem.value === null ? "" : whyOf(problem.value, chat)}
      </p>
    </form>
  );
}

function whyOf(problem: SayProblem, chat: ReturnType<typeof useTexts>["chat"]): string {
  if (problem === "too-fast") return chat.tooFast;
  return problem === "too-long" ? chat.tooLong : chat.notSaid;
}
