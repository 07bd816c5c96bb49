/**
 * The room: who is here, and who is told what.
 *
 * It knows no sockets and no clock. A member is whatever the caller takes for one; what happens is
 * answered as actions, in the order in which everybody is to see them. A name is free again the
 * moment its member has left, so in that order "left" always stands before the next "joined".
 *
 * What is told has no limit but that of each line. Whoever carries it must bound what waits for a
 * member, and must say that a member has left (`leave`) who does not take it.
 */
import type { Action } from "./actions.ts";
import { Administration } from "./administration.ts";
import { HISTORY_LINES_TOLD, splitCommand } from "./commands.ts";
import { Conduct } from "./conduct.ts";
import { Floor, helpLines, wholeSeconds, type RoomOptions } from "./floor.ts";
import type { Moment } from "./moment.ts";
import { checkName } from "./name.ts";
import type { LineEvent } from "./protocol.ts";
import type { Named, Person } from "./roster.ts";
import { NAMES_TOLD, Talk } from "./talk.ts";
import type { RoomCounts } from "./texts.ts";

export type { RoomOptions } from "./floor.ts";

/** Of those who are here, how many a newcomer is told by name. */
const NAMES_IN_WELCOME = 10;

/** What the room adds at most to a line that it carries, in bytes. Lines of its own are shorter. */
export function maxAddedBytes(maxNameLength: number): number {
  return 4 * maxNameLength * (NAMES_TOLD + 2) + 512;
}

export class Room<M> {
  readonly #floor: Floor<M>;
  readonly #talk: Talk<M>;
  readonly #administration: Administration<M>;
  #ended = false;

  constructor(options: RoomOptions<M>) {
    this.#floor = new Floor(options);
    this.#talk = new Talk(this.#floor);
    this.#administration = new Administration(this.#floor);
  }

  /** Null for who has not joined, or not any more. */
  nameOf(member: M): string | null {
    return this.#floor.roster.get(member)?.name ?? null;
  }

  get counts(): RoomCounts {
    return this.#floor.counts();
  }

  /** Somebody came, and is asked for a name. Who finds no place is disconnected. */
  enter(member: M): Action<M>[] {
    const why = this.#noPlace();
    if (why !== null) return this.#turnAway(member, why);
    this.#add(member);
    return this.#floor.answer(member, this.#floor.texts.askName);
  }

  /**
   * Somebody came who has said a name already, and joins. Who finds no place, or has no name for
   * here, is not in the room: the answer is why.
   */
  enterAs(member: M, wanted: LineEvent, now: Moment): Action<M>[] | string {
    const why = this.#noPlace();
    if (why !== null) return why;
    if (wanted.kind === "refused") return this.#lineRefusal(wanted);
    const { name, refusal } = this.#nameFor(wanted.text);
    return refusal ?? this.#join(this.#add(member), name, now);
  }

  /** A line came from a member, or was refused. From who is not here it is nothing. */
  hear(member: M, event: LineEvent, now: Moment): Action<M>[] {
    const person = this.#floor.roster.get(member);
    if (person === undefined || this.#ended) return [];
    if (!hasName(person)) return this.#hearNameless(person, event, now);
    if (event.kind === "line") return this.#talk.hear(person, event.text, now);
    return this.#talk.refuse(person, this.#lineRefusal(event), now);
  }

  /** A member is gone. The others are told once, and only of who had joined; not at the end. */
  leave(member: M, now: Moment): Action<M>[] {
    const person = this.#floor.roster.get(member);
    if (person === undefined) return [];
    const departed = this.#floor.depart(person, now);
    return this.#ended ? [] : departed;
  }

  /** The administrator typed a line. */
  administrator(line: string, now: Moment): Action<M>[] {
    return this.#ended ? [] : this.#administration.hear(line, now);
  }

  /** The room closes, and everybody is told. Nothing that comes later changes anything. */
  end(): Action<M>[] {
    if (this.#ended) return [];
    this.#ended = true;
    const { roster, texts } = this.#floor;
    return [{ kind: "tell", to: roster.all, from: null, text: texts.ending(0) }];
  }

  assertInvariants(): void {
    this.#floor.roster.assertInvariants();
  }

  #noPlace(): string | null {
    const { roster, texts, options } = this.#floor;
    if (this.#ended) return texts.ending(0);
    return roster.size >= options.maxMembers ? texts.full(options.maxMembers) : null;
  }

  #add(member: M): Person<M> {
    const { roster, options } = this.#floor;
    return roster.add(member, new Conduct(options.limiter(), options.muteMs));
  }

  #turnAway(member: M, why: string): Action<M>[] {
    return [...this.#floor.answer(member, why), { kind: "disconnect", member }];
  }

  #hearNameless(person: Person<M>, event: LineEvent, now: Moment): Action<M>[] {
    if (event.kind === "refused") return this.#askAgain(person, this.#lineRefusal(event), now);
    const { command } = splitCommand(event.text);
    if (command === "quit") {
      return this.#floor.dismiss(person, this.#floor.texts.goodbye, now);
    }
    if (command === "help") return this.#help(person, now);
    const { name, refusal } = this.#nameFor(event.text);
    if (refusal !== null) return this.#askAgain(person, refusal, now);
    return this.#join(person, name, now);
  }

  #nameFor(wanted: string): FreeName {
    const { texts, roster, options } = this.#floor;
    const { name, problem } = checkName(wanted, options.maxNameLength);
    if (problem !== null) {
      return { name: null, refusal: texts.nameRefused(problem, options.maxNameLength) };
    }
    if (roster.find(name) !== undefined) return { name: null, refusal: texts.nameTaken(name) };
    return { name, refusal: null };
  }

  #join(person: Person<M>, name: string, now: Moment): Action<M>[] {
    const { texts, roster, standings, options } = this.#floor;
    const { member, conduct } = person;
    const others = Array.from(roster.joined, (here) => here.name);
    const welcome = texts.welcome(name, others.slice(0, NAMES_IN_WELCOME), others.length);
    const standing = standings.take({ name, address: options.address(member) }, now.ms);
    if (standing !== null) conduct.inherit(standing);
    const mutedMs = conduct.mutedMs(now.ms);
    const muted = mutedMs > 0 ? [texts.stillMuted(wholeSeconds(mutedMs))] : [];
    roster.name(person, name);
    this.#floor.joins++;
    return [
      { kind: "established", member },
      ...this.#floor.answer(member, welcome),
      ...this.#floor.recall(member, HISTORY_LINES_TOLD),
      ...this.#floor.answer(member, ...muted),
      ...this.#floor.announce(texts.joined(name), member),
    ];
  }

  /** Says why, in front of the question; too many tries are enough. */
  #askAgain(person: Person<M>, why: string, now: Moment): Action<M>[] {
    const { texts } = this.#floor;
    if (this.#triedEnough(person)) {
      return this.#floor.dismiss(person, `${why} ${texts.tooManyTries}`, now);
    }
    return this.#floor.answer(person.member, `${why} ${texts.askName}`);
  }

  #help(person: Person<M>, now: Moment): Action<M>[] {
    const { texts } = this.#floor;
    if (this.#triedEnough(person)) return this.#floor.dismiss(person, texts.tooManyTries, now);
    const help = helpLines(texts.memberCommands, texts.memberHelp);
    return this.#floor.answer(person.member, ...help, texts.askName);
  }

  #triedEnough(person: Person<M>): boolean {
    return ++person.nameTries >= this.#floor.options.maxNameTries;
  }

  #lineRefusal(event: LineEvent & { kind: "refused" }): string {
    const { texts } = this.#floor;
    return event.reason === "not-utf8" ? texts.lineNotUtf8 : texts.lineTooLong(event.maxBytes);
  }
}

type FreeName =
  | { readonly name: string; readonly refusal: null }
  | { readonly name: null; readonly refusal: string };

function hasName<M>(person: Person<M>): person is Named<M> {
  return person.name !== null;
}
