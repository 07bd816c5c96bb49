/** The room: who has joined reads and speaks; who has not is asked for a name. */
import { useEffect } from "preact/hooks";
import type { JSX } from "preact";

import { useTexts } from "../texts/texts.ts";
import { JoinForm } from "./join-form.tsx";
import { LineList } from "./line-list.tsx";
import { leave, membership, resume, shownLines } from "./membership.ts";
import { SayBox } from "./say-box.tsx";

export function ChatView(): JSX.Element {
  const { chat } = useTexts();
  const now = membership.value;
  useEffect(resume, []);
  return (
    <section class="chat" aria-label={chat.title}>
      <h1 class="unseen">{chat.title}</h1>
      {now.state === "in" ? (
        <header>
          <p class={`connection ${now.live ? "live" : "retrying"}`} role="status">
            {now.live ? chat.states.live : chat.states.lost}
          </p>
          <button type="button" onClick={leave}>
            {chat.leave}
          </button>
        </header>
      ) : null}
      {now.state === "in" || shownLines.value.length > 0 ? <LineList /> : null}
      {now.state === "in" ? <SayBox /> : <JoinForm />}
    </section>
  );
}
