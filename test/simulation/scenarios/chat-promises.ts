/** What the room promises its members, checked against what each of them heard. */
import assert from "node:assert/strict";

import { Chronicle, type Visit } from "./chat-chronicle.ts";
import { isAnswer, ownerOf, publicLine } from "./chat-lines.ts";
import type { Member } from "./chat-member.ts";

/** What a member heard that went to all, from its welcome on. */
interface Heard {
  readonly member: Member;
  /** The name that it was greeted with. */
  readonly name: string;
  readonly lines: readonly string[];
  /** Lines that were left out for it, as it was told. */
  readonly dropped: number;
}

export function checkPromises(
  members: readonly Member[],
  transcript: readonly string[],
  drops: boolean,
): void {
  const chronicle = new Chronicle(transcript);
  const heard = members.map(hear).filter((one) => one !== null);
  for (const one of heard) {
    checkOwnEars(one);
    checkOrder(one, chronicle, drops);
  }
  if (!drops) {
    for (const [i, a] of heard.entries()) for (const b of heard.slice(0, i)) checkOverlap(a, b);
  }
}

/** Null: it was never greeted. Throws for a line that the room does not say. */
function hear(member: Member): Heard | null {
  const { lines } = member.heard();
  const started = lines.findIndex((line) => line.startsWith("Hello "));
  for (const [i, line] of lines.entries()) {
    const known = isAnswer(line) || (started >= 0 && i > started && publicLine(line) !== null);
    assert.ok(known, `member ${member.id} heard ${JSON.stringify(line)}`);
  }
  if (started < 0) return null;
  const name = /^Hello (\S+)\./.exec(lines[started]!)![1]!;
  const since = lines.slice(started + 1);
  const dropped = since.map((line) => Number(/^You read too slowly: (\d+)/.exec(line)?.[1] ?? 0));
  return {
    member,
    name,
    lines: since.filter((line) => publicLine(line) !== null),
    dropped: dropped.reduce((sum, count) => sum + count, 0),
  };
}

/** None twice, and none of its own. */
function checkOwnEars({ member, lines }: Heard): void {
  const marks = new Set<string>();
  for (const text of lines) {
    const line = publicLine(text)!;
    if (line.kind !== "said") continue;
    const { mark } = line;
    assert.ok(!marks.has(mark), `member ${member.id} heard ${mark} twice`);
    assert.notEqual(ownerOf(mark), member.id, `member ${member.id} heard its own ${mark}`);
    marks.add(mark);
  }
}

/** It heard what the others heard, from when it joined until it left or was cut off. */
function checkOrder(heard: Heard, chronicle: Chronicle, drops: boolean): void {
  const visits = chronicle.visitsOf(heard.member.id, heard.name);
  assert.ok(visits.length > 0, `member ${heard.member.id} was greeted, and never joined`);
  const problems = visits.map((visit) => problemOf(heard, visit, chronicle, drops));
  assert.ok(problems.includes(null), problems[0] ?? "");
}

function problemOf(
  { member, lines, dropped }: Heard,
  visit: Visit,
  chronicle: Chronicle,
  drops: boolean,
): string | null {
  const told = chronicle.toldTo(visit);
  const whole = member.farewell !== null;
  let place = 0;
  for (const line of lines) {
    const next = drops ? told.indexOf(line, place) : place;
    if (next < 0 || told[next] !== line) {
      return `member ${member.id} heard ${JSON.stringify(line)}, not ${JSON.stringify(told[place])}`;
    }
    place = next + 1;
  }
  const missed = told.length - lines.length;
  if (!whole || missed <= dropped) return null;
  return `member ${member.id} was told ${JSON.stringify(member.farewell)}, and missed ${missed} lines of ${told.length}, as ${JSON.stringify(told[place])}`;
}

/** Between two lines that both heard, both heard the same. */
function checkOverlap(a: Heard, b: Heard): void {
  const own = (text: string): boolean => {
    const line = publicLine(text)!;
    const owners =
      line.kind === "said"
        ? [ownerOf(line.mark)]
        : line.kind === "renamed"
          ? [ownerOf(line.name), ownerOf(line.after)]
          : [];
    return owners.includes(a.member.id) || owners.includes(b.member.id);
  };
  const [ofA, ofB] = [a, b].map(({ lines }) => lines.filter((line) => !own(line)));
  const isMark = (line: string): boolean => publicLine(line)!.kind === "said";
  const inB = new Set(ofB);
  const common = ofA!.filter((line) => isMark(line) && inB.has(line));
  const [first, last] = [common[0], common.at(-1)];
  if (first === undefined || last === undefined) return;
  const between = (lines: string[]): string[] =>
    lines.slice(lines.indexOf(first), lines.lastIndexOf(last) + 1);
  assert.deepEqual(
    between(ofA!),
    between(ofB!),
    `members ${a.member.id} and ${b.member.id} heard the same`,
  );
}
