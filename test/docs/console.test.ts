/** docs/console.md: limits, routes, fields and metrics are those of the sources. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { createReactor } from "iomux";

import { rowOf } from "../../examples/console/descriptor-row.ts";
import { Metrics } from "../../examples/console/metrics.ts";
import { root, tableBelow } from "./markdown.ts";

const FILE = "docs/console.md";

function codesIn(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1]!);
}

describe(FILE, () => {
  it("has each limit with its value", async () => {
    for (const [, value, name, link] of tableBelow(FILE, "Its limits")) {
      const path = /\]\(\.\.\/(.*?)\)/.exec(link!)![1]!;
      const module = (await import(join(root, path))) as Record<string, unknown>;
      expect([name, module[codesIn(name!)[0]!]]).toEqual([name, Number(value)]);
    }
  });

  it("has the fields of a row, in their order", async () => {
    const reactor = createReactor();
    const listener = await reactor.listen({ port: 0 });
    const fields = tableBelow(FILE, "A descriptor").flatMap(([names]) => codesIn(names!));
    expect(fields).toEqual(Object.keys(rowOf(reactor, listener)));
    await reactor.close();
  });

  it("has the events of the feed", () => {
    const types = readFileSync(join(root, "examples/console/feed.ts"), "utf8");
    const events = /interface FeedEvents \{(.*?)\}/s.exec(types)![1]!;
    const names = [...events.matchAll(/readonly (\w+):/g)].map((match) => match[1]!);
    const told = tableBelow(FILE, "The feed").map(([name]) => codesIn(name!)[0]!);
    expect(told.sort()).toEqual(names.sort());
  });

  it("names metrics that there are", async () => {
    const text = await new Metrics(createReactor()).text();
    const told = tableBelow(FILE, "Metrics").flatMap(([names]) => codesIn(names!));
    expect(told.length).toBeGreaterThan(5);
    for (const name of told) {
      expect([name, text.includes(`# HELP ${name.replace(/\{.*/, "")} `)]).toEqual([name, true]);
    }
  });

  it("names routes that there are", () => {
    const routes = readFileSync(join(root, "examples/console/feed-routes.ts"), "utf8");
    const there = [...routes.matchAll(/routes\.get\("(.*?)"/g)].map((match) => `GET ${match[1]!}`);
    expect(tableBelow(FILE, "API").map(([route]) => codesIn(route!)[0])).toEqual(
      expect.arrayContaining(there),
    );
  });
});
