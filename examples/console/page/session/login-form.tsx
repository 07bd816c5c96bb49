import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { JSX, TargetedSubmitEvent } from "preact";

import { ApiError } from "../api.ts";
import { useTexts } from "../texts/texts.ts";
import { logIn } from "./session.ts";

export function LoginForm(): JSX.Element {
  const { login } = useTexts();
  const why = useSignal("");
  const busy = useSignal(false);
  const name = useRef<HTMLInputElement>(null);
  // Not by `autofocus`, which a browser heeds once: somebody may log out, and in again.
  useEffect(() => name.current?.focus(), []);

  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    busy.value = true;
    why.value = "";
    try {
      await logIn({ name: field(fields, "name"), password: field(fields, "password") });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      why.value = error.message || (error.status === 401 ? login.wrong : login.unreachable);
    } finally {
      busy.value = false;
    }
  };

  return (
    <form class="login card" onSubmit={(event) => void submit(event)}>
      <h1>{login.title}</h1>
      <label>
        {login.name}
        <input ref={name} name="name" autocomplete="username" required />
      </label>
      <label>
        {login.password}
        <input name="password" type="password" autocomplete="current-password" required />
      </label>
      <p class="problem" role="alert">
        {why.value}
      </p>
      <button type="submit" class="main" disabled={busy.value}>
        {login.submit}
      </button>
    </form>
  );
}

function field(fields: FormData, name: string): string {
  const value = fields.get(name);
  return typeof value === "string" ? value : "";
}
