/** Search, choices, order on narrow screens, and the pause. */
import type { JSX } from "preact";

import { formatCount } from "../format/numbers.ts";
import { PauseButton } from "../parts/pause-button.tsx";
import { useTexts } from "../texts/texts.ts";
import { CIRCUMSTANCES, COLUMNS, KINDS, type Column, type Filter } from "./selection.ts";
import {
  filter,
  knownCount,
  order,
  owners,
  paused,
  setFilter,
  shownRows,
  sortBy,
  togglePause,
} from "./view-state.ts";

export function Toolbar(): JSX.Element {
  const { descriptors: says } = useTexts();
  const { text, owner, kind, circumstance } = filter.value;
  return (
    <div class="toolbar" role="search">
      <label class="search">
        <span class="unseen">{says.filter.text}</span>
        <input
          type="search"
          value={text}
          placeholder={says.filter.text}
          onInput={(event) => setFilter({ text: event.currentTarget.value })}
        />
      </label>
      <Choice
        label={says.filter.owner}
        any={says.filter.anyOwner}
        chosen={owner}
        options={owners.value.map((name) => [name, name === "" ? says.nobody : name])}
        onChoose={(chosen) => setFilter({ owner: chosen })}
      />
      <Choice
        label={says.filter.kind}
        any={says.filter.anyKind}
        chosen={kind}
        options={KINDS.map((name) => [name, says.kinds[name]])}
        onChoose={(chosen) => setFilter({ kind: chosen as Filter["kind"] })}
      />
      <Choice
        label={says.filter.state}
        any={says.filter.anyState}
        chosen={circumstance}
        options={CIRCUMSTANCES.map((name) => [name, says.circumstances[name]])}
        onChoose={(chosen) => setFilter({ circumstance: chosen as Filter["circumstance"] })}
      />
      <label class="narrow-only">
        <span class="unseen">{says.sortBy}</span>
        <select
          value={order.value.column}
          onChange={(event) => sortBy(event.currentTarget.value as Column)}
        >
          {COLUMNS.map((column) => (
            <option key={column} value={column}>
              {`${says.sortBy} ${says.columns[column]}`}
            </option>
          ))}
        </select>
      </label>
      <button
        type="button"
        class="narrow-only"
        aria-label={says.otherWayRound}
        title={says.otherWayRound}
        onClick={() => sortBy(order.peek().column)}
      >
        {order.value.descending ? "↓" : "↑"}
      </button>
      <p class="count" role="status">
        {says.count(formatCount(shownRows.value.length), formatCount(knownCount.value))}
      </p>
      <PauseButton paused={paused} onToggle={togglePause} />
    </div>
  );
}

interface ChoiceProps {
  readonly label: string;
  readonly any: string;
  readonly chosen: string | null;
  readonly options: readonly (readonly [value: string, text: string])[];
  readonly onChoose: (chosen: string | null) => void;
}

/** The first option is "any". Values are told apart by their place: an owner may be empty. */
function Choice({ label, any, chosen, options, onChoose }: ChoiceProps): JSX.Element {
  const index = options.findIndex(([value]) => value === chosen);
  return (
    <label>
      <span class="unseen">{label}</span>
      <select
        value={String(index)}
        onChange={(event) => onChoose(options[Number(event.currentTarget.value)]?.[0] ?? null)}
      >
        <option value="-1">{any}</option>
        {options.map(([value, text], place) => (
          <option key={value} value={String(place)}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}
