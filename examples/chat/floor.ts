/** What all parts of the room share: who is here, what was said, and how to tell it. */
import type { Action, Tell } from "./actions.ts";
import type { RateLimiter } from "./conduct.ts";
import { History, type HistoryLimits } from "./history.ts";
import type { Moment } from "./moment.ts";
import { Roster, type Person } from "./roster.ts";
import { Standings } from "./standings.ts";
import type { RoomCounts, Texts, Usage } from "./texts.ts";

export interface RoomOptions<M> {
  readonly texts: Texts;
  /** Code points. */
  readonly maxNameLength: number;
  /** How often a newcomer may give a name that is refused. */
  readonly maxNameTries: number;
  /** Those without a name yet count too. */
  readonly maxMembers: number;
  /** For who speaks too fast, in spite of a warning. */
  readonly muteMs: number;
  /** What a limiter allows: the number that members are told. */
  readonly linesPerSecond: number;
  /** One for each member; null: no limit. */
  limiter(): RateLimiter | null;
  readonly history: HistoryLimits;
  /** Where a member comes from, for the administrator. */
  where(member: M): string;
  /** What those have in common who come from one machine, or null if that cannot be told. */
  address(member: M): string | null;
}

export class Floor<M> {
  readonly options: RoomOptions<M>;
  readonly texts: Texts;
  readonly roster = new Roster<M>();
  readonly history: History;
  readonly standings = new Standings();
  joins = 0;
  messages = 0;
  mutes = 0;

  constructor(options: RoomOptions<M>) {
    this.options = options;
    this.texts = options.texts;
    this.history = new History(options.history);
  }

  answer(member: M, ...texts: readonly string[]): Action<M>[] {
    return texts.map((text) => ({ kind: "tell", to: [member], from: null, text }));
  }

  /** Tells a member what was said last. */
  recall(member: M, lines: number): Action<M>[] {
    const past = this.history.last(lines);
    return past.map((text) => ({ kind: "tell", to: [member], from: null, text, past: true }));
  }

  /** To all who have joined, but `from`; and to the administrator's transcript. */
  announce(text: string, from: M | null): Action<M>[] {
    return this.#tellAll({ kind: "tell", to: this.roster.everyone, from, text });
  }

  #tellAll(tell: Tell<M>): Action<M>[] {
    return [tell, { kind: "console", text: tell.text, transcript: true }];
  }

  /** Announces what somebody said, and keeps it. */
  say(text: string, from: M | null, { minuteOfDay }: Moment): Action<M>[] {
    this.messages++;
    this.history.add(text, minuteOfDay);
    return this.#tellAll({ kind: "tell", to: this.roster.everyone, from, text, speech: true });
  }

  /** A member is gone, and its name is free. The others are told, if it had joined. */
  depart(person: Person<M>, { ms }: Moment): Action<M>[] {
    const { member, name, conduct } = person;
    this.roster.remove(person);
    if (name === null) return [];
    this.standings.keep({ name, address: this.options.address(member) }, conduct.standing, ms);
    return this.announce(this.texts.left(name), null);
  }

  /** Disconnects a member, with a last line to it. */
  dismiss(person: Person<M>, text: string, now: Moment): Action<M>[] {
    const { member } = person;
    const departed = this.depart(person, now);
    return [...this.answer(member, text), { kind: "disconnect", member }, ...departed];
  }

  counts(): RoomCounts {
    const { joins, messages, mutes, roster, history } = this;
    const members = roster.joined.size;
    return {
      ...{ joins, messages, mutes, members, nameless: roster.size - members },
      ...{ historyLines: history.lines, historyBytes: history.bytes },
    };
  }
}

/** The lines that `/help` answers. */
export function helpLines(commands: Readonly<Record<string, Usage>>, below: string): string[] {
  const usages = Object.values(commands);
  const width = Math.max(...usages.map(([written]) => written.length));
  return [...usages.map(([written, does]) => `${written.padEnd(width)}  ${does}`), below];
}

/** Rounded up: nobody is told of 0 seconds who must wait. */
export function wholeSeconds(ms: number): number {
  return Math.ceil(ms / 1000);
}
