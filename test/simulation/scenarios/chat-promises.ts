/** What the room promises its members, checked against what each of them heard. */
import assert from "node:assert/strict";
import { formatAddress } from "iomux";
import type { Simulation } from "iomux/testing";

import { Chronicle, type Visit } from "./chat-chronicle.ts";
import {
  checkComings,
  checkOverlap,
  checkOwnEars,
  checkPrivacy,
  hear,
  type Hearing,
} from "./chat-hearing.ts";
import type { Member } from "./chat-member.ts";
import type { SimulatedRoom } from "./chat-room.ts";

/** The last words that a member hears from a room that goes on. */
const ENDING = "The chat is ending. Goodbye.";

export class Promises {
  readonly #world: Simulation;
  readonly #room: SimulatedRoom;
  readonly #members: readonly Member[];
  readonly #chronicle: Chronicle;
  readonly #drops: boolean;

  constructor(world: Simulation, room: SimulatedRoom, members: readonly Member[]) {
    this.#world = world;
    this.#room = room;
    this.#members = members;
    this.#chronicle = new Chronicle(room.transcript);
    this.#drops = room.settings.backlogPolicy.startsWith("drop-");
  }

  check(): void {
    const { joins, messages, members } = this.#room.counts;
    const { visits, marks } = this.#chronicle;
    const here = visits.filter(({ to }) => to === null).length;
    assert.deepEqual([joins, messages, members], [visits.length, marks.size, here], "the counts");
    const hearings = this.#members.map(hear).filter((one) => one !== null);
    for (const one of hearings) {
      checkOwnEars(one);
      if (!this.#drops) checkComings(one);
      this.#checkVisit(one);
    }
    if (!this.#drops) {
      for (const [i, a] of hearings.entries()) {
        for (const b of hearings.slice(0, i)) checkOverlap(a, b);
      }
    }
    checkPrivacy(this.#members);
    for (const member of this.#members) {
      this.#checkSaid(member);
      this.#checkEnd(member);
    }
  }

  /** It heard what the others heard, from when it joined until it left or was cut off. */
  #checkVisit(hearing: Hearing): void {
    const { id } = hearing.member;
    const visits = this.#chronicle.visitsOf(id, hearing.name);
    const problems = visits.map((visit) => this.#problemOf(hearing, visit));
    assert.ok(problems.length > 0, `member ${id} was greeted, and never joined`);
    assert.ok(problems.includes(null), `member ${id} ${problems[0] ?? ""}`);
  }

  #problemOf(hearing: Hearing, visit: Visit): string | null {
    const { member, lines } = hearing;
    const told = this.#chronicle.toldTo(visit);
    let place = 0;
    for (const line of lines) {
      const next = this.#drops ? told.indexOf(line, place) : place;
      if (next < 0 || told[next] !== line) {
        return `heard ${JSON.stringify(line)} where others heard ${JSON.stringify(told[place])}`;
      }
      place = next + 1;
    }
    const { farewell } = member;
    const missed = told.length - lines.length;
    if (farewell !== null && missed > this.#mayMiss(hearing)) {
      return `was told goodbye, and missed ${missed} of ${told.length} lines`;
    }
    const stayed = farewell === null || farewell === ENDING;
    if (!stayed && visit.to === null) return "was told goodbye, and the others not that it left";
    return this.#problemOfGreeting(hearing, visit);
  }

  #mayMiss({ dropped }: Hearing): number {
    // What tells of them may be left out itself, if it is among the oldest.
    const { backlogPolicy } = this.#room.settings;
    return backlogPolicy === "drop-oldest" ? this.#room.droppedLines : dropped;
  }

  #problemOfGreeting({ others, unnamed, history, historyEnds }: Hearing, visit: Visit) {
    const here = visit.others;
    if (others.length + unnamed !== here.length) return `was greeted by ${others.join(", ")}`;
    const known = others.every((name) => here.includes(name));
    if (!known) return `was told that ${others.join(", ")} are there`;
    if (this.#drops) return null;
    const kept = this.#historyAt(visit.from);
    const right = historyEnds ? kept.length === history.length : kept.length >= history.length;
    if (!right || history.some((line, i) => line !== kept[i])) {
      return `was told the history ${JSON.stringify(history)}, not ${JSON.stringify(kept)}`;
    }
    return null;
  }

  /** What a newcomer is told of what was said before. */
  #historyAt(place: number): string[] {
    const { historyLines, historyBytes } = this.#room.settings;
    const kept: string[] = [];
    let bytes = 0;
    for (const { text, line } of this.#chronicle.entries.slice(0, place).reverse()) {
      const size = "[10:05] ".length + text.length + 1;
      if (line.kind !== "said" || size > historyBytes) continue;
      bytes += size;
      if (bytes > historyBytes || kept.length === Math.min(historyLines, 20)) break;
      kept.unshift(text);
    }
    return kept;
  }

  /** What a member sent before it left in order was said, and nothing that must not be. */
  #checkSaid(member: Member): void {
    const { marks } = this.#chronicle;
    const { id, leaving, said, unfinished, unsayable, socket } = member;
    for (const mark of unsayable) assert.ok(!marks.has(mark), `${mark} was to be refused`);
    if (unfinished !== null && leaving === "reset") {
      assert.ok(!marks.has(unfinished), `${unfinished} had no end, and was said`);
    }
    const free = this.#room.settings.linesPerSecond === 0 && !this.#wasMuted(member);
    const inOrder = member.farewell === (leaving === "quit" ? "Goodbye." : null);
    if (!free || !inOrder || (leaving !== "quit" && leaving !== "end")) return;
    if (!socket.ended || socket.error !== null || this.#reasonFor(member) !== null) return;
    const missing = said.filter((mark) => !marks.has(mark));
    assert.deepEqual(missing, [], `member ${id} left in order; what it said before was said`);
  }

  #wasMuted({ id }: Member): boolean {
    const names = this.#chronicle.visitsOf(id, null).flatMap(({ names }) => names);
    const own = (line: string): boolean =>
      names.some((name) => line.startsWith(`${name} is muted`));
    return names.length === 0 || this.#room.log.some(own);
  }

  /** Who was cut off was cut off for a reason that the room reports, or by the network. */
  #checkEnd(member: Member): void {
    const { id, leaving, socket, farewell, stood, outlasted } = member;
    assert.ok(member.over || leaving !== null, `member ${id} stands, though the room is closed`);
    if (leaving !== null || farewell !== null || !stood || outlasted) return;
    const { reset, acceptFailure, loseOnReset } = this.#world.faults;
    if (reset > 0 || acceptFailure > 0 || loseOnReset > 0) return;
    const how = socket.error?.message ?? "it was ended";
    // Goodbye may be left out too.
    if (this.#drops) return;
    assert.ok(this.#reasonFor(member) !== null, `member ${id} was cut off (${how}): why?`);
  }

  /** What the room says of its end; null: nothing. */
  #reasonFor({ address }: Member): string | null {
    const where = formatAddress(address);
    const isReason = (line: string): boolean =>
      (line.includes(`(${where}) was disconnected: `) || line.startsWith(`${where} `)) &&
      / was disconnected: | was turned away: | did not take its last /.test(line);
    return this.#room.log.find(isReason) ?? null;
  }
}
