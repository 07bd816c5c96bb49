import { useSignal } from "@preact/signals";
import type { JSX } from "preact";

import type { FileRow, FolderList } from "../../file-messages.ts";
import { shownName } from "../format/names.ts";
import { formatBytes } from "../format/numbers.ts";
import { hashOf } from "../route.ts";
import { language, useTexts } from "../texts/texts.ts";
import { folder, remove } from "./folder-state.ts";
import { useNextRow } from "./next-row.ts";
import { encoded, filePath } from "./paths.ts";
import { Question } from "./question.tsx";

/** With roles: on narrow screens its rows are no rows of a table to the style sheet. */
export function FileTable({ list }: { readonly list: FolderList }): JSX.Element {
  const { files } = useTexts();
  const removing = useSignal<FileRow | null>(null);
  const mayRemove = list.rights.includes("delete");
  const { columns } = files;
  const { rows, nothing, removed } = useNextRow(list);
  if (list.entries.length === 0) {
    return (
      <p ref={nothing} class="nothing muted" tabIndex={-1}>
        {files.empty}
      </p>
    );
  }
  return (
    <>
      <table class="file-table card" role="table">
        <thead role="rowgroup">
          <tr role="row">
            <th scope="col" role="columnheader">
              {columns.name}
            </th>
            <th scope="col" role="columnheader">
              {columns.size}
            </th>
            <th scope="col" role="columnheader">
              {columns.time}
            </th>
            {mayRemove ? (
              <th scope="col" role="columnheader">
                <span class="unseen">{columns.actions}</span>
              </th>
            ) : null}
          </tr>
        </thead>
        <tbody role="rowgroup" ref={rows}>
          {list.entries.map((row) => (
            <Row
              key={row.name}
              row={row}
              onRemove={mayRemove ? () => (removing.value = row) : null}
            />
          ))}
        </tbody>
      </table>
      {list.more ? <p class="muted">{files.more}</p> : null}
      {removing.value === null ? null : (
        <Question
          text={files.removeAsk(shownName(removing.value.name))}
          yes={files.remove}
          no={files.cancel}
          onAnswer={(answer) => {
            const row = removing.value!;
            removing.value = null;
            if (answer) removed(row.name, remove(row.name, row.kind));
          }}
        />
      )}
    </>
  );
}

function Row({
  row,
  onRemove,
}: {
  readonly row: FileRow;
  readonly onRemove: (() => void) | null;
}): JSX.Element {
  const { files } = useTexts();
  const { name, kind, bytes, modifiedMs } = row;
  const shown = shownName(name);
  return (
    <tr role="row">
      <th scope="row" role="rowheader" class={kind}>
        {kind === "folder" ? (
          <a href={hashOf("files", encoded([...folder.value, name]))}>
            <bdi>{shown}</bdi>/
          </a>
        ) : (
          <a href={filePath(folder.value, name)} download="">
            <bdi>{shown}</bdi>
          </a>
        )}
      </th>
      <td role="cell" class="size">
        {kind === "folder" ? (
          <span class="muted">{files.folder}</span>
        ) : (
          <span title={`${bytes} B`}>{formatBytes(bytes)}</span>
        )}
      </td>
      <td role="cell" class="time">
        <time dateTime={new Date(modifiedMs).toISOString()}>{timeOf(modifiedMs)}</time>
      </td>
      {onRemove === null ? null : (
        <td role="cell" class="actions">
          <button type="button" aria-label={files.removeWhat(shown)} onClick={onRemove}>
            {files.remove}
          </button>
        </td>
      )}
    </tr>
  );
}

function timeOf(ms: number): string {
  const options = { dateStyle: "medium", timeStyle: "short" } as const;
  return new Date(ms).toLocaleString(language.value === "zh" ? "zh-CN" : "en-GB", options);
}
