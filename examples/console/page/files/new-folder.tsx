import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { JSX, TargetedSubmitEvent } from "preact";

import { useTexts } from "../texts/texts.ts";
import { makeFolder } from "./folder-state.ts";

export function NewFolder(): JSX.Element {
  const { files } = useTexts();
  const open = useSignal(false);
  const input = useRef<HTMLInputElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const wasOpen = useRef(false);
  useEffect(() => {
    if (open.value) input.current?.focus();
    // The keys go on where they were before, unless somebody is elsewhere already.
    else if (wasOpen.current && document.activeElement === document.body) button.current?.focus();
    wasOpen.current = open.value;
  }, [open.value]);

  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    if (await makeFolder(input.current!.value)) open.value = false;
  };

  if (!open.value) {
    return (
      <button ref={button} type="button" onClick={() => (open.value = true)}>
        {files.newFolder}
      </button>
    );
  }
  return (
    <form
      class="new-folder"
      onSubmit={(event) => void submit(event)}
      onKeyDown={(event) => {
        if (event.key === "Escape") open.value = false;
      }}
    >
      <input
        ref={input}
        required
        autocomplete="off"
        aria-label={files.folderName}
        placeholder={files.folderName}
      />
      <button type="submit" class="main">
        {files.make}
      </button>
      <button type="button" onClick={() => (open.value = false)}>
        {files.cancel}
      </button>
    </form>
  );
}
