import type { JSX } from "preact";

import { connection } from "../feed/store.ts";
import { useTexts } from "../texts/texts.ts";

export function ConnectionState(): JSX.Element {
  const { connection: says } = useTexts().shell;
  const now = connection.value;
  // The seconds are for the eye: to hear each of them would be too much.
  return (
    <div class={`connection ${now.state}`}>
      {now.state === "retrying" ? <p aria-hidden="true">{says.retrying(now.seconds)}</p> : null}
      <p role="status" class={now.state === "retrying" ? "unseen" : undefined}>
        {says[now.state === "retrying" ? "lost" : now.state]}
      </p>
    </div>
  );
}
