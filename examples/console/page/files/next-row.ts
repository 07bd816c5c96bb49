/** Where the focus goes when the row that has it is removed: else it would be nowhere. */
import { useLayoutEffect, useRef } from "preact/hooks";
import type { RefObject } from "preact";

import type { FolderList } from "../../file-messages.ts";

/**
 * The name of the row to go to: of those that stood behind the removed one the first that is there
 * still, else of those before it the last. Null: nothing is left.
 */
export function nextRow(
  before: readonly string[],
  removed: string,
  after: readonly string[],
): string | null {
  const place = before.indexOf(removed);
  const candidates = [...before.slice(place + 1), ...before.slice(0, place).reverse()];
  return candidates.find((name) => after.includes(name)) ?? after.at(0) ?? null;
}

interface NextRow {
  readonly rows: RefObject<HTMLTableSectionElement | null>;
  /** What stands there when nothing is left. */
  readonly nothing: RefObject<HTMLParagraphElement | null>;
  /** `done`: whether it could be removed. */
  readonly removed: (name: string, done: Promise<boolean>) => void;
}

export function useNextRow(list: FolderList): NextRow {
  const rows = useRef<HTMLTableSectionElement>(null);
  const nothing = useRef<HTMLParagraphElement>(null);
  const removal = useRef<{ name: string; before: readonly string[] } | null>(null);
  const names = list.entries.map(({ name }) => name);
  useLayoutEffect(() => {
    if (removal.current === null || names.includes(removal.current.name)) return;
    const { name, before } = removal.current;
    removal.current = null;
    // Whoever has gone elsewhere meanwhile stays there.
    if (document.activeElement !== document.body) return;
    const next = nextRow(before, name, names);
    if (next === null) nothing.current?.focus();
    else rows.current?.rows[names.indexOf(next)]?.querySelector("button")?.focus();
  }, [list]);

  const removed = (name: string, done: Promise<boolean>): void => {
    removal.current = { name, before: names };
    void done.then((is) => {
      if (!is) removal.current = null;
    });
  };
  return { rows, nothing, removed };
}
