/**
 * The table of descriptors. Only the rows that are seen, and the one with the focus, are in the
 * document; each stands at its place, so that 5,000 cost as much as 50.
 */
import { useSignal } from "@preact/signals";
import type { JSX, TargetedKeyboardEvent } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";

import type { Row } from "../feed/rows.ts";
import { route } from "../route.ts";
import { useTexts } from "../texts/texts.ts";
import { DescriptorLine } from "./line.tsx";
import { COLUMNS, type Column } from "./selection.ts";
import { order, shownLook, shownRows, sortBy } from "./view-state.ts";
import { scrollToSee, visibleRange } from "./visible-range.ts";

export const GRID_ID = "descriptors-grid";

/** Pixels; the style sheet has the same. Below the width a row is a card of more lines. */
const ROW_HEIGHT = { table: 30, card: 84 };
const CARD_BELOW = 720;

export function Grid(): JSX.Element {
  const { descriptors: says } = useTexts();
  const scroller = useRef<HTMLDivElement>(null);
  const scrollTop = useSignal(0);
  const size = useSignal({ width: 1200, height: 600 });
  const active = useSignal<number | null>(null);
  const shown = shownRows.value;
  const isCards = size.value.width < CARD_BELOW;
  const rowHeight = isCards ? ROW_HEIGHT.card : ROW_HEIGHT.table;
  const activeIndex = useActiveRow(active, shown, scroller);

  useSize(scroller, size);
  const onKeyDown = (event: TargetedKeyboardEvent<HTMLDivElement>): void => {
    const page = Math.max(1, Math.floor(size.peek().height / rowHeight) - 1);
    const next = indexAfter(event, activeIndex, page, shown.length);
    if (next === null) return;
    event.preventDefault();
    const box = scroller.current!;
    active.value = shown[next]!.descriptor.fd;
    box.scrollTop = scrollToSee(next, rowHeight, box.scrollTop, bodyHeight(box));
    focusRow(box, active.value);
  };

  const { first, end } = visibleRange(shown.length, rowHeight, scrollTop.value, size.value.height);
  const drawn = new Set<number>();
  for (let index = first; index < end; index += 1) drawn.add(index);
  if (activeIndex < shown.length) drawn.add(activeIndex);
  return (
    <div
      id={GRID_ID}
      class={isCards ? "grid cards" : "grid"}
      role="grid"
      aria-label={says.title}
      aria-rowcount={shown.length + 1}
      aria-colcount={COLUMNS.length}
      ref={scroller}
      onScroll={(event) => (scrollTop.value = event.currentTarget.scrollTop)}
    >
      <Heads />
      <div
        role="rowgroup"
        class="rows"
        style={{ height: `${shown.length * rowHeight}px` }}
        onKeyDown={onKeyDown}
      >
        {[...drawn].map((index) => {
          const row = shown[index]!;
          const { fd } = row.descriptor;
          return (
            <DescriptorLine
              key={fd}
              row={row}
              index={index}
              top={index * rowHeight}
              isActive={index === activeIndex}
              isChosen={route.value.rest === String(fd)}
              flash={row.look === shownLook.value && row.look > 0 ? row.look % 2 : null}
              onFocus={() => (active.value = fd)}
            />
          );
        })}
      </div>
      {shown.length === 0 ? <p class="muted nothing">{says.nothingFound}</p> : null}
    </div>
  );
}

/** One button each; the arrow shows the order, `aria-sort` says it. */
function Heads(): JSX.Element {
  const { columns, columnNotes } = useTexts().descriptors;
  const { column: chosen, descending } = order.value;
  const sortOf = (column: Column): "ascending" | "descending" | "none" => {
    if (column !== chosen) return "none";
    return descending ? "descending" : "ascending";
  };
  return (
    <div role="rowgroup" class="heads">
      <div role="row" aria-rowindex={1}>
        {COLUMNS.map((column) => (
          <div key={column} role="columnheader" class={column} aria-sort={sortOf(column)}>
            <button type="button" title={columnNotes[column]} onClick={() => sortBy(column)}>
              {columns[column]}
              <span aria-hidden="true">{arrowOf(column === chosen, descending)}</span>
            </button>
          </div>
        ))}
      </div>
    </div>
  );
}

function arrowOf(isChosen: boolean, descending: boolean): string {
  if (!isChosen) return "";
  return descending ? " ↓" : " ↑";
}

/** Which row the keys are at. If it goes away while it has the focus, its neighbour takes over. */
function useActiveRow(
  active: { value: number | null },
  shown: readonly Row[],
  scroller: { readonly current: HTMLDivElement | null },
): number {
  const lastIndex = useRef(0);
  const hadFocus = useRef(false);
  hadFocus.current = scroller.current?.contains(document.activeElement) ?? false;
  const found = shown.findIndex(({ descriptor }) => descriptor.fd === active.value);
  const index = found >= 0 ? found : Math.max(0, Math.min(lastIndex.current, shown.length - 1));
  lastIndex.current = index;
  useLayoutEffect(() => {
    if (!hadFocus.current || scroller.current!.contains(document.activeElement)) return;
    const row = shown[index];
    if (row !== undefined) focusRow(scroller.current!, row.descriptor.fd);
  });
  return index;
}

function useSize(
  scroller: { readonly current: HTMLDivElement | null },
  size: { value: { width: number; height: number } },
): void {
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      const { width, height } = entry!.contentRect;
      size.value = { width, height };
    });
    observer.observe(scroller.current!);
    return () => observer.disconnect();
  }, []);
}

/** The heads stay above the rows and take from the height. */
function bodyHeight(box: HTMLElement): number {
  return box.clientHeight - (box.firstElementChild?.clientHeight ?? 0);
}

/** After a key, or null: the key is not ours. */
function indexAfter(
  event: KeyboardEvent,
  index: number,
  page: number,
  count: number,
): number | null {
  if (event.ctrlKey || event.altKey || event.metaKey || count === 0) return null;
  const steps: Record<string, number> = {
    ArrowDown: index + 1,
    ArrowUp: index - 1,
    PageDown: index + page,
    PageUp: index - page,
    Home: 0,
    End: count - 1,
  };
  const next = steps[event.key];
  return next === undefined ? null : Math.max(0, Math.min(count - 1, next));
}

/** Once it is in the document: the row that is asked for is drawn with the next render. */
export function focusRow(grid: HTMLElement, fd: number): void {
  requestAnimationFrame(() => {
    grid.querySelector<HTMLElement>(`[data-fd="${fd}"]`)?.focus({ preventScroll: true });
  });
}
