/** Of many rows of the same height, which are to be drawn. */

export interface VisibleRange {
  readonly first: number;
  /** Behind the last. */
  readonly end: number;
}

/** Rows above and below what is seen, so that a quick scroll finds something. */
const SPARE = 8;

export function visibleRange(
  count: number,
  rowHeight: number,
  scrollTop: number,
  height: number,
): VisibleRange {
  const first = Math.floor(scrollTop / rowHeight) - SPARE;
  const end = Math.ceil((scrollTop + height) / rowHeight) + SPARE;
  // The table may just have become shorter than where it is scrolled to.
  const clampedEnd = Math.min(count, Math.max(0, end));
  return { first: Math.max(0, Math.min(first, clampedEnd)), end: clampedEnd };
}

/** Where to scroll so that a row is seen whole; as it is if it is already. */
export function scrollToSee(
  index: number,
  rowHeight: number,
  scrollTop: number,
  height: number,
): number {
  const top = index * rowHeight;
  if (top < scrollTop) return top;
  return Math.max(scrollTop, top + rowHeight - height);
}
