/**
 * Every member sees the same events in the same order: all that happen while it is in the room, but
 * its own; each name belongs to one member at a time; and what is private is told to two only (H44).
 *
 * Random operations, with a seed that a failure prints: `SEED=n` replays it.
 */
import { expect, test } from "vitest";

import { Audience } from "./chat-audience.ts";

const RUNS = 200;
const STEPS = 150;
const MEMBERS = ["m0", "m1", "m2", "m3", "m4", "m5", "m6"];
const NAMES = ["ann", "Ann", "bob", "BOB", "张三", "Ann Lee", "admin"];

/** Marsaglia's xorshift32. */
function numbers(seed: number): (below: number) => number {
  let state = seed * 2654435761 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** What a member must see: events that were told to all while it was here, but its own. */
class Model {
  readonly names = new Map<string, string>();
  readonly expected = new Map<string, string[]>();

  happens(text: string, by: string | null): void {
    for (const member of this.names.keys()) {
      if (member !== by) this.expected.get(member)!.push(text);
    }
  }

  owner(name: string): string | undefined {
    const key = name.toLowerCase();
    return [...this.names].find(([, other]) => other.toLowerCase() === key)?.[0];
  }

  join(member: string, name: string): boolean {
    if (name === "admin" || this.owner(name) !== undefined) return false;
    this.expected.set(member, []);
    this.happens(`${name} joined the chat`, member);
    this.names.set(member, name);
    return true;
  }

  rename(member: string, name: string): void {
    const owner = this.owner(name);
    const before = this.names.get(member)!;
    if (name === "admin" || name === before || (owner ?? member) !== member) return;
    this.names.set(member, name);
    this.happens(`${before} is now called ${name}`, member);
  }

  leave(member: string): void {
    const name = this.names.get(member);
    this.names.delete(member);
    if (name !== undefined) this.happens(`${name} left the chat`, null);
  }

  kick(member: string): void {
    const name = this.names.get(member)!;
    this.names.delete(member);
    this.happens(`${name} was removed by the administrator`, null);
    this.happens(`${name} left the chat`, null);
  }
}

const PUBLIC = /says: \d|^admin: \d|^\* | (joined|left) the chat$| is now called | was removed by /;

function run(seed: number): void {
  const pick = numbers(seed);
  const chat = new Audience();
  const model = new Model();
  const present = new Set<string>();
  /** The events that a member saw since it joined. */
  const seen = new Map<string, string[]>();
  const collect = (): void => {
    for (const member of MEMBERS) {
      const events = chat.news(member).filter((text) => PUBLIC.test(text) && !text.startsWith("["));
      if (model.names.has(member)) seen.get(member)!.push(...events);
    }
  };
  const leave = (member: string): void => {
    present.delete(member);
    model.leave(member);
  };

  for (let step = 0; step < STEPS; step++) {
    const member = MEMBERS[pick(MEMBERS.length)]!;
    const name = NAMES[pick(NAMES.length)]!;
    const named = model.names.has(member);
    switch (pick(10)) {
      case 0:
        if (present.has(member)) break;
        present.add(member);
        chat.enter(member);
        break;
      case 1:
      case 2:
        if (!present.has(member) || named) break;
        if (model.join(member, name)) seen.set(member, []);
        chat.hear(member, name);
        break;
      case 3:
        chat.leave(member);
        leave(member);
        break;
      case 4:
        if (!named) break;
        model.rename(member, name);
        chat.hear(member, `/nick ${name}`);
        break;
      case 5:
        if (!named) break;
        leave(member);
        chat.hear(member, "/quit");
        break;
      case 6:
        if (named) model.happens(`* ${model.names.get(member)!} ${step}`, member);
        if (named) chat.hear(member, `/me ${step}`);
        break;
      case 7: {
        const owner = model.owner(name);
        chat.admin(`/kick ${name}`);
        if (owner === undefined) break;
        model.kick(owner);
        present.delete(owner);
        break;
      }
      case 8:
        model.happens(`admin: ${step}`, null);
        chat.admin(`${step}`);
        break;
      default:
        if (named) model.happens(`${model.names.get(member)!} says: ${step}`, member);
        if (named) chat.hear(member, `${step}`);
        if (named) chat.hear(member, `/msg "${name}" private`);
    }
    collect();
    for (const here of model.names.keys()) {
      expect(seen.get(here)).toEqual(model.expected.get(here));
      expect(chat.room.nameOf(here)).toBe(model.names.get(here));
    }
  }
}

const only = process.env.SEED;
const seeds = only === undefined ? Array.from({ length: RUNS }, (_, i) => i + 1) : [Number(only)];

test("every member sees the same order of the same events, whatever is done", () => {
  for (const seed of seeds) {
    try {
      run(seed);
    } catch (error) {
      throw new Error(`SEED=${seed}: ${(error as Error).message}`, { cause: error });
    }
  }
});
