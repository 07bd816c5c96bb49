import { expect, it } from "vitest";

import type { Descriptor } from "iomux";

import type { Entry } from "../../src/registration.ts";
import { Registry } from "../../src/registry.ts";

function entry(fd: number): Entry {
  const descriptor = { fd } as Descriptor;
  return { fd, active: true, descriptor } as unknown as Entry;
}

function filled(): { registry: Registry; entries: Entry[]; open: Map<number, Descriptor> } {
  const registry = new Registry();
  const entries = [1, 2, 5].map(entry);
  for (const each of entries) registry.add(each);
  const open = new Map(entries.map(({ fd, descriptor }) => [fd, descriptor as Descriptor]));
  return { registry, entries, open };
}

it("finds by fd, and forgets", () => {
  const { registry, entries } = filled();
  expect(registry.size).toBe(3);
  expect(registry.get(5)).toBe(entries[2]);
  expect(registry.get(3)).toBeUndefined();
  expect([...registry.entries()]).toEqual(entries);
  expect(registry.remove(entries[1]!)).toBe(true);
  expect(registry.remove(entries[1]!)).toBe(false);
  expect([...registry.entries()]).toEqual([entries[0], entries[2]]);
});

it("H1: an old entry cannot take out the one that has its fd now", () => {
  const registry = new Registry();
  const [old, young] = [entry(7), entry(7)];
  registry.add(old);
  registry.remove(old);
  registry.add(young);
  expect(registry.remove(old)).toBe(false);
  expect(registry.get(7)).toBe(young);
});

it("the view is live and offers nothing that changes it", () => {
  const { registry, entries } = filled();
  const { view } = registry;
  expect(view.size).toBe(3);
  registry.remove(entries[0]!);
  expect([...view.keys()]).toEqual([2, 5]);
  expect([...view.values()]).toEqual([entries[1], entries[2]]);
  expect([...view.entries()]).toEqual([...view]);
  expect(view.get(2)).toBe(entries[1]);
  expect(view.has(1)).toBe(false);
  const seen: [number, unknown][] = [];
  view.forEach((value, key, map) => {
    expect(map).toBe(view);
    seen.push([key, value]);
  });
  expect(seen).toEqual([...view]);
  for (const change of ["set", "delete", "clear"]) expect(change in view).toBe(false);
});

it("assertInvariants sees what is stale or not open", () => {
  const { registry, entries, open } = filled();
  registry.assertInvariants(open);
  const check = () => () => {
    registry.assertInvariants(open);
  };
  entries[0]!.active = false;
  expect(check()).toThrow("fd 1 is stale");
  entries[0]!.active = true;
  open.delete(5);
  expect(check()).toThrow("fd 5 is not open");
  open.set(5, { fd: 5 } as Descriptor);
  expect(check()).toThrow("fd 5 is not open");
});
