/** What a member heard: line by line what the room says, in an order in which it says it. */
import assert from "node:assert/strict";

import { isAnswer, ownerOf, publicLine } from "./chat-lines.ts";
import type { Member } from "./chat-member.ts";

/** What came from the greeting on. */
export interface Hearing {
  readonly member: Member;
  /** The name that it was greeted with. */
  readonly name: string;
  /** Those who are here already, as it was told; and how many of them were not named. */
  readonly others: readonly string[];
  readonly unnamed: number;
  /** What was said before it came, without the time. */
  readonly history: readonly string[];
  /** Whether anything follows the history: then it is all there. */
  readonly historyEnds: boolean;
  /** What went to all. */
  readonly lines: readonly string[];
  /** Lines that were left out for it, as it was told. */
  readonly dropped: number;
}

const WELCOME =
  /^Hello (\S+)\. (?:Nobody else is here yet|Also here: (.*?)(?: and (\d+) more)?)\.$/;
const HISTORY = "[10:05] ";

/** Null: it was never greeted. Throws for a line that the room does not say. */
export function hear(member: Member): Hearing | null {
  const { lines } = member.heard();
  const greeted = lines.findIndex((line) => WELCOME.test(line));
  for (const [i, line] of lines.entries()) {
    const known = isAnswer(line) || (greeted >= 0 && i > greeted && publicLine(line) !== null);
    assert.ok(known, `member ${member.id} heard ${JSON.stringify(line)}`);
  }
  if (greeted < 0) return null;
  const [, name, others, more] = WELCOME.exec(lines[greeted]!)!;
  const since = lines.slice(greeted + 1);
  const after = since.findIndex((line) => !line.startsWith(HISTORY));
  const dropped = since.map((line) => Number(/^You read too slowly: (\d+)/.exec(line)?.[1] ?? 0));
  return {
    member,
    name: name!,
    others: others?.split(", ") ?? [],
    unnamed: Number(more ?? 0),
    history: since
      .slice(0, after < 0 ? since.length : after)
      .map((line) => line.slice(HISTORY.length)),
    historyEnds: after >= 0,
    lines: since.filter((line) => publicLine(line) !== null),
    dropped: dropped.reduce((sum, count) => sum + count, 0),
  };
}

/** None twice, and none of its own. */
export function checkOwnEars({ member, lines }: Hearing): void {
  const marks = new Set<string>();
  for (const text of lines) {
    const line = publicLine(text)!;
    if (line.kind === "renamed") {
      const own = [line.name, line.after].some((name) => ownerOf(name) === member.id);
      assert.ok(!own, `member ${member.id} heard of itself: ${text}`);
    }
    if (line.kind !== "said") continue;
    const { mark } = line;
    assert.ok(!marks.has(mark), `member ${member.id} heard ${mark} twice`);
    assert.notEqual(ownerOf(mark), member.id, `member ${member.id} heard its own ${mark}`);
    marks.add(mark);
  }
}

/** Who joins was not there, who leaves was: each is announced once. Only if nothing is left out. */
export function checkComings({ member, others, unnamed, lines }: Hearing): void {
  const here = new Set(others.map((name) => name.toLowerCase()));
  const gone = new Set<string>();
  const comes = (name: string, text: string): void => {
    assert.ok(!here.has(name), `member ${member.id} heard ${JSON.stringify(text)} once more`);
    here.add(name);
    gone.delete(name);
  };
  const goes = (name: string, text: string): void => {
    const known = here.has(name) || (unnamed > 0 && !gone.has(name));
    assert.ok(known, `member ${member.id} heard ${JSON.stringify(text)} of nobody`);
    here.delete(name);
    gone.add(name);
  };
  for (const text of lines) {
    const line = publicLine(text)!;
    const name = line.name.toLowerCase();
    if (line.kind === "joined") comes(name, text);
    if (line.kind === "left" || line.kind === "renamed") goes(name, text);
    if (line.kind === "renamed") comes(line.after.toLowerCase(), text);
  }
}

/** Between two lines that both heard, both heard the same. */
export function checkOverlap(a: Hearing, b: Hearing): void {
  const [ofA, ofB] = [a, b].map(({ lines }) => lines.filter((line) => !isOf(line, a, b)));
  const inB = new Set(ofB);
  const common = ofA!.filter((line) => publicLine(line)!.kind === "said" && inB.has(line));
  const [first, last] = [common[0], common.at(-1)];
  if (first === undefined || last === undefined) return;
  const between = (lines: readonly string[]): readonly string[] =>
    lines.slice(lines.indexOf(first), lines.lastIndexOf(last) + 1);
  const both = `members ${a.member.id} and ${b.member.id} heard the same`;
  assert.deepEqual(between(ofA!), between(ofB!), both);
}

/** Whether a line is the doing of one of them. */
function isOf(text: string, ...hearings: readonly Hearing[]): boolean {
  const line = publicLine(text)!;
  const named = line.kind === "said" ? [line.mark] : [];
  if (line.kind === "renamed") named.push(line.name, line.after);
  return named.some((one) => hearings.some(({ member }) => ownerOf(one) === member.id));
}

const PRIVATE = /^\[private\] (to )?(\S+): (p\d+:\d+)$/;

/** Private lines are heard by one, and told again to who wrote them. */
export function checkPrivacy(members: readonly Member[]): void {
  const receivers = new Map<string, number>();
  for (const member of members) {
    for (const line of member.heard().lines) {
      const [, to, , mark] = PRIVATE.exec(line) ?? [];
      if (mark === undefined) continue;
      const sender = members.find(({ whispered }) => whispered.has(mark));
      assert.ok(sender !== undefined, `nobody wrote ${mark}`);
      if (to !== undefined) {
        assert.equal(member.id, sender.id, `${mark} is told again to who wrote it`);
        continue;
      }
      assert.ok(!receivers.has(mark), `${mark} came twice`);
      receivers.set(mark, member.id);
    }
  }
}
