/** docs/console.md: flags, options, fields and limits of logins are those of the sources. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { SECURITY_FIELDS } from "../../examples/console/guard.ts";
import { HELP, LIMITS, readSettings } from "../../examples/one-loop/flags.ts";
import { flagOf } from "../../examples/program/flags.ts";
import { root, tableBelow } from "./markdown.ts";

const FILE = "docs/console.md";

const codesIn = (cell: string): string[] => {
  return [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1]!);
};

describe(FILE, () => {
  it("has all flags of npm start, and no others", () => {
    const rows = tableBelow(FILE, "Flags of `npm start`");
    const told = rows.flatMap(([flags]) => flags!.match(/--[\w-]+/g) ?? []);
    const flags = [...HELP.matchAll(/(?<=^ {2}(?:.* )?)--[\w-]+/gm)].map(([flag]) => flag);
    const known = new Set(flags.filter((flag) => !["--help", "--new-user"].includes(flag)));
    expect(told.sort()).toEqual([...known].sort());
  });

  it("has the limits among them with their defaults, and the usual ports", () => {
    const usual = readSettings([])!;
    const rows = new Map(
      tableBelow(FILE, "Flags of `npm start`").map(([flag, , value]) => [
        codesIn(flag!)[0],
        value!,
      ]),
    );
    for (const [limit, [value]] of Object.entries(LIMITS)) {
      expect([limit, rows.get(`--${flagOf(limit)} N`)]).toEqual([limit, `${value}`]);
    }
    for (const { flag, port } of [usual.http, usual.chat, usual.ftp]) {
      expect(rows.get(`--${flag} N`)).toContain(`${port}, or`);
    }
  });

  it("has all options of inspect()", () => {
    const source = readFileSync(join(root, "examples/console/inspect.ts"), "utf8");
    const options = /interface InspectOptions \{(.*?)\n\}/s.exec(source)![1]!;
    const names = [...options.matchAll(/^ {2}readonly (\w+)\??:/gm)].map((match) => match[1]!);
    expect(tableBelow(FILE, "`inspect()`").map(([name]) => codesIn(name!)[0])).toEqual(names);
  });

  it("has the fields of every answer", () => {
    const text = readFileSync(join(root, FILE), "utf8");
    for (const [name, value] of SECURITY_FIELDS) {
      const row = text.split("\n").find((line) => line.startsWith(`| \`${name}\``));
      expect(codesIn(row ?? name).slice(0, 2)).toEqual([name, value]);
    }
  });

  it("has each limit of logins with its value", async () => {
    const rows = tableBelow(FILE, "Limits of logins");
    expect(rows.length).toBeGreaterThan(5);
    for (const [, value, name, link] of rows) {
      const path = /\]\(\.\.\/(.*?)\)/.exec(link!)![1]!;
      const module = (await import(join(root, path))) as Record<string, unknown>;
      expect([name, module[codesIn(name!)[0]!]]).toEqual([name, Number(value)]);
    }
  });
});
