/** A room whose members are strings, and what they were told. */
import type { Action } from "../../examples/chat/actions.ts";
import type { Moment } from "../../examples/chat/moment.ts";
import { Room, type RoomOptions } from "../../examples/chat/room.ts";
import { LOCALES } from "../../examples/chat/texts.ts";

export type Options = Partial<RoomOptions<string>>;

export const OPTIONS: RoomOptions<string> = {
  texts: LOCALES.en,
  maxNameLength: 32,
  maxNameTries: 1000,
  maxMembers: 1000,
  muteMs: 30_000,
  linesPerSecond: 5,
  limiter: () => null,
  history: { maxLines: 100, maxBytes: 10_000 },
  where: (member) => `at ${member}`,
  address: () => null,
};

export class Audience {
  readonly room: Room<string>;
  /** All actions so far but what was told. */
  readonly others: Action<string>[] = [];
  now: Moment = { ms: 0, minuteOfDay: 14 * 60 + 5 };
  readonly #told = new Map<string, string[]>();

  constructor(options: Options = {}) {
    this.room = new Room({ ...OPTIONS, ...options });
  }

  carry(actions: readonly Action<string>[]): void {
    this.room.assertInvariants();
    for (const action of actions) {
      if (action.kind !== "tell") this.others.push(action);
      else for (const to of action.to) if (to !== action.from) this.#hear(to, action.text);
    }
  }

  #hear(member: string, text: string): void {
    const texts = this.#told.get(member);
    if (texts === undefined) this.#told.set(member, [text]);
    else texts.push(text);
  }

  enter(member: string): void {
    this.carry(this.room.enter(member));
  }

  hear(member: string, text: string): void {
    this.carry(this.room.hear(member, { kind: "line", text }, this.now));
  }

  join(member: string, name: string): void {
    this.enter(member);
    this.hear(member, name);
  }

  leave(member: string): void {
    this.carry(this.room.leave(member, this.now));
  }

  admin(line: string): void {
    this.carry(this.room.administrator(line, this.now));
  }

  /** Moves the time. */
  wait(ms: number): void {
    this.now = { ...this.now, ms: this.now.ms + ms };
  }

  /** What `member` was told since it was last asked. */
  news(member: string): string[] {
    const texts = this.#told.get(member) ?? [];
    this.#told.delete(member);
    return texts;
  }

  /** What `member` says, in one line, and what it is told for it. */
  answer(member: string, line: string): string[] {
    this.news(member);
    this.hear(member, line);
    return this.news(member);
  }

  /** Whoever was told something since it was last asked. */
  get hearers(): string[] {
    return [...this.#told.keys()].sort();
  }

  forget(): void {
    this.#told.clear();
    this.others.length = 0;
  }

  /** What the administrator is answered for a line; its transcript is left out. */
  console(line: string): string[] {
    this.others.length = 0;
    this.admin(line);
    return this.answers;
  }

  get answers(): string[] {
    const lines = this.others.filter((action) => action.kind === "console");
    return lines.filter(({ transcript }) => !transcript).map(({ text }) => text);
  }

  get transcript(): string[] {
    const lines = this.others.filter((action) => action.kind === "console");
    return lines.filter(({ transcript }) => transcript).map(({ text }) => text);
  }

  /** Who was disconnected since it was last asked. */
  get disconnected(): string[] {
    const all = this.others.filter((action) => action.kind === "disconnect");
    return all.map(({ member }) => member);
  }
}
