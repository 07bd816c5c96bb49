import type { JSX } from "preact";

import { connection } from "../feed/store.ts";
import { useTexts } from "../texts/texts.ts";

export function ConnectionState(): JSX.Element {
  const { connection: says } = useTexts().shell;
  const now = connection.value;
  return (
    <p class={`connection ${now.state}`} role="status">
      {now.state === "retrying" ? says.retrying(now.seconds) : says[now.state]}
    </p>
  );
}
