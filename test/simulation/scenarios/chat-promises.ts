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
  type Listener,
} from "./chat-hearing.ts";
import type { Member } from "./chat-member.ts";
import type { SimulatedRoom } from "./chat-room.ts";

/** The last words that a member hears from a room that goes on. */
const ENDING = "The chat is ending. Goodbye.";

export class Promises {
  readonly #world: Simulation;
  readonly #room: SimulatedRoom;
  readonly #members: readonly Member[];
  /** With clients of the room's own. */
  readonly #guests: readonly Listener[];
  readonly #chronicle: Chronicle;
  readonly #drops: boolean;

  constructor(
    world: Simulation,
    room: SimulatedRoom,
    members: readonly Member[],
    guests: readonly Listener[],
  ) {
    this.#world = world;
    this.#guests = guests;
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
    const hearings = [...this.#members, ...this.#guests].map(hear).filter((one) => one !== null);
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
    // A Unix path knows no reset: there its line has an end.
    if (unfinished !== null && leaving === "reset" && member.address.family !== "unix") {
      assert.ok(!marks.has(unfinished), `${unfinished} had no end, and was said`);
    }
    const free =
      !this.#drops && this.#room.settings.linesPerSecond === 0 && !this.#wasMuted(member);
    const inOrder = member.farewell === (leaving === "quit" ? "Goodbye." : null);
    if (!free || !inOrder || (leaving !== "quit" && leaving !== "end")) return;
    if (!socket.ended || socket.error !== null || this.#reasonFor(member) !== null) return;
    const missing = said.filter((mark) => !marks.has(mark));
    assert.deepEqual(missing, [], `member ${id} left in order; what it said before was said`);
  }

  /** In this visit, or in one before it: then it was told when it came. */
  #wasMuted(member: Member): boolean {
    const names = this.#chronicle.visitsOf(member.id, null).flatMap((visit) => visit.names);
    const isMute = (line: string): boolean => names.some((name) => line.startsWith(`${name} is m`));
    return names.length === 0 || member.hasHeard(/^You are muted /m) || this.#room.log.some(isMute);
  }

  /** Who was cut off was cut off for a reason that the room reports, or by the network. */
  #checkEnd(member: Member): void {
    const { id, leaving, socket, farewell, stood, outlasted } = member;
    assert.ok(member.over || leaving !== null, `member ${id} stands, though the room is closed`);
    const alone = leaving !== null && leaving !== "quit";
    if (alone || farewell !== null || !stood) return;
    // From a room that closes a reset is no wonder; an end without a word is.
    const inOrder = socket.ended && socket.error === null;
    if ((outlasted || leaving === "quit") && !inOrder) return;
    // Goodbye may be left out too.
    if (this.#drops || this.#reasonFor(member) !== null || this.#brokenByNetwork(member)) return;
    const how = socket.error?.message ?? "it was ended";
    assert.fail(`member ${id} was cut off (${how}): why?`);
  }

  /** Whether the network has done it, as far as the room can know. */
  #brokenByNetwork({ address }: Member): boolean {
    const { reset, acceptFailure, loseOnReset } = this.#world.faults;
    const ends = this.#room.endsOf(formatAddress(address));
    // The room has seen it break too.
    if (reset > 0 && ends.includes("ECONNRESET")) return true;
    // It broke after the room had said its last words, or these were lost with what was on its way.
    if (reset + loseOnReset > 0 && ends.includes(null)) return true;
    // It was lost before it came to the room.
    return acceptFailure > 0 && ends.length === 0;
  }

  /** What the room says of its end; null: nothing. */
  #reasonFor({ id, address }: Member): string | null {
    const removed = this.#chronicle.entries.find(
      ({ line, by }) => line.kind === "removed" && [id, null].includes(by!.member),
    );
    if (removed !== undefined) return removed.text;
    const where = formatAddress(address);
    const isReason = (line: string): boolean =>
      (line.includes(`(${where}) was disconnected: `) || line.startsWith(`${where} `)) &&
      / was disconnected: | was turned away: | did not take its last /.test(line);
    return this.#room.log.find(isReason) ?? null;
  }
}
