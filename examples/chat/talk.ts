/** What the lines of those who have joined do. */
import type { Action } from "./actions.ts";
import { parseMemberLine, type MemberCommand } from "./commands.ts";
import type { Verdict } from "./conduct.ts";
import { helpLines, wholeSeconds, type Floor } from "./floor.ts";
import type { Moment } from "./moment.ts";
import { checkName } from "./name.ts";
import type { Named } from "./roster.ts";

/** Of those who are here, how many are told by name. */
export const NAMES_TOLD = 50;

export class Talk<M> {
  readonly #floor: Floor<M>;

  constructor(floor: Floor<M>) {
    this.#floor = floor;
  }

  hear(person: Named<M>, line: string, now: Moment): Action<M>[] {
    if (line.trim() === "") return [];
    const command = parseMemberLine(line);
    if (command.kind === "quit") return this.#obey(person, command, now);
    const verdict = person.conduct.line(now.ms);
    if (verdict === "pass") return this.#obey(person, command, now);
    if (verdict === "muted" && asks(command)) return this.#obey(person, command, now);
    return this.#reprove(person, verdict, now);
  }

  /** A line that cannot be read. It counts as one. */
  refuse(person: Named<M>, why: string, now: Moment): Action<M>[] {
    const verdict = person.conduct.line(now.ms);
    if (verdict === "pass") return this.#floor.answer(person.member, why);
    return this.#reprove(person, verdict, now);
  }

  #reprove(person: Named<M>, verdict: Exclude<Verdict, "pass">, { ms }: Moment): Action<M>[] {
    if (verdict === "ignore") return [];
    const { member, name, conduct } = person;
    const { texts, options } = this.#floor;
    if (verdict === "muted") {
      if (!conduct.remind(ms)) return [];
      return this.#floor.answer(member, texts.mutedLine(wholeSeconds(conduct.mutedMs(ms))));
    }
    const seconds = wholeSeconds(options.muteMs);
    if (verdict === "warn") {
      return this.#floor.answer(member, texts.tooFast(options.linesPerSecond, seconds));
    }
    this.#floor.mutes++;
    return [
      ...this.#floor.answer(member, texts.mutedForSpeed(options.linesPerSecond, seconds)),
      { kind: "console", text: texts.muted(name, seconds), transcript: false },
    ];
  }

  #obey(person: Named<M>, command: MemberCommand, now: Moment): Action<M>[] {
    const { texts, roster } = this.#floor;
    const { member, name } = person;
    const answer = (...lines: string[]): Action<M>[] => this.#floor.answer(member, ...lines);
    switch (command.kind) {
      case "say":
        return this.#floor.say(texts.says(name, command.text), member, now);
      case "me":
        return this.#floor.say(texts.does(name, command.text), member, now);
      case "msg":
        return this.#whisper(person, command.name, command.text);
      case "nick":
        return this.#rename(person, command.name);
      case "who": {
        const names = Array.from(roster.joined, (here) => here.name);
        return answer(texts.who(names.slice(0, NAMES_TOLD), names.length));
      }
      case "history": {
        const past = this.#floor.recall(member, command.lines);
        return past.length === 0 ? answer(texts.noHistory) : past;
      }
      case "help":
        return answer(...helpLines(texts.memberCommands, texts.memberHelp));
      case "quit":
        return this.#floor.dismiss(person, texts.goodbye, now);
      case "misused":
        return answer(texts.misused(texts.memberCommands[command.command]));
      case "unknown":
        return answer(texts.unknownCommand(command.command));
    }
  }

  #whisper({ member, name }: Named<M>, to: string, text: string): Action<M>[] {
    const { texts, roster, options } = this.#floor;
    const { name: checked } = checkName(to, options.maxNameLength);
    const receiver = checked === null ? undefined : roster.find(checked);
    if (receiver === undefined) return this.#floor.answer(member, texts.nobodyCalled(to));
    return [
      {
        kind: "tell",
        to: [receiver.member],
        from: receiver.member === member ? null : member,
        text: texts.whispered(name, text),
      },
      ...this.#floor.answer(member, texts.whisperSent(receiver.name, text)),
    ];
  }

  #rename(person: Named<M>, wanted: string): Action<M>[] {
    const { texts, roster, options } = this.#floor;
    const { member, name: before } = person;
    const { name, problem } = checkName(wanted, options.maxNameLength);
    if (problem !== null) {
      return this.#floor.answer(member, texts.nameRefused(problem, options.maxNameLength));
    }
    const owner = roster.find(name);
    if (owner !== undefined && owner !== person) {
      return this.#floor.answer(member, texts.nameTaken(name));
    }
    if (name === before) return this.#floor.answer(member, texts.youAre(name));
    roster.name(person, name);
    return [
      ...this.#floor.answer(member, texts.youAre(name)),
      ...this.#floor.announce(texts.renamed(before, name), member),
    ];
  }
}

/** Commands that nobody else hears. */
function asks({ kind }: MemberCommand): boolean {
  return kind !== "say" && kind !== "me" && kind !== "msg" && kind !== "nick";
}
