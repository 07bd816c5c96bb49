/** The folder that is shown, and what is done in it. */
import { batch, signal } from "@preact/signals";

import type { FolderList } from "../../file-messages.ts";
import { ApiError, ask, getJson } from "../api.ts";
import { texts } from "../texts/texts.ts";
import { encoded, filePath, folderPath, type Folder } from "./paths.ts";

export const folder = signal<Folder>([]);
export const list = signal<FolderList | null>(null);
/** One line; empty: nothing is wrong. */
export const problem = signal("");

let looking: AbortController | null = null;

export function show(next: Folder): void {
  batch(() => {
    if (encoded(next) !== encoded(folder.peek())) list.value = null;
    folder.value = next;
    problem.value = "";
  });
  void look();
}

/** Asks the server again. The last one who asks is answered. */
export async function look(): Promise<void> {
  looking?.abort();
  const mine = (looking = new AbortController());
  try {
    const got = await getJson<FolderList>(folderPath("/api/files", folder.peek()), mine.signal);
    if (!mine.signal.aborted) list.value = got;
  } catch (error) {
    if (mine.signal.aborted) return;
    list.value = null;
    problem.value = whyOf(error);
  }
}

/** Answers whether it is done; if not, `problem` says why. */
export function makeFolder(name: string): Promise<boolean> {
  const path = `${folderPath("/api/folders", folder.peek())}${encodeURIComponent(name)}`;
  return change(path, "POST");
}

export function remove(name: string, kind: "file" | "folder"): Promise<boolean> {
  const at = folder.peek();
  const path =
    kind === "file"
      ? filePath(at, name)
      : `${folderPath("/api/folders", at)}${encodeURIComponent(name)}`;
  return change(path, "DELETE");
}

async function change(path: string, method: "POST" | "DELETE"): Promise<boolean> {
  problem.value = "";
  let why = "";
  try {
    await ask(path, { method, headers: { accept: "application/json" } });
  } catch (error) {
    why = whyOf(error);
  }
  await look();
  if (why !== "") problem.value = why;
  return why === "";
}

/** In the page's language where it knows the case, and in the server's words else. */
function whyOf(error: unknown): string {
  if (!(error instanceof ApiError)) throw error;
  return whyRefused(error.status, error.message);
}

export function whyRefused(status: number, why: string): string {
  const { files } = texts.peek();
  if (status === 0) return files.unreachable;
  if (status === 404) return files.notFound;
  if (status === 403) return files.forbidden;
  return why === "" ? files.failed(status) : why;
}
