/** The page of the HTTP server: its tables are those of the sources. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { expect, test } from "vitest";

import { DEFAULT_PROTOCOL_LIMITS } from "../../examples/http/http-limits.ts";
import { HELP, LIMITS, limitsOf, readSettings } from "../../examples/http/server/flags.ts";
import { DEFAULT_HTTP_LIMITS } from "../../examples/http/server/limits.ts";
import * as events from "../../examples/http/server/served-event-stream.ts";
import { flagOf } from "../../examples/program/flags.ts";
import { readDocument, root, tableBelow } from "./markdown.ts";

const PAGE = "docs/http-server.md";

const limits: readonly (readonly [string, unknown])[] = Object.entries(DEFAULT_HTTP_LIMITS);
const own = limits.filter(([name]) => !Object.hasOwn(DEFAULT_PROTOCOL_LIMITS, name));

test("the limits are those of the server, with their defaults", () => {
  const rows = tableBelow(PAGE, "Times and limits").map((cells) => {
    return [cells[0]!, Number(cells[1])];
  });
  expect(rows).toEqual(own.map(([name, value]) => [`\`${name}\``, value]));
});

test("each limit has a test of that name", () => {
  const rows = tableBelow(PAGE, "The tests of these limits");
  expect(rows.map(([name]) => name)).toEqual(own.map(([name]) => `\`${name}\``));
  for (const [limit, test] of rows) {
    const [, path, name] = /\]\((.*?)\): (.*)$/.exec(test!)!;
    expect(readFileSync(join(root, "docs", path!), "utf8"), limit).toContain(name);
  }
});

test("the flags set these limits, with the same defaults", () => {
  const settings = readSettings(["--echo"])!;
  expect(DEFAULT_HTTP_LIMITS).toMatchObject(limitsOf(settings));
  const named = Object.keys(limitsOf(settings));
  expect(own.map(([name]) => name).filter((name) => !named.includes(name))).toEqual([]);
  for (const name of Object.keys(LIMITS)) expect(HELP).toContain(`  --${flagOf(name)} N`);
});

test("the numbers of events are those of the sources", () => {
  const text = readDocument(PAGE).replaceAll(/\s+/g, " ");
  expect(text).toContain(`\`heartBeatMs\` (${events.HEART_BEAT_MS.toLocaleString("en")})`);
  const bytes = events.MAX_WAITING_EVENT_BYTES.toLocaleString("en");
  expect(text).toContain(`\`maxWaitingBytes\` (${bytes})`);
});
