/** What the page of the HTTP server says of the protocol is what its sources say. */
import { describe, expect, test } from "vitest";

import { DEFAULT_PROTOCOL_LIMITS, type ProtocolLimits } from "../../examples/http/http-limits.ts";
import { REFUSALS, type RefusalCode } from "../../examples/http/refusal.ts";
import { ANSWER_STATES, REQUEST_STATES } from "../../examples/http/state.ts";
import { blocksOf, tableBelow } from "./markdown.ts";

const PAGE = "docs/http-server.md";

type Table = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** As Mermaid has it: an arrow for each event. */
function diagramOf(table: Table): string {
  const [first] = Object.keys(table);
  const lines = Object.entries(table).flatMap(([state, events]) => {
    const arrows = Object.entries(events);
    if (arrows.length === 0) return [`${state} --> [*]`];
    return arrows.map(([event, next]) => `${state} --> ${next}: ${event}`);
  });
  return ["stateDiagram-v2", `[*] --> ${first}`, ...lines].join("\n    ") + "\n";
}

describe("the diagram is made from the table", () => {
  test.each([
    ["request", REQUEST_STATES],
    ["answer", ANSWER_STATES],
  ])("%s", (name, table) => {
    const shown = blocksOf(PAGE).find(({ mark }) => mark === `states: ${name}`)!;
    expect(shown.info).toBe("mermaid");
    expect(shown.text).toBe(diagramOf(table));
  });

  test.each([REQUEST_STATES, ANSWER_STATES])("every state is reached", (table: Table) => {
    const reached = new Set([Object.keys(table)[0]!]);
    // A set is iterated also over what is added meanwhile.
    for (const state of reached) {
      for (const next of Object.values(table[state]!)) reached.add(next);
    }
    expect([...reached].sort()).toEqual(Object.keys(table).sort());
  });
});

test("all that is refused is in the table, with its status, reason and source", () => {
  const rows = Object.values(REFUSALS).map(({ code, status, why, source }) => {
    return [`\`${code}\``, `${status}`, why, source];
  });
  expect(tableBelow(PAGE, "What is refused")).toEqual(rows);
});

/** What is beyond each limit. */
const BEYOND: Readonly<Record<keyof ProtocolLimits, RefusalCode>> = {
  maxEmptyLines: "empty-lines",
  maxMethodBytes: "method-too-long",
  maxTargetBytes: "target-too-long",
  maxHeadBytes: "head-too-large",
  maxFields: "too-many-fields",
  maxBodyBytes: "content-too-large",
  maxChunkLineBytes: "chunk-line-too-long",
  maxExtensionBytes: "extensions-too-large",
  maxTrailerBytes: "trailers-too-large",
};

test("the limits of a request are those of the sources", () => {
  const told = tableBelow(PAGE, "Limits of a request").map(([name, value, , beyond]) => {
    return [name, value, beyond];
  });
  const rows = Object.entries(BEYOND).map(([name, code]) => {
    const value = DEFAULT_PROTOCOL_LIMITS[name as keyof ProtocolLimits]!;
    return [`\`${name}\``, value.toLocaleString("en"), `${REFUSALS[code].status}`];
  });
  expect(told).toEqual(rows);
});
