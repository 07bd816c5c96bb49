/** The turn in a sentence and in a picture: who was ready, who was called, and for how long. */
import type { JSX } from "preact";
import { useComputed } from "@preact/signals";

import type { TurnPicture } from "../../feed.ts";
import { formatCount, formatMs } from "../format/numbers.ts";
import { known, load } from "../feed/store.ts";
import { Letters } from "../parts/letters.tsx";
import { Marked } from "../parts/marked.tsx";
import { OwnerName } from "../parts/owner-name.tsx";
import { PauseButton } from "../parts/pause-button.tsx";
import { markOf } from "../owners.ts";
import { hashOf } from "../route.ts";
import { useTexts } from "../texts/texts.ts";
import { Explained } from "./explained.tsx";
import { barsOf, calledIn, restOf, type CallBar } from "./turn-layout.ts";
import { heldTurn, holdTurn, lines, recentTurns, shownTurn, stepTurn } from "./turn-state.ts";
import { WaitingField } from "./waiting-field.tsx";

export function TurnCard(): JSX.Element {
  const { loop } = useTexts();
  const shown = shownTurn();
  const waiting = load.value?.registered ?? known.value.rows.size;
  return (
    <section class="card turn" aria-labelledby="turn-title">
      <div class="turn-head">
        <p class="sentence">
          {shown === null ? (
            <Marked text={loop.waits(waiting)} />
          ) : (
            <Marked text={loop.sentence(waiting, shown.ready, calledIn(shown))} />
          )}
        </p>
        <TurnControls />
      </div>
      <Explained />
      <div class="turn-picture">
        <div class="step">
          <h2>{loop.whoWaits}</h2>
          <WaitingField />
        </div>
        <div class="step">
          <h2 id="turn-title">{loop.whoIsCalled}</h2>
          {shown === null ? <p class="muted">{loop.noTurn}</p> : <Calls turn={shown} />}
        </div>
      </div>
    </section>
  );
}

function TurnControls(): JSX.Element {
  const { loop } = useTexts();
  const paused = useComputed(() => heldTurn.value !== null);
  const recent = recentTurns.value;
  const index = recent.findIndex((one) => one === shownTurn());
  return (
    <div class="turn-controls">
      <button
        type="button"
        onClick={() => stepTurn(-1)}
        disabled={index <= 0}
        aria-label={loop.earlier}
        title={loop.earlier}
      >
        ‹
      </button>
      <button
        type="button"
        onClick={() => stepTurn(1)}
        disabled={!paused.value || index === recent.length - 1}
        aria-label={loop.later}
        title={loop.later}
      >
        ›
      </button>
      <PauseButton
        paused={paused}
        onToggle={() => holdTurn(paused.value ? null : (recent.at(-1) ?? null))}
      />
    </div>
  );
}

function Calls({ turn }: { readonly turn: TurnPicture }): JSX.Element {
  const { loop } = useTexts();
  const bars = barsOf(turn);
  return (
    <>
      <p class="turn-line muted">
        <span>{loop.turnNumber(formatCount(turn.turn))}</span>
        <span>
          {turn.more > 0 ? `${loop.more(turn.more)} · ` : null}
          {formatMs(turn.ms)}
        </span>
      </p>
      <ol
        class="calls"
        tabIndex={0}
        aria-label={loop.calls(calledIn(turn))}
        style={{ "--lines": lines.value }}
      >
        {bars.map((bar, index) => (
          <CallRow key={index} bar={bar} />
        ))}
        <RestRow turn={turn} />
      </ol>
    </>
  );
}

function CallRow({ bar }: { readonly bar: CallBar }): JSX.Element {
  const { loop } = useTexts();
  const { call, from, width } = bar;
  return (
    <li>
      <a href={hashOf("descriptors", String(call.fd))}>
        <span class="fd">{call.fd}</span>
        <OwnerName owner={call.owner} />
        <Letters mask={call.ready} />
        <span class="handler">{call.handler}</span>
        <span class={`track owner-${markOf(call.owner).colour}`}>
          <span style={{ left: `${from * 100}%`, width: `${width * 100}%` }} />
        </span>
        <span class="ms">
          <span class="unseen">{loop.ran}</span> {formatMs(call.ms)}
        </span>
      </a>
    </li>
  );
}

/** What of the turn was no call: so that the bars tell where all of it went. */
function RestRow({ turn }: { readonly turn: TurnPicture }): JSX.Element {
  const { loop } = useTexts();
  const { ms, from } = restOf(turn);
  return (
    <li class="rest">
      <span class="what">{turn.more > 0 ? loop.restAndMore : loop.rest}</span>
      <span class="track">
        <span style={{ left: `${from * 100}%`, width: `${(1 - from) * 100}%` }} />
      </span>
      <span class="ms">{formatMs(ms)}</span>
    </li>
  );
}
