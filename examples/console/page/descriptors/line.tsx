/** A row of the table. */
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";

import type { DescriptorRow } from "../../feed.ts";
import { ratesOf, type Row } from "../feed/rows.ts";
import { formatAge, formatBytes, formatCount, formatRate } from "../format/numbers.ts";
import { Letters } from "../parts/letters.tsx";
import { OwnerName } from "../parts/owner-name.tsx";
import { QueueBar } from "../parts/queue-bar.tsx";
import { hashOf } from "../route.ts";
import { useTexts, type Texts } from "../texts/texts.ts";
import { modeOf } from "./letters.ts";
import { COLUMNS, type Column } from "./selection.ts";
import { shownMs } from "./view-state.ts";

interface LineProps {
  readonly row: Row;
  readonly index: number;
  /** Pixels from the top of the table. */
  readonly top: number;
  readonly isActive: boolean;
  readonly isChosen: boolean;
  /** 0 or 1: it has just changed; two names let the same animation begin again. Null: it has not. */
  readonly flash: number | null;
  readonly onFocus: () => void;
}

export function DescriptorLine(props: LineProps): JSX.Element {
  const { row, index, top, isActive, isChosen, flash, onFocus } = props;
  const texts = useTexts();
  const { fd, state, error } = row.descriptor;
  const open = (): void => {
    location.hash = hashOf("descriptors", String(fd));
  };
  // The same cells are not looked at again: scrolling moves rows and changes none.
  const cells = useMemo(
    () =>
      COLUMNS.map((column, place) => (
        <div key={column} role="gridcell" class={column} aria-colindex={place + 1}>
          {CELLS[column](row, texts)}
        </div>
      )),
    [row, texts, shownMs.value],
  );
  const isBad = state === "failed" || error !== null;
  return (
    <div
      role="row"
      class={`line${isBad ? " bad" : ""}${flash === null ? "" : ` flash-${flash}`}`}
      data-fd={fd}
      aria-rowindex={index + 2}
      aria-selected={isChosen}
      tabIndex={isActive ? 0 : -1}
      style={{ transform: `translateY(${top}px)` }}
      onFocus={onFocus}
      onClick={open}
      onKeyDown={(event) => {
        if (event.key !== "Enter") return;
        event.preventDefault();
        open();
      }}
    >
      {cells}
    </div>
  );
}

type Cell = (row: Row, texts: Texts) => JSX.Element | string | number;

const CELLS: Record<Column, Cell> = {
  fd: ({ descriptor }) => descriptor.fd,
  kind: ({ descriptor }, texts) => <Kind descriptor={descriptor} texts={texts} />,
  peer: ({ descriptor }, texts) => <Peer descriptor={descriptor} texts={texts} />,
  owner: ({ descriptor }) => <OwnerName owner={descriptor.owner} />,
  interest: ({ descriptor }, texts) => <Interest descriptor={descriptor} texts={texts} />,
  ready: ({ descriptor }, texts) => (
    <>
      <span class="label">{texts.descriptors.columns.ready}</span>
      <Letters mask={descriptor.ready} />
    </>
  ),
  bytesIn: (row) => moved(row.descriptor.bytesIn, ratesOf(row, shownMs.value).in),
  bytesOut: (row) => moved(row.descriptor.bytesOut, ratesOf(row, shownMs.value).out),
  queued: ({ descriptor }) => <QueueBar descriptor={descriptor} />,
  waited: ({ descriptor: { waitedTurns } }) =>
    waitedTurns === 0 ? <span class="none">0</span> : <strong>{formatCount(waitedTurns)}</strong>,
  age: ({ descriptor }, texts) => formatAge(shownMs.value - descriptor.openedAt, texts.units),
  reading: ({ descriptor }, texts) => <Reason word={descriptor.reading} texts={texts} />,
  writing: ({ descriptor }, texts) => <Reason word={descriptor.writing} texts={texts} />,
};

interface CellProps {
  readonly descriptor: DescriptorRow;
  readonly texts: Texts;
}

function Kind({ descriptor: { kind, state }, texts }: CellProps): JSX.Element {
  const { kinds, circumstances } = texts.descriptors;
  return (
    <>
      {kinds[kind]}
      {state === "open" ? null : <span class={`badge ${state}`}>{circumstances[state]}</span>}
    </>
  );
}

/** Who has no peer is known by where it listens. */
function Peer({ descriptor: { peer, local }, texts }: CellProps): JSX.Element {
  const text = peer ?? local ?? "–";
  return (
    <span title={text}>
      {peer === null && local !== null ? <span class="muted">{texts.descriptors.at} </span> : null}
      {text}
    </span>
  );
}

function Interest({ descriptor: { interest }, texts }: CellProps): JSX.Element {
  const { modes, notRegistered } = texts.descriptors;
  if (interest === null) return <span class="muted">{notRegistered}</span>;
  const mode = modeOf(interest);
  return (
    <>
      <span class="label">{texts.descriptors.columns.interest}</span>
      <Letters mask={interest} />
      {mode === "level" ? null : <span class="mode">{modes[mode]}</span>}
    </>
  );
}

function moved(bytes: number, rate: number): JSX.Element {
  return (
    <>
      <span class={bytes === 0 ? "none" : undefined}>{formatBytes(bytes)}</span>
      <span class="rate">{rate > 0 ? formatRate(rate) : ""}</span>
    </>
  );
}

function Reason({ word, texts }: { readonly word: string; readonly texts: Texts }): JSX.Element {
  return <span class={word === "ready" ? "is-ready" : "why"}>{reasonText(word, texts)}</span>;
}

/** A reason in the reader's language; one that is new to the page, as it came. */
export function reasonText(word: string, texts: Texts): string {
  const known: Readonly<Record<string, string>> = texts.descriptors.reasons;
  return known[word] ?? word;
}
