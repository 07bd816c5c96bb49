/** What a session asks of the store, answered; errors of the store are answers too. */
import type { Answers, Change, Question } from "../effects.ts";
import { matching } from "./opened-source.ts";
import {
  StoreError,
  type Entry,
  type FileStore,
  type StoreErrorCode,
} from "../../files/file-store.ts";

type Outcome<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly code: StoreErrorCode };

/** `work`, or why the store has not done it. What is no error of the store goes to `report`. */
export async function outcome<T>(
  work: () => Promise<T>,
  report: (error: unknown) => void,
): Promise<Outcome<T>> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    if (error instanceof StoreError) {
      if (error.code === "failed") report(error);
      return { ok: false, code: error.code };
    }
    report(error);
    return { ok: false, code: "failed" };
  }
}

export function change(store: FileStore, wanted: Change): Promise<null> {
  return did(begin(store, wanted));
}

async function did(work: Promise<void>): Promise<null> {
  await work;
  return null;
}

function begin(store: FileStore, wanted: Change): Promise<void> {
  switch (wanted.kind) {
    case "rename":
      return store.rename(wanted.from, wanted.to, { replace: true });
    case "remove":
      return store.remove(wanted.path);
    case "make-folder":
      return store.makeFolder(wanted.path);
    case "remove-folder":
      return store.removeFolder(wanted.path);
    case "set-modified":
      return store.setModified(wanted.path, wanted.modifiedMs);
  }
}

type Entries = Extract<Answers["entries"], { readonly ok: true }>["value"];

/** The entries of a folder. */
export async function entries(
  store: FileStore,
  { path, pattern, max }: Question & { readonly kind: "entries" },
  nowMs: number,
): Promise<Entries> {
  const found: Entry[] = [];
  for await (const one of matching(store, { folder: path, pattern })) {
    if (found.length === max) return { entries: found, more: true, nowMs };
    found.push(one);
  }
  return { entries: found, more: false, nowMs };
}
