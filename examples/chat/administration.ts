/** What the administrator's lines do. */
import type { Action } from "./actions.ts";
import { parseAdminLine } from "./admin-commands.ts";
import { helpLines, wholeSeconds, type Floor } from "./floor.ts";
import type { Moment } from "./moment.ts";
import type { Named } from "./roster.ts";

export class Administration<M> {
  readonly #floor: Floor<M>;

  constructor(floor: Floor<M>) {
    this.#floor = floor;
  }

  hear(line: string, now: Moment): Action<M>[] {
    if (line.trim() === "") return [];
    const { texts } = this.#floor;
    const command = parseAdminLine(line);
    switch (command.kind) {
      case "say":
        return this.#say(command.text, now);
      case "who":
        return this.#who(now);
      case "kick":
        return this.#with(command.name, (person) => this.#kick(person, now));
      case "mute":
        return this.#with(command.name, (person) => this.#mute(person, command.seconds, now));
      case "explain":
        return this.#with(command.name, ({ member, name }) => [{ kind: "explain", member, name }]);
      case "stats":
        return [...this.#answer(texts.counts(this.#floor.counts())), { kind: "stats" }];
      case "shutdown":
        return this.#shutdown(command.seconds);
      case "help":
        return this.#answer(...helpLines(texts.adminCommands, texts.adminHelp));
      case "misused":
        return this.#answer(texts.misused(texts.adminCommands[command.command]));
      case "unknown":
        return this.#answer(texts.unknownCommand(command.command));
    }
  }

  #answer(...texts: readonly string[]): Action<M>[] {
    return texts.map((text) => ({ kind: "console", text, transcript: false }));
  }

  #with(name: string, act: (person: Named<M>) => Action<M>[]): Action<M>[] {
    const person = this.#floor.roster.find(name);
    return person === undefined ? this.#answer(this.#floor.texts.nobodyCalled(name)) : act(person);
  }

  /** The administrator sees on its terminal what it typed: no transcript. */
  #say(message: string, now: Moment): Action<M>[] {
    const { texts, roster } = this.#floor;
    const said = this.#floor.say(texts.admin(message), null, now);
    const tell = said.filter(({ kind }) => kind === "tell");
    return roster.joined.size === 0 ? [...tell, ...this.#answer(texts.nobodyHere)] : tell;
  }

  #who({ ms }: Moment): Action<M>[] {
    const { texts, roster, options } = this.#floor;
    const lines = Array.from(roster.joined, ({ name, member, conduct }) =>
      texts.person(name, options.where(member), wholeSeconds(conduct.mutedMs(ms))),
    );
    const nameless = roster.size - roster.joined.size;
    if (nameless > 0) lines.push(texts.nameless(nameless));
    return this.#answer(...(lines.length === 0 ? [texts.nobodyHere] : lines));
  }

  #kick(person: Named<M>, now: Moment): Action<M>[] {
    const { texts } = this.#floor;
    const dismissed = this.#floor.dismiss(person, texts.removedYou, now);
    return [...this.#floor.announce(texts.removed(person.name), null), ...dismissed];
  }

  #mute({ member, name, conduct }: Named<M>, seconds: number, now: Moment): Action<M>[] {
    const { texts } = this.#floor;
    conduct.mute(seconds * 1000, now.ms);
    if (seconds > 0) this.#floor.mutes++;
    const [toMember, toAdmin] =
      seconds === 0
        ? [texts.unmutedYou, texts.unmuted(name)]
        : [texts.mutedYou(seconds), texts.muted(name, seconds)];
    return [...this.#floor.answer(member, toMember), ...this.#answer(toAdmin)];
  }

  #shutdown(seconds: number): Action<M>[] {
    const { texts, roster } = this.#floor;
    const shutdown = { kind: "shutdown", seconds } as const;
    // The end itself is told by whoever carries it out.
    if (seconds === 0) return [shutdown];
    return [
      { kind: "tell", to: roster.all, from: null, text: texts.ending(seconds) },
      ...this.#answer(texts.shutdown(seconds)),
      shutdown,
    ];
  }
}
