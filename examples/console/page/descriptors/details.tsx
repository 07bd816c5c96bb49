/** All that is known of one descriptor, beside the table. */
import { useSignal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

import type { DescriptorDetails, DescriptorRow } from "../../feed.ts";
import { ApiError, getJson } from "../api.ts";
import { ratesOf } from "../feed/rows.ts";
import { known as live, wallMsOf } from "../feed/store.ts";
import { formatAge, formatBytes, formatCount, formatRate } from "../format/numbers.ts";
import { Letters } from "../parts/letters.tsx";
import { OwnerName } from "../parts/owner-name.tsx";
import { QueueBar } from "../parts/queue-bar.tsx";
import { hashOf } from "../route.ts";
import { language, useTexts, type Texts } from "../texts/texts.ts";
import { focusRow, GRID_ID } from "./grid.tsx";
import { modeOf } from "./letters.ts";
import { reasonText } from "./line.tsx";
import { paused } from "./view-state.ts";

/** The explanation is asked for again this often; the rest comes with the feed. */
const ASK_EVERY_MS = 2000;

const NO_RATES = { in: 0, out: 0 };

type Told = DescriptorDetails | "asking" | "gone" | "unreachable";

export function Details({ fd }: { readonly fd: number }): JSX.Element {
  const texts = useTexts();
  const { details: says } = texts.descriptors;
  const told = useTold(fd);
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => title.current?.focus(), [fd]);
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.key === "Escape") close(fd);
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, [fd]);
  const { rows } = live.value;
  const row = told === "gone" ? undefined : rows.get(fd);
  const known = paused.value && typeof told === "object" ? told : (row?.descriptor ?? told);
  return (
    <aside class="details card" aria-labelledby="details-title">
      <header>
        <h2 id="details-title" tabIndex={-1} ref={title}>
          {says.title(fd)}
        </h2>
        <button type="button" onClick={() => close(fd)} title={says.closeHint}>
          {says.close}
        </button>
      </header>
      {typeof known !== "object" ? (
        <p class="muted">{says[known]}</p>
      ) : (
        <>
          {typeof told === "object" ? <p class="explanation">{told.explanation}</p> : null}
          <Facts
            descriptor={known}
            handler={typeof told === "object" ? told.handler : null}
            rates={row === undefined ? NO_RATES : ratesOf(row, rows.nowMs)}
            nowMs={rows.nowMs}
            texts={texts}
          />
        </>
      )}
    </aside>
  );
}

/** Gives the focus back to where it came from. */
function close(fd: number): void {
  location.hash = hashOf("descriptors");
  const grid = document.getElementById(GRID_ID);
  if (grid === null) return;
  const row =
    grid.querySelector<HTMLElement>(`[data-fd="${fd}"]`) ??
    grid.querySelector<HTMLElement>('[tabindex="0"]');
  if (row !== null) focusRow(grid, Number(row.dataset.fd));
}

function useTold(fd: number): Told {
  const told = useSignal<Told>("asking");
  useEffect(() => {
    told.value = "asking";
    const abort = new AbortController();
    const ask = async (): Promise<void> => {
      try {
        told.value = await getJson<DescriptorDetails>(`/api/descriptors/${fd}`, abort.signal);
      } catch (error) {
        if (abort.signal.aborted) return;
        if (!(error instanceof ApiError)) throw error;
        if (error.status === 404) told.value = "gone";
        else if (typeof told.peek() !== "object") told.value = "unreachable";
      }
    };
    void ask();
    const timer = setInterval(() => {
      if (!document.hidden && !paused.peek() && told.peek() !== "gone") void ask();
    }, ASK_EVERY_MS);
    return () => {
      clearInterval(timer);
      abort.abort();
    };
  }, [fd]);
  return told.value;
}

interface FactsProps {
  readonly descriptor: DescriptorRow;
  readonly handler: string | null;
  readonly rates: { readonly in: number; readonly out: number };
  /** On the reactor's clock. */
  readonly nowMs: number;
  readonly texts: Texts;
}

function Facts({ descriptor, handler, rates, nowMs, texts }: FactsProps): JSX.Element {
  const says = texts.descriptors;
  const { names } = says.details;
  const { interest, arming, openedAt } = descriptor;
  const opened = new Date(wallMsOf(openedAt)).toLocaleString(language.value);
  return (
    <dl class="facts">
      <Fact name={names.state}>{says.circumstances[descriptor.state]}</Fact>
      {descriptor.error === null ? null : <Fact name={names.error}>{descriptor.error}</Fact>}
      <Fact name={says.columns.kind}>{says.kinds[descriptor.kind]}</Fact>
      <Fact name={says.columns.owner}>
        <OwnerName owner={descriptor.owner} />
      </Fact>
      <Fact name={names.local}>{descriptor.local ?? "–"}</Fact>
      <Fact name={says.columns.peer}>{descriptor.peer ?? "–"}</Fact>
      <Fact name={says.columns.interest}>
        {interest === null ? (
          says.notRegistered
        ) : (
          <>
            <Letters mask={interest} /> {says.modes[modeOf(interest)]}
            {arming === null ? null : `, ${says.armings[arming]}`}
          </>
        )}
      </Fact>
      <Fact name={says.columns.ready}>
        <Letters mask={descriptor.ready} />
      </Fact>
      <Fact name={says.columns.reading}>{reasonText(descriptor.reading, texts)}</Fact>
      <Fact name={says.columns.writing}>{reasonText(descriptor.writing, texts)}</Fact>
      <Fact name={says.columns.bytesIn}>{withRate(descriptor.bytesIn, rates.in)}</Fact>
      <Fact name={says.columns.bytesOut}>{withRate(descriptor.bytesOut, rates.out)}</Fact>
      <Fact name={descriptor.kind === "listener" ? names.waiting : names.unread}>
        {descriptor.kind === "listener"
          ? formatCount(descriptor.unread)
          : formatBytes(descriptor.unread)}
      </Fact>
      <Fact name={says.columns.queued}>
        <QueueBar descriptor={descriptor} />
      </Fact>
      <Fact name={names.dispatches}>{formatCount(descriptor.dispatches)}</Fact>
      <Fact name={says.columns.waited}>{formatCount(descriptor.waitedTurns)}</Fact>
      <Fact name={says.columns.age}>
        {`${formatAge(nowMs - openedAt, texts.units)} (${opened})`}
      </Fact>
      {handler === null ? null : <Fact name={names.handler}>{handler}</Fact>}
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: ComponentChildren }): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function withRate(bytes: number, rate: number): string {
  return rate > 0 ? `${formatBytes(bytes)} (${formatRate(rate)})` : formatBytes(bytes);
}
