/** What happened in the room, in its order: the transcript that the room itself shows. */
import assert from "node:assert/strict";

import { ownerOf, publicLine, type PublicLine } from "./chat-lines.ts";

/** The stay of somebody who joined. */
export interface Visit {
  /** The place of "joined" in the transcript. */
  readonly from: number;
  /** The names that it had, from the one with which it joined. */
  readonly names: string[];
  /** Who was there when it joined. */
  readonly others: readonly string[];
  /** The place of "left"; null: it was there at the end. */
  to: number | null;
  /** Which member that was; null: its names and lines do not tell. */
  member: number | null;
}

/** A line of the transcript, and whom it does not go to: whose doing it is, or who was removed. */
export interface Entry {
  readonly text: string;
  readonly line: PublicLine;
  readonly by: Visit | null;
}

export class Chronicle {
  readonly entries: Entry[] = [];
  readonly visits: Visit[] = [];
  /** By name. */
  readonly #present = new Map<string, Visit>();
  readonly #marks = new Set<string>();
  /** The number of the last line of each member. */
  readonly #lastMark = new Map<number, number>();

  /** Throws if this cannot have happened. */
  constructor(transcript: readonly string[]) {
    for (const text of transcript) {
      const line = publicLine(text);
      assert.ok(line !== null, `the transcript has ${JSON.stringify(text)}`);
      this.entries.push({ text, line, by: this.#happens(line, text) });
    }
  }

  /** The visits that may be this member's, which joined under `name`. */
  visitsOf(member: number, name: string | null): Visit[] {
    const known = this.visits.filter((visit) => visit.member === member);
    if (known.length > 0 || name === null) return known;
    return this.visits.filter((visit) => visit.member === null && visit.names[0] === name);
  }

  /** What is told to who stays from `from` to its end: all, but its own doings. */
  toldTo(visit: Visit): string[] {
    const told = this.entries.slice(visit.from + 1, visit.to ?? undefined);
    return told.filter(({ by }) => by !== visit).map(({ text }) => text);
  }

  /** Every line that was said, by its mark. */
  get marks(): ReadonlySet<string> {
    return this.#marks;
  }

  #happens(line: PublicLine, text: string): Visit | null {
    switch (line.kind) {
      case "said":
        return this.#said(line.name, line.mark, text);
      case "joined":
        return this.#joined(line.name);
      case "left": {
        const visit = this.#here(line.name, text);
        visit.to = this.entries.length;
        this.#present.delete(line.name.toLowerCase());
        return visit;
      }
      case "removed":
        return this.#here(line.name, text);
      case "renamed": {
        const visit = this.#here(line.name, text);
        this.#present.delete(line.name.toLowerCase());
        this.#free(line.after, text);
        this.#present.set(line.after.toLowerCase(), visit);
        visit.names.push(line.after);
        this.#is(visit, line.after);
        return visit;
      }
    }
  }

  #joined(name: string): Visit {
    this.#free(name, `${name} joined`);
    const from = this.entries.length;
    const others = Array.from(this.#present.values(), ({ names }) => names.at(-1)!);
    const visit: Visit = { from, names: [name], others, to: null, member: null };
    this.visits.push(visit);
    this.#present.set(name.toLowerCase(), visit);
    this.#is(visit, name);
    return visit;
  }

  #said(name: string, mark: string, text: string): Visit | null {
    assert.ok(!this.#marks.has(mark), `${mark} was said twice`);
    this.#marks.add(mark);
    const [, member, number] = /^m(\d+):(\d+)$/.exec(mark)!;
    const last = this.#lastMark.get(Number(member)) ?? -1;
    assert.ok(Number(number) > last, `${mark} was said after m${member!}:${last}`);
    this.#lastMark.set(Number(member), Number(number));
    if (name === "admin") return null;
    const visit = this.#here(name, text);
    this.#is(visit, mark);
    return visit;
  }

  /** One member is behind all names and marks of a visit. */
  #is(visit: Visit, markOrName: string): void {
    const owner = ownerOf(markOrName);
    if (owner === null) return;
    visit.member ??= owner;
    assert.equal(visit.member, owner, `${markOrName} is another member's`);
  }

  #here(name: string, text: string): Visit {
    const visit = this.#present.get(name.toLowerCase());
    assert.ok(visit !== undefined, `${JSON.stringify(text)}, but nobody of that name is there`);
    return visit;
  }

  #free(name: string, text: string): void {
    assert.ok(!this.#present.has(name.toLowerCase()), `${text}, but that name is taken`);
  }
}
