/** docs/file-client.md: codes and limits are those of the program. */
import { expect, it } from "vitest";

import { flagOf } from "../../examples/program/flags.ts";
import { FAILURES } from "../../examples/ftp/client/failure.ts";
import { HELP, LIMITS } from "../../examples/ftp/client/flags.ts";
import { proseOf, tableBelow } from "./markdown.ts";

const FILE = "docs/file-client.md";

/** Without the marks of code. */
function tableUnder(heading: string): string[][] {
  return tableBelow(FILE, heading).map((row) => row.map((cell) => cell.replaceAll("`", "")));
}

it("every exit code is in the table, and nothing else", () => {
  const codes = Object.entries(FAILURES).map(([kind, [code, meaning]]) => [
    ...[String(code), kind, meaning],
  ]);
  expect(tableUnder("Exit codes")).toEqual(codes);
});

it("no two failures have the same code, and none has that of success or of Node's own failures", () => {
  const codes = Object.values(FAILURES).map(([code]) => code);
  expect(new Set(codes).size).toBe(codes.length);
  expect(codes.filter((code) => code < 2 || code > 255)).toEqual([]);
});

it("every limit is in the table, with its default", () => {
  const limits = Object.entries(LIMITS).map(([limit, [usual, , , does]]) => [
    ...[`--${flagOf(limit)}`, String(usual), does],
  ]);
  expect(tableUnder("Limits")).toEqual(limits);
});

it("every flag of the help is told of", () => {
  const text = proseOf(FILE);
  const flags = [...HELP.matchAll(/--[a-z-]{3,}/g)].map(([flag]) => flag);
  expect(flags.filter((flag) => !text.includes(flag) && flag !== "--help")).toEqual([]);
});
