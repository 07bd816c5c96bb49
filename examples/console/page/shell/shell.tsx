/** What is around every view: its name, the ways to the others, and the state of the connection. */
import { useEffect } from "preact/hooks";
import type { JSX } from "preact";

import { loginNeeded } from "../api.ts";
import { ChatView } from "../chat/chat-view.tsx";
import { DescriptorsView } from "../descriptors/descriptors-view.tsx";
import { connection, hello } from "../feed/store.ts";
import { FilesView } from "../files/files-view.tsx";
import { LoopView } from "../loop/loop-view.tsx";
import { hashOf, route, type View } from "../route.ts";
import { LoginForm } from "../session/login-form.tsx";
import { useTexts } from "../texts/texts.ts";
import { Switches } from "./switches.tsx";
import { ConnectionState } from "./connection-state.tsx";

const VIEWS: Record<View, () => JSX.Element> = {
  loop: LoopView,
  descriptors: DescriptorsView,
  chat: ChatView,
  files: FilesView,
};

function offeredViews(): View[] {
  const features = hello.value?.features;
  const views: View[] = ["loop", "descriptors"];
  if (features?.chat === true) views.push("chat");
  if (features?.files === true) views.push("files");
  return views;
}

export function Shell(): JSX.Element {
  const texts = useTexts();
  const views = offeredViews();
  const shown = views.includes(route.value.view) ? route.value.view : "loop";
  const program = hello.value?.program ?? "iomux";
  const title = loginNeeded.value ? texts.login.title : texts[shown].title;
  useEffect(() => {
    document.title = `${title} · ${program}`;
  }, [title, program]);
  const Shown = VIEWS[shown];
  return (
    <>
      <a class="skip" href="#main" onClick={focusMain}>
        {texts.shell.skip}
      </a>
      <header class="bar">
        <span class="brand">
          <svg viewBox="0 0 20 20" fill="none" stroke-width="2.6" aria-hidden="true">
            <circle cx="10" cy="10" r="7" />
            <circle class="bead" cx="15.5" cy="5.5" r="3" />
          </svg>
          {program}
        </span>
        {loginNeeded.value ? null : (
          <nav class="views" aria-label={texts.shell.views}>
            {views.map((view) => (
              <a key={view} href={hashOf(view)} aria-current={view === shown ? "page" : undefined}>
                {texts[view].title}
              </a>
            ))}
          </nav>
        )}
        <ConnectionState />
        <Switches />
      </header>
      <main id="main" tabIndex={-1}>
        {connection.value.state === "retrying" && hello.value !== null ? (
          <p class="stale">{texts.shell.connection.lost}</p>
        ) : null}
        {loginNeeded.value ? <LoginForm /> : <Shown />}
      </main>
    </>
  );
}

/** The address names the view, so the link to the content must not change it. */
function focusMain(event: Event): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}
