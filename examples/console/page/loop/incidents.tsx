/** What went wrong lately, the newest first. */
import type { JSX } from "preact";

import type { Incident } from "../../feed.ts";
import { incidents } from "../feed/store.ts";
import { OwnerName } from "../parts/owner-name.tsx";
import { hashOf } from "../route.ts";
import { language, useTexts } from "../texts/texts.ts";

export function Incidents(): JSX.Element {
  const { incidents: says } = useTexts().loop;
  const known = incidents.value;
  return (
    <section class="card incidents" aria-labelledby="incidents-title">
      <h2 id="incidents-title">{says.title}</h2>
      {known.length === 0 ? (
        <p class="muted">{says.none}</p>
      ) : (
        <ol tabIndex={0} aria-labelledby="incidents-title">
          {known.map((incident) => (
            <IncidentRow key={incident.id} incident={incident} />
          ))}
        </ol>
      )}
    </section>
  );
}

function IncidentRow({ incident }: { readonly incident: Incident }): JSX.Element {
  const { incidents: says, fd: fdText } = useTexts().loop;
  const { kind, fd, owner, text, wallMs } = incident;
  const at = new Date(wallMs);
  return (
    <li>
      <time dateTime={at.toISOString()}>{at.toLocaleTimeString(language.value)}</time>
      <span class={`kind ${kind}`}>{says.kinds[kind]}</span>
      {owner === "" ? <span class="owner" /> : <OwnerName owner={owner} />}
      {fd === null ? (
        <span class="fd" />
      ) : (
        <a class="fd" href={hashOf("descriptors", String(fd))}>
          {fdText(fd)}
        </a>
      )}
      <span class="text">{text}</span>
    </li>
  );
}
