/** The filter and the order of the table, as text that outlasts the page. */
import {
  CIRCUMSTANCES,
  COLUMNS,
  FIRST_ORDER,
  KINDS,
  NO_FILTER,
  type Filter,
  type Order,
} from "./selection.ts";

export interface View {
  readonly filter: Filter;
  readonly order: Order;
}

export function textOfView({ filter, order }: View): string {
  return JSON.stringify({ filter, order });
}

/** What is not there, or is none, is as it is at first: another version may have written it. */
export function viewOf(text: string | null): View {
  let kept: Partial<Record<keyof Filter | keyof Order, unknown>> = {};
  try {
    const { filter, order } = JSON.parse(text ?? "{}") as Record<string, object | undefined>;
    kept = { ...filter, ...order };
  } catch {
    // It is no text of ours.
  }
  const { text: words, owner, kind, circumstance, column, descending } = kept;
  return {
    filter: {
      text: typeof words === "string" ? words : NO_FILTER.text,
      owner: typeof owner === "string" ? owner : NO_FILTER.owner,
      kind: oneOf(KINDS, kind) ?? NO_FILTER.kind,
      circumstance: oneOf(CIRCUMSTANCES, circumstance) ?? NO_FILTER.circumstance,
    },
    order: {
      column: oneOf(COLUMNS, column) ?? FIRST_ORDER.column,
      descending: descending === true,
    },
  };
}

function oneOf<T>(choices: readonly T[], value: unknown): T | null {
  return choices.find((choice) => choice === value) ?? null;
}
