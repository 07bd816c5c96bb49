/** The folder that all servers of the program serve: what is in it, and what one may do there. */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { JSX } from "preact";

import { route } from "../route.ts";
import { useTexts } from "../texts/texts.ts";
import { Breadcrumb } from "./breadcrumb.tsx";
import { FileTable } from "./file-table.tsx";
import { list, look, problem, show } from "./folder-state.ts";
import { NewFolder } from "./new-folder.tsx";
import { folderOf } from "./paths.ts";
import { UploadList } from "./upload-list.tsx";
import { upload } from "./uploads.ts";

export function FilesView(): JSX.Element {
  const { files } = useTexts();
  const { view, rest } = route.value;
  const dropping = useSignal(false);
  const shown = list.value;
  const rights = shown?.rights ?? [];
  const mayUpload = rights.includes("create") || rights.includes("write");
  useEffect(() => {
    if (view === "files") show(folderOf(rest));
  }, [view, rest]);

  const drop = (event: DragEvent): void => {
    event.preventDefault();
    dropping.value = false;
    if (event.dataTransfer === null || !mayUpload) return;
    const { dropped, hasFolder } = filesIn(event.dataTransfer);
    problem.value = hasFolder ? files.isFolder : upload(dropped);
    if (hasFolder && dropped.length > 0) upload(dropped);
  };
  const over = (event: DragEvent): void => {
    event.preventDefault();
    dropping.value = mayUpload && event.dataTransfer?.types.includes("Files") === true;
  };

  return (
    <section
      class={`files${dropping.value ? " dropping" : ""}`}
      aria-label={files.title}
      onDragOver={over}
      onDragLeave={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null))
          dropping.value = false;
      }}
      onDrop={drop}
    >
      <h1 class="unseen">{files.title}</h1>
      <div class="files-bar">
        <Breadcrumb />
        <div class="files-actions">
          {rights.includes("write") ? <NewFolder /> : null}
          {mayUpload ? <UploadButton /> : null}
          <button type="button" onClick={() => void look()}>
            {files.refresh}
          </button>
        </div>
      </div>
      <p class="problem" role="alert">
        {problem.value}
      </p>
      <UploadList />
      {shown === null ? null : <FileTable list={shown} />}
      {mayUpload ? <p class="drop-here muted">{files.drop}</p> : null}
    </section>
  );
}

function UploadButton(): JSX.Element {
  const { files } = useTexts();
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        aria-label={files.upload}
        onChange={(event) => {
          problem.value = upload([...(event.currentTarget.files ?? [])]);
          // The same file may be chosen again.
          event.currentTarget.value = "";
        }}
      />
      <button type="button" class="main" onClick={() => input.current?.click()}>
        {files.upload}
      </button>
    </>
  );
}

/** Only files: what is in a folder is not looked for. */
function filesIn({ items }: DataTransfer): { dropped: File[]; hasFolder: boolean } {
  const dropped: File[] = [];
  let hasFolder = false;
  for (const item of items) {
    const file = item.kind === "file" ? item.getAsFile() : null;
    if (item.webkitGetAsEntry()?.isDirectory === true) hasFolder = true;
    else if (file !== null) dropped.push(file);
  }
  return { dropped, hasFolder };
}
