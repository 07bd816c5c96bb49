/** The counters and gauges, as text. */
import type { JSX } from "preact";

import type { Load } from "../../feed.ts";
import { load } from "../feed/store.ts";
import { formatBytes, formatCount, formatRate } from "../format/numbers.ts";
import { useTexts } from "../texts/texts.ts";

type FigureName = keyof ReturnType<typeof useTexts>["loop"]["figures"];

const FIGURES: readonly (readonly [
  FigureName,
  (now: Load) => string,
  ((now: Load) => boolean)?,
])[] = [
  ["open", (now) => formatCount(now.open)],
  ["registered", (now) => formatCount(now.registered)],
  ["timers", (now) => formatCount(now.timers)],
  ["bytesIn", (now) => formatRate(perSecond(now.bytesIn, now))],
  ["bytesOut", (now) => formatRate(perSecond(now.bytesOut, now))],
  ["buffered", (now) => formatBytes(now.bufferedBytes)],
  ["slow", (now) => formatCount(now.slowHandlers), (now) => now.slowHandlers > 0],
  ["spinning", (now) => formatCount(now.spinning), (now) => now.spinning > 0],
  ["refused", (now) => formatCount(now.refused), (now) => now.refused > 0],
  ["shed", (now) => formatCount(now.shed), (now) => now.shed > 0],
];

function perSecond(count: number, { forMs }: Load): number {
  return forMs > 0 ? (count * 1000) / forMs : 0;
}

export function Figures(): JSX.Element {
  const { figures } = useTexts().loop;
  const now = load.value;
  return (
    <dl class="card figures">
      {FIGURES.map(([name, format, isTrouble]) => (
        <div key={name} class={now !== null && isTrouble?.(now) === true ? "trouble" : undefined}>
          <dt>{figures[name]}</dt>
          <dd>{now === null ? "–" : format(now)}</dd>
        </div>
      ))}
    </dl>
  );
}
