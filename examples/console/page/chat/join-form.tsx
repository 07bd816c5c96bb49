import { useSignal } from "@preact/signals";
import type { JSX, TargetedSubmitEvent } from "preact";

import { ApiError } from "../api.ts";
import { keep, kept } from "../kept.ts";
import { useTexts } from "../texts/texts.ts";
import { join, membership } from "./membership.ts";

export function JoinForm(): JSX.Element {
  const { chat } = useTexts();
  const why = useSignal("");
  const busy = useSignal(false);
  const now = membership.value;
  const ended = now.state === "out" && now.ended !== "no" ? chat[now.ended] : "";

  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const name = event.currentTarget.querySelector("input")!.value;
    busy.value = true;
    why.value = "";
    try {
      await join(name);
      keep("name", name);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      why.value = error.message || chat.unreachable;
    } finally {
      busy.value = false;
    }
  };

  return (
    <form class="join card" onSubmit={(event) => void submit(event)}>
      {ended === "" ? null : (
        <p class="ended" role="status">
          {ended}
        </p>
      )}
      <label>
        {chat.name}
        <input
          name="name"
          required
          autocomplete="nickname"
          autocapitalize="words"
          maxLength={128}
          defaultValue={kept("name") ?? ""}
        />
      </label>
      <button type="submit" class="main" disabled={busy.value}>
        {busy.value ? chat.states.joining : chat.join}
      </button>
      <p class="problem" role="alert">
        {why.value}
      </p>
      <p class="muted">{chat.intro}</p>
    </form>
  );
}
