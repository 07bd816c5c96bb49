import fc from "fast-check";
import { expect, it } from "vitest";

import { ReadySet, type ReadyMember } from "../../src/ready-set.ts";

interface Member extends ReadyMember {
  readonly name: number;
}

function members(count: number): Member[] {
  return Array.from({ length: count }, (_, name) => ({ name, listed: false }));
}

const names = (list: readonly Member[]): number[] => list.map(({ name }) => name);

it("members are listed once, in the order in which they came", () => {
  const set = new ReadySet<Member>();
  const [a, b] = members(2);
  for (const each of [b!, a!, b!, a!]) set.add(each);
  expect(set.size).toBe(2);
  expect(names(set.steal())).toEqual([1, 0]);
  expect(set.size).toBe(0);
});

it("after steal the set is empty, and what is added is for the next time", () => {
  const set = new ReadySet<Member>();
  const [a, b] = members(2);
  set.add(a!);
  const stolen = set.steal();
  set.add(a!); // still listed: it keeps its place
  set.add(b!);
  expect(names(stolen)).toEqual([0]);
  stolen[0]!.listed = false;
  set.add(a!);
  set.giveBack(stolen, 0, 1);
  expect(names(set.steal())).toEqual([1, 0]);
});

it("what was not looked at goes first, then what was added meanwhile: any turns, any rotation", () => {
  const turn = fc.record({
    add: fc.array(fc.nat({ max: 9 })),
    during: fc.array(fc.nat({ max: 9 })),
    first: fc.nat(),
    most: fc.nat({ max: 12 }),
  });
  fc.assert(
    fc.property(fc.array(turn, { maxLength: 12 }), (turns) => {
      const all = members(10);
      const set = new ReadySet<Member>();
      let model: number[] = [];
      const add = (name: number): void => {
        set.add(all[name]!);
        if (!model.includes(name)) model.push(name);
      };
      for (const { add: before, during, first, most } of turns) {
        before.forEach(add);
        set.assertInvariants();
        const stolen = set.steal();
        expect(names(stolen)).toEqual(model);
        const start = stolen.length === 0 ? 0 : first % stolen.length;
        const rotated = [...model.slice(start), ...model.slice(0, start)];
        const done = Math.min(most, stolen.length);
        const left = rotated.slice(done);
        for (const name of rotated.slice(0, done)) all[name]!.listed = false;
        // Those that were looked at may be added again; those left over keep their place.
        model = [];
        for (const name of during) {
          set.add(all[name]!);
          if (!left.includes(name) && !model.includes(name)) model.push(name);
        }
        set.giveBack(stolen, start, done);
        model = [...left, ...model];
        set.assertInvariants();
        expect(set.size).toBe(model.length);
      }
      expect(names(set.steal())).toEqual(model);
    }),
  );
});

it("assertInvariants sees a member that is not listed", () => {
  const set = new ReadySet<Member>();
  const [a] = members(1);
  set.add(a!);
  a!.listed = false;
  expect(() => {
    set.assertInvariants();
  }).toThrow("ReadySet: not listed");
  set.add(a!);
  expect(() => {
    set.assertInvariants();
  }).toThrow("ReadySet: twice");
});
